# SPDX-License-Identifier: Apache-2.0
"""How sure a number is: intervals, their inputs, and corrections for several tests."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
