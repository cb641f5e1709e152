# SPDX-License-Identifier: Apache-2.0
"""Contract checks for what you add: a loss, a sampler, a metric, a scheme, a strategy.

The project's own objects pass the same checks; its tests run each of them on every
name in the registries. A check returns nothing, or raises `AssertionError` with what
was promised and what was found; what your code itself raises comes through.
"""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
