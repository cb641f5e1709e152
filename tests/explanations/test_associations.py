# SPDX-License-Identifier: Apache-2.0
"""How columns move together, beside SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.explanations.associations import (
    column_associations,
    columns_together,
    cramers_v,
)
from equipoise.table.table import Column, Table
from equipoise.task import Task

TASK = Task("binary", ("no", "yes"))


def table(*columns: Column) -> Table:
    return Table(columns, None, TASK)


def number(name: str, values: np.ndarray) -> Column:
    return Column(name, "numeric", np.asarray(values, np.float64))


def test_numbers_have_spearmans_correlation() -> None:
    from scipy import stats

    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3))
    x[:, 1] += x[:, 0]
    x = np.round(x, 1)  # ties
    made = column_associations(table(*(number(str(k), x[:, k]) for k in range(3))))
    expected = np.abs(stats.spearmanr(x).statistic)
    np.testing.assert_allclose(made, expected, atol=1e-12)


def test_missing_values_are_left_out_of_a_pair() -> None:
    x = np.arange(100.0)
    y = x.copy()
    y[::3] = np.nan
    made = column_associations(table(number("x", x), number("y", y)))
    assert made[0, 1] == pytest.approx(1.0, abs=1e-4)
    nothing = number("none", np.full(100, np.nan))
    assert column_associations(table(number("x", x), nothing))[0, 1] == 0


def test_cramers_v_follows_bergsmas_formula() -> None:
    from scipy import stats

    random = np.random.default_rng(1)
    first, second = random.integers(0, 3, 300), random.integers(0, 4, 300)
    second[first == 0] = 0
    counts = np.zeros((3, 4))
    np.add.at(counts, (first, second), 1)
    phi = stats.chi2_contingency(counts, correction=False).statistic / 300
    phi = max(0, phi - 2 * 3 / 299)
    r, k = 3 - 4 / 299, 4 - 9 / 299
    assert cramers_v(first, second) == pytest.approx(np.sqrt(phi / min(r - 1, k - 1)))
    assert cramers_v(first, np.zeros(300)) == 0


def test_independent_columns_of_many_categories_are_not_tied() -> None:
    """The plain V of two random columns of 40 categories is about .36."""
    random = np.random.default_rng(2)
    made = [cramers_v(*random.integers(0, 40, (2, 300))) for _ in range(20)]
    assert max(made) < 0.2


def test_a_number_and_its_category_are_together() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=400)
    codes = np.digitize(x, np.quantile(x, np.arange(1, 8) / 8)).astype(np.int32)
    names = tuple("abcdefgh")
    columns = (
        number("x", x),
        number("noise", random.normal(size=400)),
        Column("class of x", "categorical", codes, names),
        Column("constant", "boolean", np.ones(400)),
    )
    assert columns_together(table(*columns)) == (
        ("x", "class of x"),
        ("noise",),
        ("constant",),
    )
    assert len(columns_together(table(*columns), bound=1.0)) == 4
    with pytest.raises(InputError, match="together"):
        columns_together(table(*columns), bound=2.0)


def test_a_chain_is_one_group() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(2000, 5))
    chain = np.cumsum(x, axis=1)[:, ::-1]
    made = column_associations(table(*(number(str(k), chain[:, k]) for k in range(5))))
    assert made[0, 4] < 0.55 < 0.65 < made[3:, 3:].min()
    groups = columns_together(
        table(*(number(str(k), chain[:, k]) for k in range(5))), bound=0.65
    )
    assert groups == (("0", "1", "2", "3", "4"),)


def test_a_large_table_is_sampled() -> None:
    x = np.arange(30_000.0)
    made = column_associations(table(number("x", x), number("y", -x)))
    assert made[0, 1] == pytest.approx(1.0, abs=1e-4)
