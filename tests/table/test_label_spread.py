# SPDX-License-Identifier: Apache-2.0
"""Labels over parts: each in its share, in parts of equal size."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.table.label_spread import spread_labels

DATA = Path(__file__).parents[3] / "shared" / "data"
Labels = npt.NDArray[np.int8]


def labels(
    rows: int, count: int, seed: int, most: float = 0.5, least: float = 0.01
) -> Labels:
    """Labels of a long tail of shares that occur together."""
    random = np.random.default_rng(seed)
    shares = np.geomspace(most, least, count)
    push = random.normal(size=(rows, 1))
    return (random.random((rows, count)) < shares * np.exp(push) / np.exp(0.5)).astype(
        np.int8
    )


def algorithm_1(
    y: Labels, shares: npt.NDArray[np.float64], random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Sechidis, Tsoumakas and Vlahavas 2011, algorithm 1, word for word."""
    part = np.full(len(y), -1)
    room = shares * len(y)
    lacks = shares[:, None] * y.sum(axis=0)
    while (part < 0).any():
        left = y[part < 0].sum(axis=0)
        if not left.any():
            for i in np.flatnonzero(part < 0):
                part[i] = k = int(np.argmax(room))
                room[k] -= 1
            break
        label = min(np.flatnonzero(left), key=lambda j: int(left[j]))
        for i in np.flatnonzero((part < 0) & (y[:, label] == 1)):
            best = np.flatnonzero(lacks[:, label] == lacks[:, label].max())
            best = best[room[best] == room[best].max()]
            part[i] = k = int(random.choice(best))
            lacks[k] -= y[i]
            room[k] -= 1
    return part


def by_part(y: Labels, part: npt.NDArray[np.int64], parts: int) -> npt.NDArray[np.int_]:
    return np.stack([(y[part == k] == 1).sum(axis=0) for k in range(parts)])


