# SPDX-License-Identifier: Apache-2.0
"""A ratio of weights that the user names."""

from __future__ import annotations

from equipoise._core.options import Setting
from equipoise.weights.scheme import Scheme


def fixed_ratio(
    negatives: int, positives: int, *, positive_weight: float = 1.0
) -> float:
    """Return `positive_weight`, whatever the counts.

    Source: Elkan (2001), "The foundations of cost-sensitive learning",
    theorem 1: weights are costs.

    Args:
        negatives: Not used.
        positives: Not used.
        positive_weight: How many negatives one positive counts for, above 0.

    Example:
        >>> fixed_ratio(900, 10, positive_weight=5.0)
        5.0
    """
    return float(positive_weight)


SCHEME = Scheme(
    name="fixed",
    ratio=fixed_ratio,
    phrase="{positive_weight:g} times as much as negatives",
    options={"positive_weight": Setting(1.0, low=0, open_ends=True)},
    citations=("elkan2001",),
)
