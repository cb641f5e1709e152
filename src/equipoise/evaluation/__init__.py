# SPDX-License-Identifier: Apache-2.0
"""What is known: every metric with its interval."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
