# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk

from equipoise.metrics import Counts, TaskRows, label_counts
from equipoise.metrics import label_decisions as defined
from equipoise.task import Task

TASK = Task("multilabel", ("x", "y", "z"))
FUNCTIONS = {
    "macro_f1": defined.macro_label_f1,
    "weighted_f1": defined.weighted_label_f1,
    "micro_f1": defined.micro_label_f1,
    "balanced": defined.balanced_label_accuracy,
}


def drawn(seed: int = 0):
    random = np.random.default_rng(seed)
    y = (random.random((300, 3)) < [0.5, 0.2, 0.05]).astype(int)
    made = np.where(random.random((300, 3)) < 0.7, y, 1 - y)
    return y, made, random.choice([0.5, 1.0, 2.0], 300)


@pytest.mark.parametrize("seed", range(3))
def test_values_equal_scikit_learn(seed) -> None:
    y, made, weights = drawn(seed)
    rows = TaskRows.of(TASK, y, weights)
    cells = label_counts(rows, made)
    for average in ("macro", "micro", "weighted"):
        reference = sk.f1_score(y, made, average=average, sample_weight=weights)
        value = FUNCTIONS[f"{average}_f1"](cells, rows.judged).value
        assert value == pytest.approx(reference), average
    each = [
        sk.balanced_accuracy_score(y[:, j], made[:, j], sample_weight=weights)
        for j in range(3)
    ]
    value = FUNCTIONS["balanced"](cells, rows.judged).value
    assert value == pytest.approx(np.mean(each))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_equal_finite_differences(name) -> None:
    y, made, weights = drawn()
    y[:, 1] = 0  # a label that cannot be judged
    rows = TaskRows.of(TASK, y, weights)
    cells = label_counts(rows, made)
    every = np.stack([cells.tp, cells.fp, cells.fn, cells.tn], axis=1)
    gradient = FUNCTIONS[name](cells, rows.judged).gradient
    for place in np.ndindex(every.shape):
        values = []
        for step in (1e-4, -1e-4):
            moved = every.copy()
            moved[place] += step
            values.append(FUNCTIONS[name](Counts(*moved.T), rows.judged).value)
        slope = (values[0] - values[1]) / 2e-4
        if place[0] == 1 and name != "micro_f1":
            slope = 0.0
        assert gradient[place] == pytest.approx(slope, abs=1e-7), place


def test_without_a_label_to_judge_it_is_nan() -> None:
    y = np.zeros((4, 3), int)
    rows = TaskRows.of(TASK, y)
    cells = label_counts(rows, y)
    for name, function in FUNCTIONS.items():
        assert np.isnan(function(cells, rows.judged).value), name
    flagged = label_counts(rows, 1 - y)
    assert defined.micro_label_f1(flagged, rows.judged).value == 0.0
