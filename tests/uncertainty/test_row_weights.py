"""Random row weights: their law, their clusters, their seed."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.uncertainty.row_weights import RowWeights, cluster_numbers

Y = np.array([True] * 4 + [False] * 8)


def test_weights_are_exponential_and_shared_by_nothing() -> None:
    drawn = np.concatenate(list(RowWeights(Y, None, 4000, seed=0)), axis=1)
    assert drawn.shape == (12, 4000)
    assert drawn.mean() == pytest.approx(1, abs=0.02)
    assert drawn.var() == pytest.approx(1, abs=0.05)
    correlation = np.corrcoef(drawn) - np.eye(12)
    assert np.abs(correlation).max() < 0.08


def test_rows_of_a_cluster_share_their_weight() -> None:
    unit = cluster_numbers(["a", "b", "a", "c"] * 3, 12)
    weights = RowWeights(Y, unit, 10, seed=1)
    for drawn in weights:
        assert np.array_equal(drawn[0], drawn[2])
        assert not np.array_equal(drawn[0], drawn[1])
    for rows in (Y, ~Y):
        size = np.unique(unit[rows], return_counts=True)[1]
        assert weights.units(rows) == pytest.approx(size.sum() ** 2 / (size**2).sum())
    assert weights.rarer == min(weights.units(Y), weights.units(~Y))
    alone = RowWeights(Y, None, 10, seed=1)
    assert (alone.units(Y), alone.units(~Y), alone.rarer) == (4, 8, 4)
    assert weights.units(np.zeros(12, bool)) == 0


def test_two_clusters_of_unequal_sizes_are_two() -> None:
    y = np.tile([True, False], 20)
    weights = RowWeights(y, np.repeat([0, 1], [38, 2]), 10, seed=1)
    assert weights.rarer == 2.0


def test_one_seed_gives_one_result() -> None:
    first = list(RowWeights(Y, None, 300, seed=3))
    again = list(RowWeights(Y, None, 300, seed=3))
    other = next(iter(RowWeights(Y, None, 300, seed=4)))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert sum(w.shape[1] for w in first) == 300
    assert not np.array_equal(first[0], other)


def test_fewer_replicates_are_the_first_of_many() -> None:
    few = next(iter(RowWeights(Y, None, 128, seed=0)))
    many = next(iter(RowWeights(Y, None, 500, seed=0)))
    assert np.array_equal(few, many)


def test_clusters_of_another_length_are_refused() -> None:
    assert cluster_numbers(None, 3) is None
    with pytest.raises(InputError, match="one per row"):
        cluster_numbers(["a"], 3)


def test_weights_of_rows_are_a_factor_and_lessen_the_units() -> None:
    times = np.array([1.0, 1.0, 1.0, 1.0] + [5.0] * 4 + [1.0] * 4)
    plain = next(iter(RowWeights(Y, None, 20, seed=2)))
    heavy = RowWeights(Y, None, 20, 2, times)
    assert next(iter(heavy)) == pytest.approx(plain * times[:, None])
    # (sum w)^2 / sum w^2, and as many units as rows where all count alike.
    assert heavy.units(~Y) == pytest.approx(24**2 / (4 * 25 + 4))
    assert (heavy.units(Y), heavy.rarer) == (4, 4)
    assert heavy.units(np.zeros(12, bool)) == 0
    pairs = RowWeights(Y, cluster_numbers(np.arange(12) // 2, 12), 20, 2, times)
    assert pairs.units(~Y) == pytest.approx(24**2 / (2 * 100 + 2 * 4))
