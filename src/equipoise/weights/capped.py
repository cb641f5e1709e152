# SPDX-License-Identifier: Apache-2.0
"""Inverse frequency, but no more than a cap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from equipoise._core.checks import number
from equipoise._core.options import Setting
from equipoise.task import TASK_KINDS
from equipoise.weights.scheme import Scheme


def capped_ratios(
    totals: Sequence[float], *, cap: float = 10.0, most: float | None = None
) -> list[float]:
    """Return n_0 / n_c, where no class counts more than `cap` times another.

    Keeps a handful of positives from ruling every gradient.

    Source: common practice; no canonical paper.

    Args:
        totals: `[classes]` the number of rows of each class, above 0.
        cap: The largest ratio of the weights, at least 1; 1 weighs nothing.
        most: The cap in other words: the largest share that a class's weight has in
            the sum of its own and any other, so that cap = most / (1 - most).

    Example:
        >>> capped_ratios([990, 10]), capped_ratios([990, 10], cap=200.0)
        ([1.0, 10.0], [1.0, 99.0])
        >>> [round(ratio, 9) for ratio in capped_ratios([990, 10], most=0.9)]
        [1.0, 9.0]
    """
    limit = float(cap) if most is None else most / (1 - most)
    largest = max(totals)
    # Over the most frequent class no class counts more than the cap.
    first = max(totals[0] / largest, 1 / limit)
    return [1.0, *(first * min(largest / total, limit) for total in totals[1:])]


def _most(value: Any, classes: int, names: Sequence[str]) -> float:
    return number(value, "most", 0.5, math.nextafter(1, 0))


CAPPED_SCHEME = Scheme(
    name="capped",
    ratios=capped_ratios,
    tasks=TASK_KINDS,
    phrase="by inverse frequency, at most {cap:g} to 1",
    options={"cap": Setting(10.0, low=1)},
    arguments={"most": _most},
    limit=("cap", "balanced"),
)
