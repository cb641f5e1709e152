# SPDX-License-Identifier: Apache-2.0
"""Correction for looking at many arms at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import integer, number, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError


def holm(p: npt.ArrayLike) -> FloatArray:
    """Return p-values adjusted by Holm's step-down procedure.

    Rejecting if the adjusted value is at most alpha keeps the probability of
    any false rejection at alpha, whatever the dependence of the tests, and
    rejects at least what Bonferroni's rule rejects.

    Args:
        p: `[tests]` p-values; NaN (no test) stays NaN and is not counted.

    Returns:
        `[tests]` adjusted p-values, at most 1.

    Raises:
        InputError: A value lies outside [0, 1].

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
        [0.03, 0.06, 0.06]

    References:
        Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    values = floats(p, "p-values")
    tested = ~np.isnan(values)
    if ((values[tested] < 0) | (values[tested] > 1)).any():
        raise InputError(sentence("p-values outside [0, 1]", "probabilities or NaN"))
    ordered = np.sort(values[tested])
    steps = ordered * np.arange(ordered.size, 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(steps), 1.0)
    result = np.full(values.shape, np.nan)
    result[tested] = adjusted[np.argsort(np.argsort(values[tested], kind="stable"))]
    return result


def simultaneous_level(level: float, arms: int) -> float:
    """Return the coverage each of `arms` intervals needs to hold jointly.

    Bonferroni's rule: 1 - (1 - level) / arms. It holds for any dependence.

    Args:
        level: The joint coverage, strictly between 0 and 1.
        arms: The number of intervals, at least 1.

    Raises:
        InputError: An argument is out of range.

    Example:
        >>> round(simultaneous_level(0.95, 10), 4)
        0.995
    """
    number(level, "level", 0, 1, open_ends=True)
    return 1.0 - (1.0 - level) / integer(arms, "arms", 1)
