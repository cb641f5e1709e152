# SPDX-License-Identifier: Apache-2.0
"""Inverse frequency: both classes count the same in total."""

from __future__ import annotations

from equipoise.weights.scheme import Scheme


def balanced_ratio(negatives: int, positives: int) -> float:
    """Return n0 / n1, so that w_c = N / (2 n_c).

    Source: King & Zeng (2001), "Logistic regression in rare events data", the
    section on weighting, with a target share of one half.

    Args:
        negatives: The number of negatives, at least 1.
        positives: The number of positives, at least 1.

    Example:
        >>> balanced_ratio(90, 10)
        9.0
    """
    return negatives / positives


SCHEME = Scheme(
    name="balanced",
    ratio=balanced_ratio,
    phrase="by inverse frequency, N / (2 n_c)",
    citations=("king2001",),
)
