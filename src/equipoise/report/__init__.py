# SPDX-License-Identifier: Apache-2.0
"""From a plain-data summary to one standalone HTML file."""

from equipoise._core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
del attach
