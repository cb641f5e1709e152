# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.metrics import METRICS
from equipoise.task import Task
from equipoise.uncertainty import view_influences

CLASSES = Task("multiclass", ("a", "b", "c", "d"))
LABELS = Task("multilabel", ("x", "y", "z"))


@pytest.mark.parametrize("metric", ["recall", "precision", "f1", "mcc", "f_beta"])
@pytest.mark.parametrize("task", [CLASSES, LABELS], ids=["classes", "labels"])
def test_metrics_of_decisions_of_each_view(metric, task) -> None:
    random = np.random.default_rng(0)
    weights = random.uniform(0.3, 2.0, 200)
    if task is CLASSES:
        y = random.choice(4, 200, p=[0.5, 0.25, 0.15, 0.1])
        made = (random.normal(size=(200, 4)) + 1.5 * np.eye(4)[y]).argmax(axis=1)
    else:
        y = (random.random((200, 3)) < [0.5, 0.3, 0.15]).astype(int)
        made = (random.normal(size=(200, 3)) + 1.5 * y > 0.5).astype(int)
        y[random.random((200, 3)) < 0.1] = -1
    options = {"beta": 2.0} if metric == "f_beta" else {}
    views = view_influences(metric, task, y, made, weights, **options)
    for k in range(len(views.names)):
        on = np.ones(200, bool) if task is CLASSES else y[:, k] >= 0
        truth = y == k if task is CLASSES else y[:, k] == 1
        flag = made == k if task is CLASSES else made[:, k] == 1
        value = METRICS[metric](truth[on], flag[on], weights[on], **options)
        assert views.values[k] == pytest.approx(value)
        if metric == "recall":
            right = flag[truth]
            w = weights[truth] / weights[truth].sum()
            share = np.sum((w * (right - w @ right)) ** 2) / (1 - np.sum(w**2))
            assert np.sum(views.row[:, k] ** 2) == pytest.approx(share, rel=1e-5)


def test_a_class_without_rows_has_a_reason_and_no_value() -> None:
    views = view_influences("recall", CLASSES, [0, 0, 1, 1], [0, 1, 1, 1])
    assert views.values[:2].tolist() == [0.5, 1.0]
    assert np.isnan(views.values[2:]).all()
    assert views.reasons == ("", "", "no rows of class 'c'", "no rows of class 'd'")
    assert not views.row[:, 2:].any()


def test_a_metric_of_no_view_is_refused() -> None:
    with pytest.raises(InputError, match="metric='macro_f1'"):
        view_influences("macro_f1", CLASSES, [0, 1], [0, 1])
