# SPDX-License-Identifier: Apache-2.0
"""What is done about the imbalance: records of names and numbers."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
