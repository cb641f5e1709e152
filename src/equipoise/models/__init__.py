# SPDX-License-Identifier: Apache-2.0
"""A model that is ready to be used, and its file."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
