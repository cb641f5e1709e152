# SPDX-License-Identifier: Apache-2.0
"""The square root of the inverse frequency."""

from __future__ import annotations

import math

from equipoise.weights.scheme import Scheme


def sqrt_ratio(negatives: int, positives: int) -> float:
    """Return sqrt(n0 / n1): half of the inverse frequency's log-odds shift.

    Source: the square-root rule of Mahajan et al. (2018), "Exploring the limits
    of weakly supervised pretraining", there for sampling.

    Args:
        negatives: The number of negatives, at least 1.
        positives: The number of positives, at least 1.

    Example:
        >>> sqrt_ratio(90, 10)
        3.0
    """
    return math.sqrt(negatives / positives)


SCHEME = Scheme(
    name="sqrt",
    ratio=sqrt_ratio,
    phrase="by the square root of the inverse frequency",
    citations=("mahajan2018",),
)
