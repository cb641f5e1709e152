# SPDX-License-Identifier: Apache-2.0
"""Inverse frequency, but no more than a cap."""

from __future__ import annotations

from collections.abc import Sequence

from equipoise._core.options import Setting
from equipoise.weights.scheme import Scheme


def capped_ratios(totals: Sequence[float], *, cap: float = 10.0) -> list[float]:
    """Return n_0 / n_c, where no class counts more than `cap` times another.

    Keeps a handful of positives from ruling every gradient.

    Source: common practice; no canonical paper.

    Args:
        totals: `[classes]` the number of rows of each class, above 0.
        cap: The largest ratio of the weights, at least 1; 1 weighs nothing.

    Example:
        >>> capped_ratios([990, 10]), capped_ratios([990, 10], cap=200.0)
        ([1.0, 10.0], [1.0, 99.0])
    """
    most = max(totals)
    # Over the most frequent class no class counts more than the cap.
    first = max(totals[0] / most, 1 / cap)
    return [1.0, *(first * min(most / total, float(cap)) for total in totals[1:])]


CAPPED_SCHEME = Scheme(
    name="capped",
    ratios=capped_ratios,
    phrase="by inverse frequency, at most {cap:g} to 1",
    options={"cap": Setting(10.0, low=1)},
    limit=("cap", "balanced"),
)
