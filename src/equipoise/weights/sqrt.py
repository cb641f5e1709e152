# SPDX-License-Identifier: Apache-2.0
"""The square root of the inverse frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence

from equipoise.task import TASK_KINDS
from equipoise.weights.scheme import Scheme


def sqrt_ratios(totals: Sequence[float]) -> list[float]:
    """Return sqrt(n_0 / n_c): half of the inverse frequency's log-odds shift.

    Source: the square-root rule of Mahajan et al. (2018), "Exploring the limits
    of weakly supervised pretraining", there for sampling.

    Args:
        totals: `[classes]` the number of rows of each class, above 0.

    Example:
        >>> sqrt_ratios([90, 10])
        [1.0, 3.0]
    """
    return [math.sqrt(totals[0] / total) for total in totals]


SQRT_SCHEME = Scheme(
    name="sqrt",
    ratios=sqrt_ratios,
    tasks=TASK_KINDS,
    phrase="by the square root of the inverse frequency",
    citations=("mahajan2018",),
)
