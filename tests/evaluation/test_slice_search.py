# SPDX-License-Identifier: Apache-2.0
"""Parts with more errors: found if they are there, rarely if they are not."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.evaluation.slice_search import (
    FoundSlices,
    _not_worse,
    column_parts,
    distinct_places,
    worst_slices,
)
from equipoise.table.table import Column, Table
from equipoise.task import Task

BINARY = Task("binary", ("no", "yes"))


def made_table(rows: int = 800, seed: int = 0, task: Task = BINARY) -> Table:
    random = np.random.default_rng(seed)
    some = random.normal(size=rows)
    some[::9] = np.nan
    columns = (
        Column("x", "numeric", random.normal(size=rows)),
        Column("some", "numeric", some),
        Column(
            "city",
            "categorical",
            random.integers(-1, 3, rows).astype(np.int32),
            ("a", "b", "c"),
        ),
        Column("flag", "boolean", (random.random(rows) < 0.5).astype(float)),
    )
    if task.kind == "binary":
        y = (random.random(rows) < 0.3).astype(np.int8)
    elif task.kind == "multiclass":
        y = random.integers(0, 3, rows).astype(np.int64)
    else:
        y = random.integers(-1, 2, (rows, 2)).astype(np.int8)
    return Table(columns, y, task)


def decided(table: Table, errors: np.ndarray, seed: int = 1) -> np.ndarray:
    """The labels, turned with a probability of `errors`."""
    random = np.random.default_rng(seed)
    y = table.labels().astype(np.int64)
    return np.where(random.random(len(y)) < errors, 1 - y, y)


def test_the_p_value_is_fishers() -> None:
    from scipy import stats

    table = made_table()
    bad = (table["flag"].values == 1) & (table.labels() == 1)
    decisions = decided(table, np.where(bad, 0.3, 0.1))
    made = worst_slices(table, decisions, columns=["flag"], pairs=False)
    assert made.searched == 4
    one = next(s for s in made.slices if s.name == "flag = 1" and s.measure == "recall")
    here = (table["flag"].values == 1) & (table.labels() == 1)
    rest = (table["flag"].values == 0) & (table.labels() == 1)
    right = decisions == 1
    counts = [
        [np.sum(here & right), np.sum(here & ~right)],
        [np.sum(rest & right), np.sum(rest & ~right)],
    ]
    p = stats.fisher_exact(counts, alternative="less").pvalue
    assert one.p == pytest.approx(4 * p)  # the smallest of four
    assert one.share.value == pytest.approx(counts[0][0] / sum(counts[0]))
    assert one.rest == pytest.approx(counts[1][0] / sum(counts[1]))
    assert one.share.low < one.share.value < one.share.high


def test_a_pair_is_found() -> None:
    table = made_table(3000)
    there = (table["flag"].values == 1) & (table["city"].values == 1)
    made = worst_slices(table, decided(table, np.where(there, 0.6, 0.05)))
    assert made.worse[0].columns == ("city", "flag")
    assert made.worse[0].name == "city = b, flag = 1"
    assert made.worse[0].finding == "worse"


def test_a_column_alone_is_not_hidden_by_its_pairs() -> None:
    table = made_table(3000)
    bad = table["flag"].values == 1
    made = worst_slices(table, decided(table, np.where(bad, 0.3, 0.05)))
    assert made.worse[0].name == "flag = 1"
    assert all(one.name == "flag = 1" or one.p > made.worse[0].p for one in made.worse)


def test_nothing_is_found_where_nothing_is() -> None:
    wrong = 0
    for seed in range(30):
        table = made_table(400, seed=seed)
        wrong += bool(
            worst_slices(table, decided(table, np.full(400, 0.2), seed)).worse
        )
    assert wrong <= 3


def test_all_p_values_are_fishers_also_at_the_extremes() -> None:
    from scipy import stats

    random = np.random.default_rng(3)
    sizes = random.integers(8, 400, (60, 2))
    hits = np.rint(sizes * random.random((60, 2))).astype(int)
    hits[:3], hits[3:6], hits[6:9, 0] = 0, sizes[3:6], 0
    counts = np.stack([hits[:, 0], sizes[:, 0], hits[:, 1], sizes[:, 1]], axis=1)
    for p, (hit, size, other, rest) in zip(_not_worse(counts), counts, strict=True):
        low = max(0, hit + other - rest)  # the fewest that the part could have
        whole = math.comb(size + rest, size)
        right, wrong = hit + other, size + rest - hit - other
        ways = sum(
            math.comb(right, k) * math.comb(wrong, size - k)
            for k in range(low, hit + 1)
        )
        assert p == pytest.approx(float(Fraction(ways, whole)), rel=1e-9)
        table = [[hit, size - hit], [other, rest - other]]
        assert p == pytest.approx(stats.fisher_exact(table, "less").pvalue, rel=1e-9)


def test_clusters_make_it_less_sure() -> None:
    table = made_table(200)
    eight = table.take(np.repeat(np.arange(200), 8))
    bad = eight["flag"].values == 1
    decisions = np.repeat(
        decided(table, np.where(table["flag"].values == 1, 0.25, 0.1)), 8
    )
    alone = worst_slices(eight, decisions, columns=["flag"], pairs=False)
    tied = worst_slices(
        eight,
        decisions,
        columns=["flag"],
        pairs=False,
        clusters=np.repeat(np.arange(200), 8),
    )
    assert bad.any()
    assert alone.slices[0].p < tied.slices[0].p


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_several_classes_and_labels(kind: str) -> None:
    names = ("a", "b", "c") if kind == "multiclass" else ("p", "q")
    table = made_table(2000, task=Task(kind, names))  # type: ignore[arg-type]
    decisions = table.labels().copy()
    bad = table["flag"].values == 1
    if kind == "multiclass":
        decisions[bad & (decisions == 1) & (np.arange(2000) % 2 == 0)] = -1
    else:
        decisions = np.abs(decisions)
        turned = bad & (table.labels()[:, 1] == 1) & (np.arange(2000) % 2 == 0)
        decisions[turned, 1] = 0
    worst = worst_slices(table, decisions).worse[0]
    assert worst.view == names[1]
    assert worst.measure == "recall"
    assert worst.name == "flag = 1"


def test_parts_cover_all_rows_once() -> None:
    table = made_table(500)
    days = np.datetime64("2024-01-01", "us") + np.arange(500) * np.timedelta64(1, "D")
    many = Column(
        "many",
        "categorical",
        np.arange(500, dtype=np.int32) % 30,
        tuple(map(str, range(30))),
    )
    for column in (*table.columns, Column("day", "datetime", days), many):
        parts = column_parts(column)
        assert (np.sum([inside for _, inside in parts], axis=0) == 1).all()
    names = [name for name, _ in column_parts(many)]
    assert len(names) == 9
    assert names[-1] == "many is another value"
    sizes = [inside.sum() for _, inside in column_parts(table["x"])]
    assert max(sizes) - min(sizes) <= 2
    first = column_parts(Column("day", "datetime", days))[0][0]
    assert first.startswith("day 2024-01-01 00:00:00 to 2024-")
    assert distinct_places(np.array([3.0, 1.0])).tolist() == [1, 0]


def test_small_parts_are_not_compared() -> None:
    table = made_table(40)
    few = worst_slices(table, table.labels(), fewest=100)
    assert few == FoundSlices((), 0, 0.95)
    assert "None is worse" in str(few)


def test_text_frame_and_plain_data() -> None:
    table = made_table(2000)
    bad = table["flag"].values == 1
    made = worst_slices(table, decided(table, np.where(bad, 0.4, 0.05)))
    lines = str(made).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("flag = 1" in line and "yes, found" in line for line in lines)
    rows = made.frame("pyarrow").to_pylist()
    assert rows[0]["finding"] == "worse"
    assert json.loads(json.dumps(made.to_dict()))["searched"] == made.searched
    none = worst_slices(table, table.labels())
    assert "The nearest to it:" in str(none)


def test_bad_arguments_are_refused() -> None:
    table = made_table(40)
    with pytest.raises(InputError, match="decisions of shape"):
        worst_slices(table, [1, 0])
    with pytest.raises(InputError, match="column name"):
        worst_slices(table, table.labels(), columns=["absent"])
    with pytest.raises(InputError, match="level"):
        worst_slices(table, table.labels(), level=1.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("share", [0.6, 0.8, 0.97])
def test_a_column_of_mostly_one_value_is_searched(share: float, sign: float) -> None:
    """Zero inflation: the frequent value is a part, wherever the others lie."""
    random = np.random.default_rng(5)
    x = np.where(random.random(4000) < share, 0.0, random.exponential(size=4000))
    x[::11] = np.nan
    column = Column("x", "numeric", sign * x)
    parts = dict(column_parts(column))
    assert (np.sum(list(parts.values()), axis=0) == 1).all()
    if share > 0.75:
        assert len(parts) == 3
        np.testing.assert_array_equal(parts["x = 0"], x == 0)
    else:
        assert len(parts) >= 3
    y = (random.random(4000) < 0.5).astype(np.int8)
    table = Table((column,), y, BINARY)
    made = worst_slices(table, decided(table, np.where(x > 0, 0.5, 0.05)))
    assert {one.columns for one in made.worse} == {("x",)}
    assert np.isin("x = 0", [one.name for one in made.slices]) == (share > 0.75)


def test_moments_of_mostly_one_value_are_searched() -> None:
    days = np.datetime64("2024-01-01", "us") + np.arange(200) * np.timedelta64(1, "D")
    days[:170] = days[0]
    parts = column_parts(Column("day", "datetime", days))
    assert [inside.sum() for _, inside in parts] == [170, 30]
    assert parts[0][0] == "day = 2024-01-01 00:00:00"
    ends = "2024-06-19 00:00:00 to 2024-07-18 00:00:00"
    assert parts[1][0] == f"day {ends}"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([0.12341, 0.12342], ["x = 0.12341", "x = 0.12342"]),
        ([0.1234, 0.5], ["x = 0.1234", "x = 0.5"]),
        ([1234567.25, 1234567.375], ["x = 1,234,567.2", "x = 1,234,567.4"]),
        ([1e-30, 2e-30], [f"x = 0.{'0' * 29}1", f"x = 0.{'0' * 29}2"]),
        ([1.0, np.nextafter(1.0, 2.0)], ["x = 1", "x = 1.0000000000000002"]),
    ],
)
def test_different_values_have_different_names(values: list, names: list) -> None:
    parts = column_parts(Column("x", "numeric", np.repeat(values, 5)))
    assert [name for name, _ in parts] == names


def test_near_edges_and_moments_have_different_names() -> None:
    near = Column("x", "numeric", 5.0 + 1e-7 * np.arange(100))
    start = np.datetime64("2024-01-01", "us")
    moments = Column("t", "datetime", start + np.arange(100) * np.timedelta64(1, "ms"))
    for column in (near, moments):
        names = [name for name, _ in column_parts(column)]
        assert len(set(names)) == 4
        assert all(name.split(" to ")[0] != name.split(" to ")[1] for name in names)


def test_pairs_are_held_against_their_own_columns() -> None:
    """A comma in a category is not the end of its name."""
    rows = 4000
    random = np.random.default_rng(7)
    city = random.integers(0, 2, rows).astype(np.int32)
    flag = (random.random(rows) < 0.5).astype(float)
    columns = (
        Column("city", "categorical", city, ("a", "a, b")),
        Column("flag", "boolean", flag),
    )
    table = Table(columns, (random.random(rows) < 0.5).astype(np.int8), BINARY)
    errors = np.array([[0.5, 0.1], [0.02, 0.3]])[city, flag.astype(int)]
    made = worst_slices(table, decided(table, errors))
    pair = [one.name for one in made.slices if len(one.columns) == 2]
    assert "city = a, b, flag = 1" in pair
