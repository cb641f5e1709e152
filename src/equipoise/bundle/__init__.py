# SPDX-License-Identifier: Apache-2.0
"""The file of a model: plain numbers and texts, checked before they are read."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
