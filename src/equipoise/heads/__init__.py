# SPDX-License-Identifier: Apache-2.0
"""Last layers of a network, trained many at a time on features that are kept."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
