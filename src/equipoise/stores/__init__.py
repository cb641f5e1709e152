# SPDX-License-Identifier: Apache-2.0
"""Rows that are larger than memory: written once, mapped when they are read."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