@pytest.mark.parametrize("folds", [3, 5, 10])
def test_no_worse_than_the_published_algorithm(folds: int) -> None:
    shares = np.full(folds, 1 / folds)
    ours, theirs, sizes = [], [], []
    for seed in range(10):
        y = labels(600, 12, seed)
        y = y[:, y.sum(axis=0) > 0]
        random = np.random.default_rng(seed)
        for part, deviations in (
            (spread_labels(y, None, shares, random), ours),
            (algorithm_1(y, shares, random), theirs),
        ):
            counts = by_part(y, part, folds) / y.sum(axis=0)
            deviations.append(np.abs(counts - 1 / folds).mean())
        sizes.append(np.ptp(np.bincount(spread_labels(y, None, shares, random))))
    assert max(sizes) <= 1
    assert np.mean(ours) <= 1.05 * np.mean(theirs)  # whose sizes differ more


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(10, 80),
    count=st.integers(1, 8),
    parts=st.integers(2, 5),
    unknown=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 10_000),
)
def test_parts_are_level_and_complete(
    rows: int, count: int, parts: int, unknown: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    y = labels(rows, count, seed, most=0.9)
    y[random.random(y.shape) < unknown] = -1
    shares = np.full(parts, 1 / parts)
    part = spread_labels(y, None, shares, np.random.default_rng(seed))
    assert np.ptp(np.bincount(part, minlength=parts)) <= 1
    again = spread_labels(y, None, shares, np.random.default_rng(seed))
    np.testing.assert_array_equal(part, again)

    groups = random.integers(0, max(2, rows // 2), rows)
    part = spread_labels(y, groups, shares, np.random.default_rng(seed))
    for group in set(groups.tolist()):
        assert len(set(part[groups == group].tolist())) == 1


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_no_label_with_rows_enough_is_absent_from_a_part(
    seed: int, grouped: bool
) -> None:
    y = labels(400, 25, seed, least=0.012)
    groups = np.random.default_rng(seed).integers(0, 200, 400) if grouped else None
    units = np.arange(400) if groups is None else groups
    enough = [len(set(units[column == 1].tolist())) >= 5 for column in y.T]
    assert 5 <= min(column.sum() for column in y.T[enough]) <= 8
    part = spread_labels(y, groups, np.full(5, 0.2), np.random.default_rng(seed))
    assert by_part(y, part, 5)[:, enough].all()
    # The side that decides when to stop is a fifth of what is left.
    rest = y[part > 0]
    inner = spread_labels(
        rest,
        None if groups is None else groups[part > 0],
        np.array([0.8, 0.2]),
        np.random.default_rng(seed),
    )
    assert by_part(rest, inner, 2)[:, enough].all()


@pytest.mark.parametrize("name", ["birds", "enron"])
@pytest.mark.parametrize("grouped", [False, True])
def test_real_labels_are_in_every_fold(name: str, grouped: bool) -> None:
    path = DATA / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    columns = [column for column in schema.names if column.startswith("label_")]
    y = pq.read_table(path, columns=columns).to_pandas().to_numpy(np.int8)
    groups = np.arange(len(y)) // 2 if grouped else None
    units = np.arange(len(y)) if groups is None else groups
    enough = [len(set(units[column == 1].tolist())) >= 5 for column in y.T]
    for seed in range(5):
        random = np.random.default_rng(seed)
        part = spread_labels(y, groups, np.full(5, 0.2), random)
        assert by_part(y, part, 5)[:, enough].all()
        assert np.ptp(np.bincount(part)) <= (10 if grouped else 1)
        if not grouped:
            totals = y.sum(axis=0)
            shares = by_part(y, part, 5)[:, totals >= 5] / totals[totals >= 5]
            assert np.abs(shares - 0.2).mean() < 0.017


def test_rows_without_a_common_label_are_the_rare_ones() -> None:
    y = np.ones((100, 1), np.int8)
    y[:5] = 0
    for seed in range(20):
        part = spread_labels(y, None, np.full(5, 0.2), np.random.default_rng(seed))
        assert sorted(part[:5].tolist()) == [0, 1, 2, 3, 4]


def test_both_sides_of_a_label_that_is_mostly_unknown_are_spread() -> None:
    y = np.full((100, 1), -1, np.int8)
    y[:5], y[5:12] = 1, 0
    for seed in range(20):
        part = spread_labels(y, None, np.full(5, 0.2), np.random.default_rng(seed))
        for value in (0, 1):
            assert len(set(part[y[:, 0] == value].tolist())) == 5


def test_as_few_gaps_as_any_division_has() -> None:
    """Against all divisions of eight rows in two halves."""
    for seed in range(20):
        y = labels(8, 4, seed, least=0.2)
        enough = (y == 1).sum(axis=0) >= 2
        enough = np.r_[enough, (y == 0).sum(axis=0) >= 2]
        both = np.concatenate([y, 1 - y], axis=1)

        def gaps(
            part: npt.NDArray[np.int64], both: Labels = both, enough: object = enough
        ) -> int:
            return int((by_part(both, part, 2)[:, enough] == 0).sum())

        fewest = min(
            gaps(np.isin(np.arange(8), chosen).astype(np.int64))
            for chosen in itertools.combinations(range(8), 4)
        )
        part = spread_labels(y, None, np.full(2, 0.5), np.random.default_rng(seed))
        assert gaps(part) == fewest


def test_every_row_is_as_likely_in_every_part() -> None:
    y = np.zeros((20, 2), np.int8)
    y[:5, 0] = 1
    y[3:9, 1] = 1
    times = np.zeros((20, 4))
    for seed in range(2000):
        part = spread_labels(y, None, np.full(4, 0.25), np.random.default_rng(seed))
        times[np.arange(20), part] += 1
    # Five standard deviations of a binomial count.
    assert np.abs(times - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)


def test_shares_are_kept() -> None:
    y = labels(1000, 6, 0, least=0.05)
    shares = np.array([0.6, 0.25, 0.15])
    part = spread_labels(y, None, shares, np.random.default_rng(0))
    assert np.bincount(part).tolist() == [600, 250, 150]
    assert np.abs(by_part(y, part, 3) - shares[:, None] * y.sum(axis=0)).max() < 3


def test_a_group_too_large_for_its_part_does_not_stop_it() -> None:
    groups = np.r_[np.zeros(50, int), np.arange(1, 31)]
    y = np.r_[np.zeros(60), np.ones(20)].astype(np.int8)[:, None]
    part = spread_labels(y, groups, np.full(4, 0.25), np.random.default_rng(0))
    assert (np.bincount(part[y[:, 0] == 1]) == 5).all()


def test_labels_that_nobody_has_and_tables_of_few_rows() -> None:
    y = np.zeros((7, 3), np.int8)
    part = spread_labels(y, None, np.full(3, 1 / 3), np.random.default_rng(0))
    assert sorted(np.bincount(part).tolist()) == [2, 2, 3]
    y = np.full((7, 3), -1, np.int8)
    part = spread_labels(y, None, np.full(3, 1 / 3), np.random.default_rng(0))
    assert sorted(np.bincount(part).tolist()) == [2, 2, 3]
