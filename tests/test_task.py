# SPDX-License-Identifier: Apache-2.0
"""What a target is, and the binary problems that it holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit, softmax

from equipoise.decision import fit_class_calibrator, fit_class_rule, fit_label_rule
from equipoise.decision.task_objectives import task_objective_names
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.metrics import headline_metric, metric_of, task_metric_names
from equipoise.task import UNKNOWN_LABEL, Task, label_matrix
from equipoise.uncertainty import (
    confusion_intervals,
    task_influence,
    view_influences,
)

BINARY = Task("binary", ("no", "yes"))
CLASSES = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("red", "round"))


def test_width_and_link() -> None:
    shapes = [(task.width, task.link) for task in (BINARY, CLASSES, LABELS)]
    assert shapes == [(1, "sigmoid"), (3, "softmax"), (2, "sigmoid")]


def test_class_numbers_are_small_if_there_are_two() -> None:
    assert (BINARY.class_number_type, CLASSES.class_number_type) == (np.int8, np.int64)


@pytest.mark.parametrize("task", [BINARY, CLASSES, LABELS])
def test_plain_data(task: Task) -> None:
    assert Task.from_dict(task.to_dict()) == task
    assert Task.from_dict({**task.to_dict(), "target": "y"}) == task


def test_positive_labels_are_saved() -> None:
    task = Task("binary", ("no", "a, b"), ("a", "b"))
    assert Task.from_dict(task.to_dict()) == task
    assert hash(task) != hash(BINARY)


def test_merged_labels_are_saved() -> None:
    task = Task("multiclass", ("a", "b", "other"), merged_labels=("c", "d"))
    assert Task.from_dict(task.to_dict()) == task
    assert task != Task("multiclass", ("a", "b", "other"))
    assert "merged_labels" not in CLASSES.to_dict()


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        ("binary", ("a",)),
        ("binary", ("a", "b", "c")),
        ("multiclass", ("a",)),
        ("multilabel", ()),
        ("several", ("a", "b")),
    ],
)
def test_refused(kind: str, classes: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        Task(kind, classes)  # type: ignore[arg-type]  # refused


def test_totals_are_counts_or_sums_of_weights() -> None:
    weights = np.array([0.5, 1.0, 2.0, 4.0])
    y = np.array([0, 1, 1, 0], np.int8)
    assert BINARY.totals(y).tolist() == [2.0, 2.0]
    assert BINARY.totals(y, weights).tolist() == [4.5, 3.0]
    y = np.array([2, 0, 2, 2])
    assert CLASSES.totals(y).tolist() == [1.0, 0.0, 3.0]
    assert CLASSES.totals(y, weights).tolist() == [1.0, 0.0, 6.5]
    y = np.array([[0, 1], [1, 1], [0, 0], [1, 1]], np.int8)
    assert LABELS.totals(y).tolist() == [[2.0, 2.0], [1.0, 3.0]]
    assert LABELS.totals(y, weights).tolist() == [[2.5, 5.0], [2.0, 5.5]]
    assert BINARY.totals([]).tolist() == [0.0, 0.0]


def test_totals_of_weights_add_up_as_numpy_does() -> None:
    random = np.random.default_rng(0)
    y, weights = random.integers(0, 2, 1000), random.random(1000)
    n0, n1 = BINARY.totals(y, weights)
    assert n0 == weights[y == 0].sum()
    assert n1 == weights[y == 1].sum()


def test_probabilities() -> None:
    z = np.random.default_rng(0).normal(scale=5, size=(50, 3))
    np.testing.assert_allclose(CLASSES.probability(z), softmax(z, axis=-1), rtol=1e-13)
    np.testing.assert_allclose(
        LABELS.probability(z[:, :2]), expit(z[:, :2]), rtol=1e-13
    )
    both = BINARY.probability(z[:, :1])
    np.testing.assert_allclose(both[:, 1], expit(z[:, 0]), rtol=1e-13)
    np.testing.assert_allclose(both.sum(axis=1), 1.0)
    extreme = CLASSES.probability([[1e4, 0.0, -1e4]])
    assert extreme.tolist() == [[1.0, 0.0, 0.0]]


def test_scores_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match="last axis of 3"):
        CLASSES.probability([[0.0, 1.0]])
    with pytest.raises(InputError, match="last axis of 1"):
        list(BINARY.views([0, 1], [0.0, 1.0]))


def test_views() -> None:
    z = np.random.default_rng(1).normal(scale=3, size=(4, 3))
    (view,) = BINARY.views([0, 1, 1, 0], z[:, :1])
    assert (view.name, view.y.tolist()) == ("yes", [False, True, True, False])
    np.testing.assert_array_equal(view.scores, z[:, 0])

    y = np.array([2, 0, 1, 1])
    views = list(CLASSES.views(y, z))
    assert [view.name for view in views] == ["a", "b", "c"]
    p = softmax(z, axis=-1)
    for label, view in enumerate(views):
        np.testing.assert_array_equal(view.y, y == label)
        np.testing.assert_allclose(view.scores, logit(p[:, label]), rtol=1e-9)

    y = np.array([[0, 1], [1, 1], [0, 0], [1, 1]])
    views = list(LABELS.views(y, z[:, :2]))
    assert [view.name for view in views] == ["red", "round"]
    for label, view in enumerate(views):
        np.testing.assert_array_equal(view.y, y[:, label] == 1)
        np.testing.assert_array_equal(view.scores, z[:, label])
    assert [view.scores for view in CLASSES.views([0])] == [None] * 3


def test_a_class_against_the_rest_stays_exact_where_its_probability_is_one() -> None:
    a, *_ = CLASSES.views([0], [[800.0, 0.0, 0.0]])
    assert a.scores is not None
    assert a.scores[0] == pytest.approx(800.0 - np.log(2.0), rel=1e-15)


def test_only_binary_passes() -> None:
    BINARY.require_binary("fit")
    with pytest.raises(UnsupportedError, match=r"multiclass table for fit.*'a', 'b'"):
        CLASSES.require_binary("fit")
    with pytest.raises(UnsupportedError, match="one of its labels"):
        LABELS.require_binary("fit")
    crowd = Task("multiclass", tuple(f"c{i}" for i in range(12)))
    with pytest.raises(UnsupportedError, match="'c9' and 2 more"):
        crowd.require_binary("fit")


def test_unknown_labels_are_in_no_total_and_no_view() -> None:
    y = np.array([[0, 1], [1, -1], [-1, 0], [1, 1]], np.int8)
    weights = np.array([0.5, 1.0, 2.0, 4.0])
    assert UNKNOWN_LABEL == -1
    assert LABELS.totals(y).tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert LABELS.totals(y, weights).tolist() == [[0.5, 5.0], [2.0, 4.5]]
    red, round_ = LABELS.views(y)
    assert red.y.tolist() == [False, True, False, True]
    assert red.labelled is not None
    assert red.labelled.tolist() == [True, True, False, True]
    assert round_.labelled is not None
    assert round_.labelled.tolist() == [True, False, True, True]
    assert [view.labelled for view in LABELS.views(np.abs(y))] == [None, None]
    assert [view.labelled for view in CLASSES.views([0, 1])] == [None] * 3
    assert [view.labelled for view in BINARY.views([0, 1])] == [None]


def test_label_matrices_of_users() -> None:
    nan = float("nan")
    for values in (
        [[1, 0], [-1, 1]],
        [[1.0, 0.0], [nan, 1.0]],
        np.array([[True, False], [None, True]], object),
    ):
        result = label_matrix(values)
        assert result.dtype == np.int8
        assert result.tolist() == [[1, 0], [-1, 1]]
    assert label_matrix(np.array([[True, False]])).tolist() == [[1, 0]]
    assert label_matrix(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0, 1], [2, 2]], r"with 2 in row 1, column 0 and 1 more such values"),
        ([[0.5]], r"with 0\.5 in row 0, column 0\. "),
        ([[np.inf]], "with inf in row 0"),
        ([0, 1], r"shape \(2,\)"),
        ([["yes"]], "type <U3"),
    ],
)
def test_other_label_matrices_are_refused(values: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        label_matrix(values)  # type: ignore[arg-type]  # refused


@pytest.mark.parametrize("task", ["multiclass", None, ("a", "b")])
@pytest.mark.parametrize(
    "use",
    [
        headline_metric,
        task_metric_names,
        task_objective_names,
        lambda task: metric_of("f1", task),
        lambda task: confusion_intervals(task, [0, 1], [0, 1]),
        lambda task: task_influence("accuracy", task, [0, 1], [0, 1]),
        lambda task: view_influences("recall", task, [0, 1], [0, 1]),
        lambda task: fit_class_calibrator(task, [[0.0, 1.0]], [1]),
        lambda task: fit_class_rule("accuracy", task, [[0.5, 0.5]], [1]),
        lambda task: fit_label_rule("f1", task, [[0.5, 0.5]], [[1, 0]]),
    ],
)
def test_something_else_is_no_task(use, task) -> None:
    with pytest.raises(InputTypeError, match=r"task=.*table\.task"):
        use(task)
