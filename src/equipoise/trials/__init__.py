# SPDX-License-Identifier: Apache-2.0
"""Every arm on the same splits, and what the trial can tell."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
