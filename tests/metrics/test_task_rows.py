# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.metrics import TaskRows
from equipoise.metrics.task_rows import class_numbers
from equipoise.task import Task

CLASSES = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("x", "y"))


def test_the_views_that_can_be_judged_follow_from_targets_and_weights() -> None:
    rows = TaskRows.of(CLASSES, [0, 1, 2, 0], [1.0, 2.0, 0.0, 1.0])
    assert rows.judged.tolist() == [True, True, False]
    assert rows.positives.tolist() == [2.0, 2.0, 0.0]
    assert rows.negatives.tolist() == [2.0, 2.0, 4.0]
    assert [rows.reason(view) for view in range(3)] == ["", "", "no rows of class 'c'"]
    alone = TaskRows.of(CLASSES, [1, 1])
    assert alone.no_view == "all rows are of one class"
    assert alone.reason(1) == "no rows of a class other than 'b'"
    assert TaskRows.of(CLASSES, []).no_view == "no rows"


def test_unknown_labels_are_in_no_view() -> None:
    y = [[1, 0], [0, -1], [-1, np.nan], [1, 0]]
    rows = TaskRows.of(LABELS, y)
    assert rows.positives.tolist() == [2.0, 0.0]
    assert rows.negatives.tolist() == [1.0, 2.0]
    assert rows.reason(1) == "no rows with label 'y'"
    used, truth, weights = rows.view(0)
    assert used.tolist() == [True, True, False, True]
    assert truth.tolist() == [True, False, True]
    assert weights.tolist() == [1.0, 1.0, 1.0]
    unknown = TaskRows.of(LABELS, [[1, -1], [0, -1]])
    assert unknown.reason(1) == "no row in which label 'y' is known"
    with_it = TaskRows.of(LABELS, [[1, 1], [1, 0]])
    assert with_it.reason(0) == "no rows without label 'x'"


def test_equal_probabilities_are_tied_however_the_others_are_ordered() -> None:
    random = np.random.default_rng(0)
    task = Task("multiclass", tuple("abcdefg"))
    rest = random.dirichlet(np.ones(6), 300) * 0.7
    p = np.column_stack([np.full(300, 0.3), rest])
    rows = TaskRows.of(task, np.arange(300) % 7)
    order = rows.ranked(np.log(p) + random.normal(size=(300, 1)))
    assert np.unique(order[:, 0]).size == 1
    # And nothing else is tied.
    assert np.unique(order[:, 1]).size == 300


def test_the_order_of_the_views_is_that_of_the_probabilities() -> None:
    random = np.random.default_rng(1)
    z = random.normal(size=(200, 3)) * [1.0, 30.0, 3000.0]
    rows = TaskRows.of(CLASSES, np.arange(200) % 3)
    order = rows.ranked(z)
    p = rows.probability(z)
    for view in range(3):
        inside = (p[:, view] > 1e-12) & (p[:, view] < 1 - 1e-12)
        assert inside.any()
        assert (np.argsort(order[inside, view]) == np.argsort(p[inside, view])).all()
    assert rows.ranked(p, True).tolist() == p.tolist()
    binary = TaskRows.of(Task("binary", ("no", "yes")), [0, 1])
    assert binary.ranked([[0.7, 0.3], [0.4, 0.6]], True).tolist() == [[0.3], [0.6]]
    assert binary.ranked([[-3.0], [2.0]]).tolist() == [[-3.0], [2.0]]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[1, 0, 0]], r"y.argmax\(axis=1\)"),
        ([0, 3], r"hold \[3\.?0?\].*from 0 to 2"),
        ([0, -1], r"hold \[-1"),
        ([0.5, 1], r"hold \[0.5\]"),
        ([0, np.nan], "hold .nan"),
    ],
)
def test_targets_are_checked(y, message) -> None:
    with pytest.raises(InputError, match=message):
        TaskRows.of(CLASSES, y)
    assert TaskRows.of(CLASSES, np.array([[1, 0, 0]]).argmax(axis=1)).y.tolist() == [0]


def test_names_of_classes_are_told_how_to_become_numbers() -> None:
    with pytest.raises(InputTypeError, match=r"classes.index\(name\) for name in y"):
        class_numbers(["a", "c"], CLASSES)
    with pytest.raises(InputTypeError, match="classes such as 'z'"):
        class_numbers(["z"], CLASSES)
    classes, y = CLASSES.classes, ["a", "c"]
    assert class_numbers([classes.index(n) for n in y], CLASSES).tolist() == [0, 2]
    with pytest.raises(InputError, match="masked"):
        class_numbers(np.ma.array([0, 1], mask=[0, 1]), CLASSES)


def test_labels_are_checked() -> None:
    with pytest.raises(InputError, match="for 2 labels"):
        TaskRows.of(LABELS, [[1, 0, 0]])
    with pytest.raises(InputError, match="labels with 2"):
        TaskRows.of(LABELS, [[1, 2]])
    with pytest.raises(InputError, match="weights of shape"):
        TaskRows.of(LABELS, [[1, 0]], [1.0, 2.0])


def test_predictions_are_checked() -> None:
    rows = TaskRows.of(CLASSES, [0, 1])
    with pytest.raises(InputError, match=r"shape \(2, 3\)"):
        rows.ranked([[1.0, 2.0], [1.0, 2.0]])
    with pytest.raises(InputError, match=r"not a number \(row 1\)"):
        rows.ranked([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0]])
    with pytest.raises(InputError, match=r"infinite logits.*probabilities=True"):
        rows.ranked([[1.0, 2.0, 3.0], [1.0, -np.inf, 3.0]])
    with pytest.raises(InputError, match=r"sum to 0.9.*Divide each row by its sum"):
        rows.ranked([[0.2, 0.3, 0.5], [0.2, 0.3, 0.4]], True)
    with pytest.raises(InputError, match="from 0 to 1"):
        rows.ranked([[0.2, 0.3, 0.5], [-0.1, 0.6, 0.5]], True)
    divided = np.array([[2.0, 3.0, 5.0], [1.0, 1.0, 2.0]])
    divided /= divided.sum(axis=1, keepdims=True)
    assert rows.ranked(divided, True).shape == (2, 3)
    impossible = np.array([[0.5, 0.5, 0.0], [0.2, 0.8, 0.0]])
    assert (rows.ranked(impossible, probabilities=True) == impossible).all()


def test_decisions_are_checked() -> None:
    rows = TaskRows.of(CLASSES, [0, 1])
    assert rows.decided([2, -1]).tolist() == [2, -1]
    with pytest.raises(InputError, match=r"hold \[3.0\].*from 0 to 2, or -1"):
        rows.decided([0, 3])
    scores = np.eye(3)[:2]
    with pytest.raises(InputError, match=r"scores.argmax\(axis=1\)"):
        rows.decided(scores)
    assert rows.decided(scores.argmax(axis=1)).tolist() == [0, 1]
    labels = TaskRows.of(LABELS, [[0, 1]])
    with pytest.raises(InputError, match=r"0, 1, or -1 .* of shape \(1, 2\)"):
        labels.decided([[0, 2]])
