# SPDX-License-Identifier: Apache-2.0
"""Equal shares of several classes: against all tables, SciPy and the null."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import InputError
from equipoise.uncertainty import shares_p_value


def by_all_tables(first: list[int], second: list[int]) -> float:
    """Add up the probabilities of all tables with these margins."""
    total = [a + b for a, b in zip(first, second, strict=True)]
    ways = math.comb(sum(total), sum(first))

    def probability(table: tuple[int, ...]) -> float:
        each = (math.comb(t, a) for t, a in zip(total, table, strict=True))
        return math.prod(each) / ways

    observed = probability(tuple(first))
    tables = itertools.product(*(range(t + 1) for t in total))
    all_of_them = [probability(t) for t in tables if sum(t) == sum(first)]
    assert sum(all_of_them) == pytest.approx(1)
    return sum(p for p in all_of_them if p <= observed * (1 + 1e-9))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([3, 1, 2], [2, 4, 1]),
        ([5, 0, 1], [1, 4, 3]),
        ([4, 2, 0, 1], [1, 1, 3, 2]),
        ([8, 1, 1], [1, 8, 1]),
    ],
)
def test_all_tables_are_met(first: list[int], second: list[int]) -> None:
    expected = by_all_tables(first, second)
    made = shares_p_value(first, second, draws=40_000)
    assert made == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 40_000))
    assert shares_p_value(second, first, draws=40_000) == pytest.approx(
        expected, abs=0.01
    )


def test_two_classes_are_exact() -> None:
    for first, second in (((8, 2), (1, 5)), ((380, 8982), (12, 574))):
        expected = stats.fisher_exact([first, second]).pvalue
        assert shares_p_value(first, second) == expected
        # A class that neither has is no class.
        assert shares_p_value((*first, 0), (*second, 0)) == expected


def test_many_rows_are_as_by_chi_square() -> None:
    first, second = [50_000, 30_000, 12_000], [5_050, 2_980, 1_250]
    expected = stats.chi2_contingency([first, second]).pvalue
    assert 0.02 < expected < 0.9
    assert shares_p_value(first, second) == pytest.approx(expected, abs=0.02)


def test_the_level_is_not_exceeded() -> None:
    random = np.random.default_rng(0)
    shares = [0.8, 0.15, 0.03, 0.02]
    p = [
        shares_p_value(
            random.multinomial(120, shares),
            random.multinomial(40, shares),
            draws=400,
            seed=seed,
        )
        for seed in range(400)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)
    assert np.mean(np.array(p) <= 0.5) > 0.35


def test_ends() -> None:
    assert shares_p_value([5, 0, 0], [9, 0, 0]) == 1.0
    assert shares_p_value([5, 3, 2], [0, 0, 0]) == 1.0
    far = shares_p_value([900, 50, 50], [50, 900, 50], draws=500)
    assert far == 1 / 501
    one, other = ([3, 1, 2], [2, 4, 1])
    assert shares_p_value(one, other, seed=3) == shares_p_value(one, other, seed=3)


def test_refused() -> None:
    for first, second in (([1, 2], [1, 2, 3]), ([-1, 2], [1, 2]), ([0.5, 1], [1, 1])):
        with pytest.raises(InputError, match="whole numbers"):
            shares_p_value(first, second)


@pytest.mark.parametrize("count", [math.inf, 1e300])
def test_counts_are_finite(count) -> None:
    with pytest.raises(InputError, match="whole numbers"):
        shares_p_value([count, 1, 2], [1, 2, 3])
