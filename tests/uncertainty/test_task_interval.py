# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.metrics import TASK_METRICS
from equipoise.task import Task
from equipoise.uncertainty import clopper_pearson, macro_interval, task_influence
from equipoise.uncertainty.score_interval import t_quantile
from equipoise.uncertainty.task_interval import ONE_UNIT, freedom

CLASSES = Task("multiclass", ("a", "b", "c", "d"))
LABELS = Task("multilabel", ("x", "y", "z"))
COST = {"matrix": np.arange(16.0).reshape(4, 4) % 7}


def drawn(task: Task, seed: int = 0, rows: int = 120):
    random = np.random.default_rng(seed)
    if task is CLASSES:
        y = np.sort(random.choice(4, rows, p=[0.55, 0.25, 0.12, 0.08]))
        y[-4:] = 3
        return y, random.normal(size=(rows, 4)) + 2 * np.eye(4)[y]
    y = (random.random((rows, 3)) < [0.5, 0.3, 0.15]).astype(int)
    z = random.normal(size=(rows, 3)) + 2 * y
    y[random.random((rows, 3)) < 0.1] = -1
    return y, z


def taken(name: str, task: Task, z):
    if not TASK_METRICS[name].of_decisions:
        return z
    return z.argmax(axis=1) if task.kind == "multiclass" else (z > 0.5).astype(int)


CASES = [
    (name, task)
    for name, one in TASK_METRICS.items()
    for task in (CLASSES, LABELS)
    if task.kind in one.definitions
]


@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_value_lies_inside_and_the_limits_hold(name, task) -> None:
    y, z = drawn(task)
    options = COST if name == "cost" else {}
    for scores in (z, 50 * z, -z, np.zeros_like(z)):
        made = task_influence(name, task, y, taken(name, task, scores), **options)
        estimate = macro_interval(made)
        if not estimate.defined:
            assert "all decisions are the same" in estimate.reason
            continue
        assert made.limits[0] <= estimate.low <= estimate.value <= estimate.high
        assert estimate.high <= made.limits[1]
        assert estimate.method
        wider = macro_interval(made, 0.99)
        assert wider.low <= estimate.low
        assert wider.high >= estimate.high
        raised = macro_interval(made, raised=0.25, added=0.001)
        assert raised.low <= estimate.low
        assert raised.high >= estimate.high


@pytest.mark.parametrize("task", [CLASSES, LABELS], ids=["classes", "labels"])
def test_perfect_scores_have_an_interval_of_some_width(task) -> None:
    y, _ = drawn(task)
    right = np.eye(4)[y] if task is CLASSES else np.maximum(y, 0).astype(float)
    for name in ("macro_average_precision", "macro_roc_auc", "macro_f1"):
        made = task_influence(name, task, y, taken(name, task, 10 * right))
        estimate = macro_interval(made)
        assert estimate.value == 1.0
        assert estimate.high == 1.0
        assert 0.5 < estimate.low < 0.99


def test_of_one_class_of_rows_it_is_near_the_exact_limits_of_a_share() -> None:
    """Of two classes, one large: balanced accuracy is half a share."""
    y = np.repeat([0, 1], [4000, 12])
    task = Task("multiclass", ("no", "yes"))
    for wrong in (0, 3):
        made = np.where(np.arange(4012) >= 4012 - wrong, 0, y)
        estimate = macro_interval(task_influence("balanced_accuracy", task, y, made))
        low, high = clopper_pearson(12 - wrong, 12)
        assert estimate.low == pytest.approx(0.5 + low / 2, abs=0.06)
        assert estimate.high == pytest.approx(0.5 + high / 2, abs=0.06)


def test_a_share_of_all_rows_has_the_exact_limits_within() -> None:
    y = np.zeros((40, 2), int)
    y[:20, 0] = y[10:30, 1] = 1
    made = y.copy()
    estimate = macro_interval(
        task_influence("subset_accuracy", Task("multilabel", ("x", "y")), y, made)
    )
    low, high = clopper_pearson(40, 40)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-6)


