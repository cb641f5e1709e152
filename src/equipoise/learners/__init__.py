# SPDX-License-Identifier: Apache-2.0
"""The arms of a trial, on the same folds."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
