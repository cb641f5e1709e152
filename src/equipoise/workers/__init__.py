# SPDX-License-Identifier: Apache-2.0
"""The fits of a trial in several processes, on one machine or on many."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
