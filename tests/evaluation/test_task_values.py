# SPDX-License-Identifier: Apache-2.0
"""Values of an arm of several classes: each with what the rows do to it."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.evaluation.task_out_of_fold import cross_fit_task
from equipoise.evaluation.task_values import (
    CLASS_METRICS,
    TaskArmValues,
    TrialTargets,
    part_of,
    view_decisions,
)
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task

CLASSES = Task("multiclass", ("a", "b", "c"))


def values(task: Task, y: np.ndarray, z: np.ndarray, **more) -> TaskArmValues:
    random = np.random.default_rng(5)
    folds = np.stack([random.permutation(len(y)) % 4 for _ in range(2)])
    rows = TaskRows.of(task, y)
    targets = TrialTargets(rows, folds, **more)
    scores = np.stack([z, z + 0.3 * random.normal(size=z.shape)])
    fitted = cross_fit_task(scores, rows, folds)
    if task.kind == "multilabel":
        decisions = (scores > 0).astype(int)
    else:
        decisions = scores.argmax(axis=2)
    return TaskArmValues(targets, scores, fitted, decisions)


@pytest.fixture(scope="module")
def arm() -> TaskArmValues:
    random = np.random.default_rng(4)
    y = random.choice(3, 240, p=[0.6, 0.3, 0.1])
    return values(CLASSES, y, 1.5 * np.eye(3)[y] + random.normal(size=(240, 3)))


def test_influences_add_over_the_views(arm: TaskArmValues) -> None:
    """A macro average's variance is that of the mean of the views' influences."""
    macro = arm.metrics["macro_roc_auc"]
    each = arm.views["roc_auc"]
    assert macro.value == pytest.approx(each.values.mean())
    assert macro.row == pytest.approx(each.row.mean(axis=1), abs=1e-9)
    assert macro.repeated == pytest.approx(each.repeated.mean(axis=1))


def test_every_metric_of_the_task_has_a_value_and_an_error(arm: TaskArmValues) -> None:
    assert set(arm.metrics) == set(arm.targets.metrics)
    assert set(arm.views) == set(CLASS_METRICS)
    for one in arm.metrics.values():
        assert np.isfinite(one.value)
        assert one.variance > 0
    assert set(arm.splits) == set(arm.targets.compared)
    for split in arm.splits.values():
        assert split.shape == (2, 4)


def test_a_fold_without_a_class_is_averaged_over_the_others() -> None:
    random = np.random.default_rng(6)
    y = np.concatenate([np.repeat([0, 1], [60, 40]), [2]])
    arm = values(CLASSES, y, np.eye(3)[y] + random.normal(size=(101, 3)))
    split = arm.splits["macro_average_precision"]
    assert np.isfinite(split).all()


def test_labels_have_a_view_each() -> None:
    random = np.random.default_rng(7)
    y = (random.random((200, 2)) < [0.4, 0.1]).astype(int)
    task = Task("multilabel", ("p", "q"))
    arm = values(task, y, 2.0 * y - 1 + random.normal(size=y.shape))
    assert arm.confusion is None
    assert arm.views["recall"].names == ("p", "q")
    flags = view_decisions(arm.decisions, 1, "multilabel")
    recall = (flags & (y[:, 1] == 1)).sum() / (2 * y[:, 1].sum())
    assert arm.views["recall"].values[1] == pytest.approx(recall)


def test_a_part_of_the_rows_is_those_rows(arm: TaskArmValues) -> None:
    inside = np.arange(240) % 2 == 0
    part = part_of(arm.targets.rows, inside)
    again = TaskRows.of(CLASSES, arm.targets.rows.y[inside])
    assert np.array_equal(part.truth, again.truth)
    assert np.array_equal(part.weights, again.weights)
