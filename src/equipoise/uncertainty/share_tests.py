# SPDX-License-Identifier: Apache-2.0
"""Whether two samples have the same shares of several classes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import integer, sentence
from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, FloatArray
from equipoise.errors import InputError
from equipoise.uncertainty.proportion import fisher_p_value

MOST = 2**53
"""From this count on float64 does not hold every whole number."""

DRAWS = 10_000
"""Draws of tables: a p-value of .05 is known to .002."""
_CHUNK = 2_000_000
"""How many cells are drawn at once."""


def shares_p_value(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> float:
    """Return the p-value of "both samples have the same shares of the classes".

    The test of Freeman and Halton (1951), which is Fisher's for several classes: given
    how many rows each class and each sample has, it adds up the probabilities of all
    tables that are no likelier than the one at hand. With two classes it is exact;
    with more, tables are drawn (Patefield 1981), and p is (1 + tables no likelier) /
    (1 + draws), which never rejects too often. It holds for classes of few rows, where
    the chi-square distribution does not.

    Args:
        first: `[classes]` whole numbers of rows of each class in one sample.
        second: `[classes]` the same of the other.
        draws: How many tables are drawn, if there are more than two classes.
        seed: Of the draws.

    Returns:
        Within (0, 1]; 1 if a sample is empty, or all rows are of one class.

    Raises:
        InputError: The numbers are not counts, or do not fit together.

    Example:
        >>> shares_p_value([8, 2], [1, 5]) == fisher_p_value((8, 2), (1, 5))
        True
        >>> shares_p_value([40, 30, 10], [8, 6, 2]) > 0.9
        True
    """
    tables = [floats(counts, "counts") for counts in (first, second)]
    a, b = tables
    whole = all(
        (t >= 0).all() and (t < MOST).all() and (t == np.floor(t)).all() for t in tables
    )
    if a.shape != b.shape or a.ndim != 1 or not whole:
        raise InputError(
            sentence(
                f"counts of shape {a.shape} and {b.shape}",
                "two lists of whole numbers of at least 0, one for each class",
            )
        )
    present = a + b > 0
    one, other = (t[present].astype(np.int64) for t in tables)
    if one.size < 2 or not one.sum() or not other.sum():
        return 1.0
    if one.size == 2:
        first_two = int(one[0]), int(one[1])
        return fisher_p_value(first_two, (int(other[0]), int(other[1])))
    return _simulated(one, one + other, integer(draws, "draws", 100), seed)


def _simulated(a: AnyArray, total: AnyArray, draws: int, seed: int) -> float:
    random = generator(seed, "shares of classes")
    observed = _log_probability(a[None], total)[0]
    # Tables that are equally likely differ in the last digits of their logarithms.
    slack = 1e-7 + 1e-13 * abs(observed)
    step = max(1, _CHUNK // total.size)
    count = 0
    for start in range(0, draws, step):
        size = min(step, draws - start)
        tables = random.multivariate_hypergeometric(total, int(a.sum()), size=size)
        likely = _log_probability(tables, total)
        count += int(np.count_nonzero(likely <= observed + slack))
    return (1 + count) / (1 + draws)


def _log_probability(first: AnyArray, total: AnyArray) -> FloatArray:
    """Return the log-probability of tables, up to what all have in common."""
    from scipy.special import gammaln

    terms = gammaln(first + 1) + gammaln(total - first + 1)
    return -np.asarray(terms.sum(axis=-1))
