# SPDX-License-Identifier: Apache-2.0
"""Inverse frequency: both classes count the same in total."""

from __future__ import annotations

from collections.abc import Sequence

from equipoise.task import TASK_KINDS
from equipoise.weights.scheme import Scheme


def balanced_ratios(totals: Sequence[float]) -> list[float]:
    """Return n_0 / n_c, so that w_c = N / (K n_c).

    Source: King & Zeng (2001), "Logistic regression in rare events data", the
    section on weighting, with a target share of one half.

    Args:
        totals: `[classes]` the number of rows of each class, above 0.

    Example:
        >>> balanced_ratios([90, 10])
        [1.0, 9.0]
    """
    return [totals[0] / total for total in totals]


BALANCED_SCHEME = Scheme(
    name="balanced",
    ratios=balanced_ratios,
    tasks=TASK_KINDS,
    phrase="by inverse frequency, N / (2 n_c)",
    class_phrase="by inverse frequency, N / (K n_c)",
    citations=("king2001",),
)
