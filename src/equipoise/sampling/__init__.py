# SPDX-License-Identifier: Apache-2.0
"""Which examples are drawn into a batch: pure index draws."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
