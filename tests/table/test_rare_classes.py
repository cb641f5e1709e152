# SPDX-License-Identifier: Apache-2.0
"""Rare classes and labels are kept, merged or dropped, and it is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import InputError, TargetError
from equipoise.table.generated_tasks import make_classes
from equipoise.table.generators import gaussian_shift
from equipoise.table.rare_classes import (
    judged_rows,
    rare_classes,
    too_rare,
    treat_rare,
    with_classes_of,
    without_rare,
)
from equipoise.table.splits import outer_splits
from equipoise.table.table import Table
from equipoise.task import Task

COUNTS = [100, 3, 40, 1, 5]


@pytest.fixture
def table() -> Table:
    return make_classes(149, counts=COUNTS).table


def labels() -> Table:
    y = np.zeros((40, 4), np.int8)
    y[:10, 0] = 1
    y[:3, 1] = 1
    y[:38, 2] = 1
    y[:20, 3] = 1
    y[20:37, 3] = -1  # known to be without it: 3 rows
    rows = gaussian_shift(40, positives=4).table
    return dataclasses.replace(
        rows, y=y, task=Task("multilabel", tuple("abcd")), target="a, b, c, d"
    )


def test_which_are_rare(table: Table) -> None:
    assert rare_classes(table, 5) == (1, 3)
    assert rare_classes(table, 6) == (1, 3, 4)
    assert rare_classes(table, 2) == (3,)
    assert rare_classes(labels(), 5) == (1, 2, 3)
    assert rare_classes(labels(), 3) == (2,)


def test_cases_are_counted_not_rows(table: Table) -> None:
    y = table.labels()
    units = np.where(y == 4, 1000, np.arange(149))
    assert rare_classes(table, 5, units=units) == (1, 3, 4)
    _, notes = treat_rare(table, folds=5, units=units)
    assert "'c4' (5 rows)" in notes[0]


def test_keep(table: Table) -> None:
    same, notes = treat_rare(table)
    assert same is table
    assert notes == (
        "Classes with fewer cases than the 5 folds are trained on but not scored: "
        "'c1' (3 rows), 'c3' (1 row).",
    )
    assert treat_rare(table, folds=2)[1] == (
        "A class with fewer cases than the 2 folds is trained on but not scored: "
        "'c3' (1 row).",
    )
    assert treat_rare(make_classes(20, counts=[10, 10]).table, "drop")[1] == ()


def test_merge(table: Table) -> None:
    merged, notes = treat_rare(table, "merge")
    assert merged.classes == ("c0", "c2", "c4", "other (rare)")
    assert merged.task.merged_labels == ("c1", "c3")
    assert merged.task.totals(merged.labels()).tolist() == [100, 40, 5, 4]
    names = np.array(table.classes)[table.labels()]
    expected = np.where(np.isin(names, ["c1", "c3"]), "other (rare)", names)
    assert np.array(merged.classes)[merged.labels()].tolist() == expected.tolist()
    assert len(notes) == 2
    assert "one class, 'other (rare)', of 4 rows: 'c1' (3 rows), 'c3'" in notes[0]
    assert "'other (rare)' still has fewer cases than the 5 folds" in notes[1]
    merged, notes = treat_rare(table, "merge", 6)
    assert merged.task.totals(merged.labels()).tolist() == [100, 40, 9]
    assert len(notes) == 1  # it has cases enough
    assert treat_rare(table, "merge", 2)[0] is table
    assert "no other such class to merge" in treat_rare(table, "merge", 2)[1][0]


def test_the_merged_class_has_a_name_of_its_own(table: Table) -> None:
    task = Task("multiclass", ("Other  (RARE)", "b", "other (rare) 2", "d", "e"))
    merged, _ = treat_rare(dataclasses.replace(table, task=task), "merge")
    assert merged.classes[-1] == "other (rare) 3"


def test_drop(table: Table) -> None:
    left, notes = treat_rare(table, "drop")
    assert left.classes == ("c0", "c2", "c4")
    assert left.task.totals(left.labels()).tolist() == [100, 40, 5]
    rows = np.flatnonzero(np.isin(table.labels(), [0, 2, 4]))
    np.testing.assert_array_equal(left["x0"].values, table["x0"].values[rows])
    assert notes == (
        "4 rows of classes with fewer cases than the 5 folds left out: 'c1' (3 rows), "
        "'c3' (1 row).",
    )
    for split in outer_splits(left):
        assert set(left.labels()[split.test].tolist()) == {0, 1, 2}


def test_labels() -> None:
    table = labels()
    same, notes = treat_rare(table)
    assert same is table
    assert "'b' (3 rows), 'c' (38 rows), 'd' (20 rows)" in notes[0]
    left, notes = treat_rare(table, "drop", 3)
    assert left.classes == ("a", "b", "d")
    assert left.target == "a, b, d"
    np.testing.assert_array_equal(left.labels(), table.labels()[:, [0, 1, 3]])
    assert "left out: 'c' (38 rows)" in notes[0]


def test_other_rows_get_the_same_classes(table: Table) -> None:
    other = table.take(np.flatnonzero(np.isin(table.labels(), [1, 2, 3]))[::-1])
    names = np.array(table.classes)[other.labels()]
    merged, _ = treat_rare(table, "merge")
    test, notes = with_classes_of(other, merged)
    assert (test.task, notes) == (merged.task, ())
    expected = np.where(names == "c2", "c2", "other (rare)")
    assert np.array(merged.classes)[test.labels()].tolist() == expected.tolist()

    dropped, _ = treat_rare(table, "drop")
    test, notes = with_classes_of(other, dropped)
    assert test.task == dropped.task
    assert set(test.labels().tolist()) == {1}
    np.testing.assert_array_equal(test["x0"].values, other["x0"].values[names == "c2"])
    assert notes[0].startswith("4 rows of generators.make_classes left out")
    with pytest.raises(TargetError, match=r"all of classes that were dropped.*'keep'"):
        with_classes_of(table.take(table.labels() == 1), dropped)
    rare_rows = table.take(table.labels() == 1)
    assert with_classes_of(rare_rows, treat_rare(table)[0]) == (rare_rows, ())
    assert len(with_classes_of(rare_rows, merged)[0]) == 3

    left, _ = treat_rare(labels(), "drop", 3)
    test, _ = with_classes_of(labels().take([0, 39]), left)
    assert (test.task, test.target) == (left.task, "a, b, d")
    np.testing.assert_array_equal(test.labels(), left.labels()[[0, 39]])


def test_rare_classes_are_judged_nowhere() -> None:
    three = Task("multiclass", ("a", "b", "c"))
    y = np.array([0, 1, 2, 1, 0])
    judged, targets = without_rare(three, y, {"b": "why", "c": "why"})
    assert judged.tolist() == [True, False, False, False, True]
    assert targets.tolist() == y.tolist()
    assert without_rare(three, y, {})[0].all()
    labels = Task("multilabel", ("a", "b"))
    matrix = np.array([[1, 0], [0, 1], [-1, 1]], np.int8)
    judged, targets = without_rare(labels, matrix, ["b"])
    assert judged.all()
    assert targets.tolist() == [[1, -1], [0, -1], [-1, -1]]
    assert matrix[1, 1] == 1  # the rows themselves stay


def test_what_is_judged_is_what_is_not_too_rare(table: Table) -> None:
    judged, y, unscored = judged_rows(table, 5)
    assert y is table.labels()
    np.testing.assert_array_equal(judged, ~np.isin(y, [1, 3]))
    assert unscored == {
        "c1": "class 'c1' has fewer cases than the 5 folds",
        "c3": "class 'c3' has fewer cases than the 5 folds",
    }
    units = np.where(table.labels() == 4, 1000, np.arange(149))
    assert list(judged_rows(table, 5, units)[2]) == ["c1", "c3", "c4"]
    part = table.labels()[::2]
    judged, y, _ = judged_rows(table, 5, y=part)
    assert y is part
    np.testing.assert_array_equal(judged, ~np.isin(part, [1, 3]))

    judged, y, unscored = judged_rows(labels(), 3)
    assert judged.all()
    np.testing.assert_array_equal(y[:, [0, 1, 3]], labels().labels()[:, [0, 1, 3]])
    assert (y[:, 2] == -1).all()
    assert unscored == {
        "c": "label 'c' has too few rows with it, or without it, for the 3 folds"
    }
    assert unscored == too_rare(labels(), 3)


def test_of_two_classes_every_row_is_judged() -> None:
    table = gaussian_shift(40, positives=2).table
    judged, y, unscored = judged_rows(table, 5)
    assert judged.all()
    assert y is table.labels()
    assert unscored == {}


def test_two_classes_are_as_they_are() -> None:
    table = gaussian_shift(40, positives=2).table
    for rare in ("keep", "merge", "drop"):
        assert treat_rare(table, rare) == (table, ())


def test_refused(table: Table) -> None:
    with pytest.raises(InputError, match=r"rare='dropp'.*Did you mean 'drop'"):
        treat_rare(table, "dropp")
    with pytest.raises(InputError, match=r"rare='merge' for a table of several labels"):
        treat_rare(labels(), "merge")
    small = make_classes(12, counts=[6, 3, 3]).table
    with pytest.raises(TargetError, match="of whose 3 classes 1 is not rare"):
        treat_rare(small, "drop")
    assert treat_rare(small, "merge")[0].classes == ("c0", "other (rare)")
    with pytest.raises(TargetError, match=r"0 are not rare.*keep' with fewer folds"):
        treat_rare(small, "merge", 8)
    assert treat_rare(small, "keep", 3) == (small, ())
    few = dataclasses.replace(
        labels(), y=labels().labels()[:, 1:2], task=Task("multilabel", ("b",))
    )
    with pytest.raises(TargetError, match="of whose 1 labels 0 are not rare"):
        treat_rare(few, "drop")
