# SPDX-License-Identifier: Apache-2.0
"""Trees, boosted and randomized."""
