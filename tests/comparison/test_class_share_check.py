# SPDX-License-Identifier: Apache-2.0
"""Whether a test file has the shares of the training table: tests and words."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy import stats

from equipoise.comparison import share_check
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task
from equipoise.uncertainty import holm, shares_p_value

THREE = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("p", "q", "r"))


def classes(*sizes: int) -> TaskRows:
    return TaskRows.of(THREE, np.repeat([0, 1, 2], sizes))


def labels(rows: int, *counts: int) -> TaskRows:
    y = np.arange(rows)[:, None] < np.array(counts)
    return TaskRows.of(LABELS, y.astype(int))


def test_classes() -> None:
    train, test = classes(500, 300, 50), classes(60, 30, 20)
    check = share_check(train, test)
    assert check.p == shares_p_value([500, 300, 50], [60, 30, 20])
    assert check.train == pytest.approx({"a": 500 / 850, "b": 300 / 850, "c": 50 / 850})
    assert check.test["c"] == pytest.approx(20 / 110)
    assert (check.by_label, "Freeman" in check.method) == ({}, True)
    assert "differ" in check.sentence
    assert "most of all 'c' (18.18%; 5.88% in training)" in check.sentence
    same = share_check(train, classes(58, 34, 6))
    assert "no sign of a difference" in same.sentence
    assert "differ from" in share_check(train, classes(58, 34, 6), alpha=0.999).sentence


def test_labels_one_by_one_with_holm() -> None:
    train, test = labels(400, 100, 40, 8), labels(90, 24, 25, 1)
    check = share_check(train, test)
    expected = [
        stats.fisher_exact([[a, 400 - a], [b, 90 - b]]).pvalue
        for a, b in ((100, 24), (40, 25), (8, 1))
    ]
    assert list(check.by_label.values()) == pytest.approx(holm(expected).tolist())
    assert check.p == min(check.by_label.values())
    assert check.sentence.startswith("1 of 3 labels have another share")
    assert "'q'" in check.sentence
    assert "no sign" in share_check(train, train).sentence


def test_unknown_labels_are_left_out() -> None:
    train, test = labels(400, 100, 40, 8), labels(90, 24, 25, 1)
    y = test.y.copy()
    y[:, 2], y[:10, 1] = -1, -1
    check = share_check(train, TaskRows.of(LABELS, y))
    assert np.isnan(check.by_label["r"])
    assert np.isnan(check.test["r"])
    assert check.test["q"] == pytest.approx(15 / 80)
    y[:] = -1
    nothing = share_check(train, TaskRows.of(LABELS, y))
    assert np.isnan(nothing.p)
    assert "no row with a label" in nothing.sentence
    empty = share_check(classes(5, 5, 5), classes(0, 0, 0))
    assert np.isnan(empty.p)
    assert "no row that is scored" in empty.sentence


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_copies_count_about_once(kind: str) -> None:
    random = np.random.default_rng(1)
    if kind == "classes":
        y = [random.choice(3, size, p=[0.7, 0.2, 0.1]) for size in (600, 80)]
        task = THREE
    else:
        y = [(random.random((n, 3)) < [0.3, 0.2, 0.1]).astype(int) for n in (600, 80)]
        task = LABELS
    once = share_check(*(TaskRows.of(task, part) for part in y))
    many = [TaskRows.of(task, np.repeat(part, 6, axis=0)) for part in y]
    units = tuple(np.repeat(np.arange(len(part)), 6) for part in y)
    grouped = share_check(*many, units=units)
    as_rows = share_check(*many)
    assert grouped.p == pytest.approx(once.p, abs=0.2)  # Holm: three times as much
    assert as_rows.p <= once.p


@pytest.mark.parametrize("kind", ["classes", "labels"])
@pytest.mark.parametrize("copies", [1, 4])
def test_rows_that_stand_for_others_count_as_many(kind: str, copies: int) -> None:
    """Of a class that is kept in part, each row stands for those left out."""
    task = THREE if kind == "classes" else LABELS
    number = np.repeat([0, 1, 2], [4_000, 600, 60])
    y = number if kind == "classes" else np.eye(3, dtype=int)[number]
    test_number = np.repeat([0, 1, 2], [400, 60, 6])
    test = test_number if kind == "classes" else np.eye(3, dtype=int)[test_number]
    kept = np.repeat([0, 1, 2], [400, 300, 60])
    weights = np.array([10.0, 2.0, 1.0])[kept]
    made = np.eye(3, dtype=int)[kept] if kind == "labels" else kept
    again = partial(np.repeat, repeats=copies, axis=0)
    of_all, of_kept, of_test = (
        again(np.arange(len(part))) if copies > 1 else None for part in (y, made, test)
    )
    other = TaskRows.of(task, again(test))
    whole = share_check(TaskRows.of(task, again(y)), other, units=(of_all, of_test))
    part = share_check(
        TaskRows.of(task, again(made), again(weights)), other, units=(of_kept, of_test)
    )
    assert part.train == pytest.approx(whole.train)
    # Few clusters are worth a little less, which the rows left out would not be.
    assert part.p == pytest.approx(whole.p, abs=1e-12 if copies == 1 else 0.02)
    assert "no sign of a difference" in part.sentence
    moved = TaskRows.of(task, again(made))
    as_rows = share_check(moved, other, units=(of_kept, of_test))
    assert as_rows.p < 0.001
