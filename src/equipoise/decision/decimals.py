# SPDX-License-Identifier: Apache-2.0
"""Numbers as people read them, and as JSON keeps them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import exact
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability

LONGEST = 11
"""Digits of the longest decimal that counts as short."""
ERROR = 4e-15
"""What log-odds and back leave of a probability, as a share of it."""
PRINTED = 6
"""Digits of a probability that no short decimal equals."""


def json_number(value: float) -> float | str:
    """Return a finite number as it is, else "inf", "-inf" or "nan".

    Example:
        >>> json_number(float("-inf")), float(json_number(0.5))
        ('-inf', 0.5)
    """
    return value if math.isfinite(value) else str(value)


def decimal(probability: float) -> str:
    """Write a probability with the digits that it needs, and no more.

    A number that is a short decimal is written as that decimal; any other, such as
    1/21, with six digits, counted from 1 if it is near 1.

    Args:
        probability: In [0, 1].

    Example:
        >>> decimal(0.15), decimal(1 / 21), decimal(1 - 1e-9 / 3)
        ('0.15', '0.047619', '0.99999999967')
    """
    for digits in range(2, LONGEST + 1):
        text = f"{probability:.{digits}g}"
        if abs(float(text) - probability) <= ERROR * probability:
            return exact(float(text))
    rest = 1 - probability
    more = 0 if rest <= 0 else max(0, math.ceil(-math.log10(rest)) - 1)
    return exact(float(f"{probability:.{min(PRINTED + more, LONGEST)}g}"))


def rounded(probability: float) -> float:
    """Return a probability without the error of rounding that log-odds leave.

    Args:
        probability: In [0, 1].

    Example:
        >>> rounded(0.15000000000000002), rounded(1 / 21) == 1 / 21
        (0.15, True)
    """
    near = float(decimal(probability))
    return near if abs(near - probability) <= ERROR * probability else probability


def short_cut(cut: float, score: npt.ArrayLike) -> float:
    """Return a threshold that decides alike and, as a probability, has few digits.

    Of the decimals with 2, 3, ... digits nearest to the cut, it is the first that lies
    between the same two neighbouring scores. Whoever applies the printed number then
    decides as the rule does, in log-odds and in probabilities.

    Args:
        cut: In log-odds; a score at or above it is flagged.
        score: `[rows]` the log-odds that must be divided alike.

    Returns:
        The threshold in log-odds; the cut itself if no decimal divides them alike.

    Example:
        >>> scores = np.array([-3.0, -1.0, 0.5, 2.0])
        >>> new = short_cut(-0.25, scores)
        >>> round(float(probability(new)), 12)
        0.44
    """
    z = np.asarray(score, np.float64)
    if not math.isfinite(cut) or not z.size:
        return cut
    above, below = z[z >= cut], z[z < cut]
    high = float(above.min()) if above.size else math.inf
    low = float(below.max()) if below.size else -math.inf
    middle = float(probability(cut))
    ends = float(probability(low)), float(probability(high))
    for digits in range(2, LONGEST + 1):
        p = float(f"{middle:.{digits}g}")
        if not 0 < p < 1:
            continue
        threshold = float(to_log_odds(p))
        if low < threshold <= high and ends[0] < p <= ends[1]:
            return threshold
    return cut
