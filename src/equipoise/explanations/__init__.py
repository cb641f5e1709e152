# SPDX-License-Identifier: Apache-2.0
"""Why a model says what it says: columns that matter, their effect, single rows."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