def test_two_arms_of_freedom() -> None:
    y, z = drawn(CLASSES)
    fewest = np.bincount(y).min() - 1
    macro = task_influence("macro_average_precision", CLASSES, y, z)
    assert freedom(macro) == fewest
    # By rows, a class of 8 % matters little.
    pooled = task_influence("accuracy", CLASSES, y, z.argmax(1))
    assert freedom(pooled) > 3 * fewest
    parts = [(p.variance, p.units - 1) for p in pooled.parts]
    total = sum(v for v, _ in parts)
    assert freedom(pooled) == pytest.approx(total**2 / sum(v**2 / d for v, d in parts))


def test_log_loss_is_t_upwards_on_the_log_scale() -> None:
    y, z = drawn(CLASSES)
    made = task_influence("log_loss", CLASSES, y, z)
    estimate = macro_interval(made)
    assert 0 < estimate.low < estimate.value < estimate.high
    half = float(t_quantile(0.975, freedom(made))) * math.sqrt(made.variance)
    assert estimate.low < made.value - half
    assert estimate.high > made.value + half
    far = np.where(np.eye(4)[y] > 0, 900.0, 0.0)
    perfect = macro_interval(task_influence("log_loss", CLASSES, y, far))
    assert perfect.low == perfect.value == 0.0
    assert 0 < perfect.high < 1
    p = np.tile([0.0, 0.5, 0.25, 0.25], (y.size, 1))
    infinite = macro_interval(
        task_influence("log_loss", CLASSES, y, p, probabilities=True)
    )
    assert infinite.value == math.inf
    assert infinite.reason == "it is infinite"


def test_one_row_of_a_class_has_no_interval_and_says_so() -> None:
    y, z = drawn(CLASSES)
    keep = (y != 3) | (np.cumsum(y == 3) == 1)
    for name in ("macro_average_precision", "balanced_accuracy", "roc_auc_ovo"):
        made = task_influence(name, CLASSES, y[keep], taken(name, CLASSES, z)[keep])
        estimate = macro_interval(made)
        assert estimate.defined
        assert math.isnan(estimate.low)
        assert estimate.reason == ONE_UNIT
    pooled = task_influence("accuracy", CLASSES, y[keep], z.argmax(1)[keep])
    assert macro_interval(pooled).low > 0


def test_bias_moves_the_lower_end_alone() -> None:
    y, z = drawn(CLASSES)
    made = task_influence("macro_average_precision", CLASSES, y, z)
    assert 0 < made.bias < 0.1
    without = macro_interval(dataclasses.replace(made, bias=0.0, parts=made.parts[:0]))
    assert math.isnan(without.low)  # no parts: no class is known
    even = macro_interval(dataclasses.replace(made, bias=0.0))
    more = macro_interval(dataclasses.replace(made, bias=0.2))
    assert more.low < even.low
    assert more.high == even.high


def test_the_bias_is_that_of_average_precision() -> None:
    random = np.random.default_rng(1)
    y = np.repeat([0, 1], [60, 8])
    task = Task("multiclass", ("no", "yes"))
    values, biases = [], []
    for _ in range(600):
        score = random.normal(size=68) + y
        made = task_influence(
            "macro_average_precision", task, y, np.column_stack([-score, score])
        )
        values.append(made.value)
        biases.append(made.bias)
    large = np.repeat([0, 1], [60_000, 8_000])
    score = random.normal(size=68_000) + large
    truth = TASK_METRICS["macro_average_precision"](
        task, large, np.column_stack([-score, score])
    )
    assert np.mean(values) - truth == pytest.approx(np.mean(biases), rel=0.5)


def test_the_level_is_checked() -> None:
    y, z = drawn(CLASSES)
    made = task_influence("macro_roc_auc", CLASSES, y, z)
    with pytest.raises(InputError, match="level=1"):
        macro_interval(made, 1)
    undefined = task_influence("macro_roc_auc", CLASSES, [0, 0], np.zeros((2, 4)))
    assert str(macro_interval(undefined)) == "undefined (all rows are of one class)"
