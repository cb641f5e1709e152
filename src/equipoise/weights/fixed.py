# SPDX-License-Identifier: Apache-2.0
"""A ratio of weights that the user names."""

from __future__ import annotations

from collections.abc import Sequence

from equipoise._core.checks import sentence
from equipoise._core.options import Setting
from equipoise.errors import InputError
from equipoise.weights.scheme import Scheme


def fixed_ratios(
    totals: Sequence[float], *, positive_weight: float = 1.0
) -> list[float]:
    """Return 1 and `positive_weight`, whatever the counts.

    Source: Elkan (2001), "The foundations of cost-sensitive learning",
    theorem 1: weights are costs.

    Args:
        totals: Of two classes; not used otherwise.
        positive_weight: How many negatives one positive counts for, above 0.

    Raises:
        InputError: There are more than two classes.

    Example:
        >>> fixed_ratios([900, 10], positive_weight=5.0)
        [1.0, 5.0]
    """
    if len(totals) != 2:
        raise InputError(
            sentence(f"weights='fixed' for {len(totals)} classes", "two classes")
        )
    return [1.0, float(positive_weight)]


FIXED_SCHEME = Scheme(
    name="fixed",
    ratios=fixed_ratios,
    phrase="{positive_weight:g} times as much as negatives",
    options={"positive_weight": Setting(1.0, low=0, open_ends=True)},
    citations=("elkan2001",),
)
