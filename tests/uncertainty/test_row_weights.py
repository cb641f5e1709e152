"""Random row weights: their law, their clusters, their seed."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise._core.seeds import generator
from equipoise.errors import InputError
from equipoise.uncertainty import row_weights
from equipoise.uncertainty.row_weights import RowResampler, RowWeights, cluster_numbers

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


def test_each_sample_has_the_classes_sizes() -> None:
    y = np.repeat([1, 0], [8, 92])
    counts = np.concatenate(list(RowResampler(y, replicates=200, seed=1)))
    assert counts.shape == (200, 100)
    assert (counts[:, y == 1].sum(1) == 8).all()
    assert (counts[:, y == 0].sum(1) == 92).all()
    # A row is drawn once on average, with variance 1 - 1/n.
    assert counts.mean() == 1
    assert counts[:, y == 0].var() == pytest.approx(1 - 1 / 92, abs=0.05)


def test_replicates_do_not_depend_on_chunks(monkeypatch) -> None:
    y = np.repeat([1, 0], [8, 92])
    whole = np.concatenate(list(RowResampler(y, replicates=20, seed=5)))
    monkeypatch.setattr(row_weights, "_CELLS", 300)
    parts = list(RowResampler(y, replicates=20, seed=5))
    assert [len(p) for p in parts] == [3, 3, 3, 3, 3, 3, 2]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(RowResampler(y, seed=5).draw(7), whole[7])


def test_without_strata_the_classes_vary() -> None:
    y = np.repeat([1, 0], [50, 50])
    resampler = RowResampler(y, replicates=300, stratified=False)
    hits = np.concatenate(list(resampler))[:, :50].sum(1)
    assert hits.std() == pytest.approx(5, rel=0.15)


def test_clusters_are_drawn_whole() -> None:
    y = np.array([1, 0, 0, 0, 0, 0, 1, 1])
    names = np.array(["a", "a", "b", "b", "c", "c", "d", "d"])
    counts = np.concatenate(list(RowResampler(y, names, 100)))
    for name in "abcd":
        own = counts[:, names == name]
        assert (own == own[:, :1]).all()
    # One mixed, two negative, one positive cluster: each kind keeps its number.
    assert (counts[:, 0] == 1).all()
    assert (counts[:, 6] == 1).all()
    assert (counts[:, 2] + counts[:, 4] == 2).all()


def test_the_resampler_checks_its_arguments() -> None:
    with pytest.raises(InputError, match="one per row"):
        RowResampler([0, 1], [1, 2, 3])
    with pytest.raises(InputError, match="replicates"):
        RowResampler([0, 1], replicates=0)


@pytest.mark.parametrize("units", [3, 97, 4096, 4097, 9_000])
@pytest.mark.parametrize("importance", [False, True])
def test_the_weights_of_clusters_are_those_of_one_draw(
    units: int, importance: bool
) -> None:
    """Clusters are drawn some at a time; the numbers are those of all at once."""
    random = np.random.default_rng(units)
    unit = random.permutation(np.r_[np.arange(units), random.integers(0, units, 500)])
    mass = random.random(unit.size) + 0.5 if importance else None
    weights = RowWeights(unit % 2 == 0, unit, 130, 7, mass)
    for chunk, (part, count) in enumerate(zip(weights, (128, 2), strict=True)):
        stream = generator(7, "row weights", chunk)
        expected = stream.standard_exponential((units, count), dtype=np.float32)[unit]
        if mass is not None:
            expected = expected * mass[:, None].astype(np.float32)
        np.testing.assert_array_equal(part, expected)
