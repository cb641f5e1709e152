# SPDX-License-Identifier: Apache-2.0
"""Contract checks for the pieces that you add, see docs/extending.md.

The pieces that come with Equipoise pass the same checks; its tests run each check on
every name. A check returns nothing, or raises `AssertionError` with what was promised
and what came out; what your code itself raises comes through.
"""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
