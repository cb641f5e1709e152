# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math

import numpy as np
import pytest
import sklearn.metrics as sk

from equipoise.errors import InputError
from equipoise.metrics import ClassConfusion, TaskRows, counts, label_counts
from equipoise.metrics.class_confusion import confusion_rows
from equipoise.task import Task

TASK = Task("multiclass", ("a", "b", "c", "d"))


@pytest.fixture
def decided():
    random = np.random.default_rng(0)
    y = random.choice(4, 300, p=[0.6, 0.25, 0.1, 0.05])
    made = np.where(random.random(300) < 0.6, y, random.choice(4, 300))
    return y, made, random.choice([0.0, 0.5, 1.0, 2.0], 300)


def test_counts_equal_scikit_learn(decided) -> None:
    y, made, weights = decided
    cells = ClassConfusion.of(TASK, y, made, weights)
    reference = sk.confusion_matrix(y, made, sample_weight=weights)
    assert cells.counts == pytest.approx(reference)
    common = {"average": None, "sample_weight": weights}
    assert cells.recalls == pytest.approx(sk.recall_score(y, made, **common))
    assert cells.precisions == pytest.approx(sk.precision_score(y, made, **common))
    assert cells.f1s == pytest.approx(sk.f1_score(y, made, **common))
    assert cells.rows == pytest.approx(weights.sum())


def test_each_view_is_the_binary_confusion(decided) -> None:
    y, made, weights = decided
    views = ClassConfusion.of(TASK, y, made, weights).views
    for k in range(4):
        one = counts(y == k, made == k, weights)
        for name in ("tp", "fp", "fn", "tn"):
            assert getattr(views, name)[k] == pytest.approx(float(getattr(one, name)))


def test_undecided_rows_are_rows_of_their_class_and_no_decision() -> None:
    cells = ClassConfusion.of(TASK, [0, 0, 1, 2], [0, -1, 0, -1])
    assert cells.undecided.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert cells.totals.tolist() == [2.0, 1.0, 1.0, 0.0]
    assert cells.recalls[:3].tolist() == [0.5, 0.0, 0.0]
    assert cells.precisions[0] == 0.5
    assert np.isnan(cells.recalls[3])
    assert np.isnan(cells.precisions[1])
    assert cells.judged.tolist() == [True, True, True, False]
    assert "undecided" in str(cells).splitlines()[0]


def test_the_mean_over_repeats() -> None:
    parts = [
        ClassConfusion.of(TASK, [0, 1, 1], made) for made in ([0, 1, 0], [1, 1, 1])
    ]
    mean = ClassConfusion.mean(parts)
    assert mean.counts[:2, :2].tolist() == [[0.5, 0.5], [0.5, 1.5]]
    with pytest.raises(InputError, match="one or more"):
        ClassConfusion.mean([])
    other = ClassConfusion(("a", "b"), np.eye(2))
    with pytest.raises(InputError, match="different classes"):
        ClassConfusion.mean([parts[0], other])


def test_plain_data_and_back(decided) -> None:
    y, made, weights = decided
    made = np.where(np.arange(300) % 7 == 0, -1, made)
    cells = ClassConfusion.of(TASK, y, made, weights)
    again = ClassConfusion.from_dict(json.loads(json.dumps(cells.as_dict())))
    assert again.classes == cells.classes
    assert (again.counts == cells.counts).all()
    assert (again.undecided == cells.undecided).all()


def test_text_of_few_and_of_many_classes(decided) -> None:
    y, made, _ = decided
    text = str(ClassConfusion.of(TASK, y, made))
    lines = text.splitlines()
    assert len(lines) == 5
    assert len({len(line) for line in lines}) == 1
    names = tuple(f"class {k}" for k in range(50))
    counted = np.diag(np.full(50, 9.0))
    counted[3, 4] = 2000.0
    many = str(ClassConfusion(names, counted)).splitlines()
    assert many == [
        "50 classes, 18.4% of the rows right",
        "2,000 of class 3 decided as class 4",
    ]


def test_bad_counts() -> None:
    with pytest.raises(InputError, match=r"shape \(3, 3\) and undecided"):
        ClassConfusion(("a", "b"), np.eye(3))
    with pytest.raises(InputError, match="negative"):
        ClassConfusion(("a", "b"), -np.eye(2))
    with pytest.raises(InputError, match="label_counts"):
        ClassConfusion.of(Task("multilabel", ("x",)), [[1]], [[1]])
    rows = TaskRows.of(Task("multilabel", ("x",)), [[1]])
    assert label_counts(rows, [[1]]).tp.tolist() == [1.0]


def test_counts_of_labels_leave_unknown_ones_out() -> None:
    random = np.random.default_rng(1)
    y = random.choice([-1, 0, 1], (200, 3))
    made = random.choice([-1, 0, 1], (200, 3))
    weights = random.choice([0.5, 1.0, 3.0], 200)
    rows = TaskRows.of(Task("multilabel", ("x", "y", "z")), y, weights)
    cells = label_counts(rows, made)
    for j in range(3):
        on = y[:, j] >= 0
        one = counts(y[on, j], made[on, j] == 1, weights[on])
        for name in ("tp", "fp", "fn", "tn"):
            assert getattr(cells, name)[j] == pytest.approx(float(getattr(one, name)))


def test_a_class_without_rows_has_no_shares() -> None:
    rows = confusion_rows([[3, 1], [0, 0]], ["no", "yes"])
    assert [row["count"] for row in rows] == [3, 1, 0, 0]
    assert [row["share"] for row in rows[:2]] == [0.75, 0.25]
    assert all(math.isnan(row["share"]) for row in rows[2:])
