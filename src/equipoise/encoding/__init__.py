# SPDX-License-Identifier: Apache-2.0
"""From typed columns to the numbers that a model takes."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
