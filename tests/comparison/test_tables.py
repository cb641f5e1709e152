"""Ranks with ties and signed-rank tests over tables, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from equipoise.comparison import over_tables, ranks_with_ties, wilcoxon_holm
from equipoise.errors import InputError


@given(
    st.lists(
        st.lists(st.integers(0, 4), min_size=5, max_size=5), min_size=1, max_size=4
    )
)
def test_without_a_margin_ranks_are_scipys(rows: list[list[int]]) -> None:
    table = np.array(rows, float)
    expected = stats.rankdata(-table, axis=1)
    assert np.array_equal(ranks_with_ties(table), expected)


def test_the_margin_ties_from_the_best_downwards() -> None:
    ranks = ranks_with_ties([[0.80, 0.79, 0.78, 0.70]], margin=0.01)
    assert ranks.tolist() == [[1.5, 1.5, 3.0, 4.0]]


def test_arms_that_were_not_run_come_last() -> None:
    assert ranks_with_ties([[0.1, np.nan, 0.5]]).tolist() == [[2.0, 3.0, 1.0]]
    assert ranks_with_ties([[np.nan, np.nan]]).tolist() == [[1.5, 1.5]]


def test_wilcoxon_is_scipys_before_holm() -> None:
    d = np.random.default_rng(0).normal(0.02, 0.05, (15, 1))
    expected = stats.wilcoxon(d[:, 0], zero_method="zsplit").pvalue
    assert wilcoxon_holm(d)[0] == pytest.approx(expected)


def test_over_tables_counts_and_sorts() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(0.4, 0.6, 12)
    records = over_tables(
        {
            "worse": (base - 0.05).tolist(),
            "plain": base.tolist(),
            "same": base.tolist(),
            "better": (base + rng.uniform(0.02, 0.1, 12)).tolist(),
        }
    )
    assert [r.arm for r in records] == ["better", "same", "worse"]
    assert (records[0].wins, records[1].ties, records[2].losses) == (12, 12, 12)
    assert records[0].p < 0.01
    assert records[0].beliefs.better > 0.99
    assert records[1].beliefs.equivalent > 0.99


def test_bad_tables_are_refused() -> None:
    with pytest.raises(InputError, match="baseline"):
        over_tables({"a": [0.1]}, baseline="plain")
    with pytest.raises(InputError, match="values per arm"):
        over_tables({"plain": [0.1], "a": [0.1, 0.2]})
    with pytest.raises(InputError, match="shape"):
        ranks_with_ties(np.zeros(3))
    with pytest.raises(InputError, match="shape"):
        wilcoxon_holm(np.zeros(3))


def test_a_baseline_alone_has_no_rivals() -> None:
    assert over_tables({"plain": [0.1, 0.2]}) == []
