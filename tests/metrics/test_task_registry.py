# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.metrics import (
    METRICS,
    TASK_METRICS,
    headline_metric,
    metric_of,
    task_metric_names,
)
from equipoise.task import Task

BINARY = Task("binary", ("no", "yes"))
CLASSES = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("x", "y"))


def test_every_record_is_whole() -> None:
    for name, one in TASK_METRICS.items():
        assert one.name == name
        assert one.low < one.high
        assert set(one.tasks) <= {"multiclass", "multilabel"}
        assert one.tasks
        assert one.meaning
        assert one.meaning[0].islower() or one.meaning.startswith("F1")
        assert one.title[0].isupper()
        assert not one.headline or one.reported


@pytest.mark.parametrize("name", TASK_METRICS)
def test_values_lie_within_the_limits_and_are_nan_without_rows(name) -> None:
    random = np.random.default_rng(0)
    one = TASK_METRICS[name]
    options = {"matrix": 1 - np.eye(3)} if name == "cost" else {}
    for kind in one.tasks:
        task = CLASSES if kind == "multiclass" else LABELS
        shape = (40,) if kind == "multiclass" else (40, 2)
        most = 3 if kind == "multiclass" else 2
        y, made = random.integers(0, most, shape), random.integers(0, most, shape)
        scores = random.normal(size=(40, task.width))
        given = made if one.of_decisions else scores
        value = one(task, y, given, **options)
        assert one.low <= value <= one.high
        assert str(one.estimate(task, y, given, **options).value) == str(value)
        empty = one.estimate(task, y[:0], given[:0], **options)
        assert str(empty) == "undefined (no rows)"


def test_a_reason_is_given_if_it_is_undefined() -> None:
    mcc = TASK_METRICS["mcc"]
    assert str(mcc.estimate(CLASSES, [0, 0], [0, 1])) == (
        "undefined (all rows are of one class)"
    )
    assert str(mcc.estimate(CLASSES, [0, 1], [0, 0])) == (
        "undefined (all decisions are the same)"
    )
    ranked = TASK_METRICS["macro_average_precision"]
    assert "every label is the same" in str(
        ranked.estimate(LABELS, [[1, 0], [1, 0]], np.zeros((2, 2)))
    )


def test_one_place_says_what_a_name_means() -> None:
    assert metric_of("f1", BINARY) is METRICS["f1"]
    assert metric_of("balanced_accuracy", BINARY) is METRICS["balanced_accuracy"]
    assert metric_of("balanced_accuracy", CLASSES) is TASK_METRICS["balanced_accuracy"]
    for name in task_metric_names(LABELS):
        assert metric_of(name, LABELS) is TASK_METRICS[name]


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("macro_f1", BINARY),
        ("macro_average_precision", BINARY),
        ("roc_auc_ovo", BINARY),
        ("f1", CLASSES),
        ("average_precision", LABELS),
        ("roc_auc", CLASSES),
    ],
)
def test_the_advice_names_a_metric_that_is_served(name, task) -> None:
    with pytest.raises(InputError, match="Pass metric=") as raised:
        metric_of(name, task)
    advised = str(raised.value).split("Pass metric='")[1].split("'")[0]
    assert metric_of(advised, task).name == advised


def test_names_that_are_not_served() -> None:
    with pytest.raises(InputError, match="Did you mean 'macro_f1'"):
        metric_of("makro_f1", CLASSES)
    with pytest.raises(InputError, match="a metric of two classes, for a multilabel"):
        metric_of("brier_skill", LABELS)
    with pytest.raises(UnsupportedError, match="serves multilabel tasks"):
        metric_of("hamming_loss", CLASSES)
    with pytest.raises(UnsupportedError, match="multiclass and multilabel"):
        TASK_METRICS["macro_f1"](BINARY, [0, 1], [0, 1])
    with pytest.raises(InputTypeError):
        metric_of(3, CLASSES)  # type: ignore[arg-type]


def test_headlines() -> None:
    assert headline_metric(BINARY) == "average_precision"
    for task in (CLASSES, LABELS):
        assert headline_metric(task) in task_metric_names(task, headline=True)
    assert "mcc" not in task_metric_names(LABELS)
