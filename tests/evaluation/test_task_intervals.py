# SPDX-License-Identifier: Apache-2.0
"""Intervals of metrics of several classes: where they lie, and when there is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.evaluation.cv_intervals import (
    ALONE,
    BETWEEN_DECISION,
    BETWEEN_LOSS,
    BETWEEN_RANKING,
    SHARED_ROWS,
)
from equipoise.evaluation.task_intervals import cv_factors, normalised, task_estimate
from equipoise.metrics import Estimate
from equipoise.metrics.ranking import (
    minimum_average_precision,
    normalised_average_precision,
)
from equipoise.task import Task
from equipoise.uncertainty.influences import task_influence
from equipoise.uncertainty.task_interval import macro_interval


def test_an_interval_grows_with_what_folds_and_repeats_add() -> None:
    random = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [60, 30, 12])
    decided = np.where(random.random((2, 102)) < 0.7, y, random.integers(0, 3, 102))
    task = Task("multiclass", ("a", "b", "c"))
    made = task_influence("balanced_accuracy", task, y, decided)
    plain, raised = macro_interval(made), task_estimate(made, 0.95)
    assert raised.value == plain.value
    assert raised.low < plain.low
    assert raised.high > plain.high
    one = dataclasses.replace(made, repeated=made.repeated[:1])
    assert task_estimate(one, 0.95).low < plain.low


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("macro_average_precision", (SHARED_ROWS, 0.5 * BETWEEN_RANKING)),
        ("log_loss", (SHARED_ROWS, 0.5 * BETWEEN_LOSS)),
        ("macro_f1", (SHARED_ROWS, 0.5 * BETWEEN_DECISION)),
        ("roc_auc", (SHARED_ROWS, 0.5 * BETWEEN_RANKING)),
        ("recall", (SHARED_ROWS, 0.5 * BETWEEN_DECISION)),
    ],
)
def test_what_is_added_depends_on_the_kind_of_metric(metric, expected) -> None:
    assert cv_factors(metric, 0.5) == expected
    assert cv_factors(metric, None) == (ALONE, 0.0)


def test_the_normalised_interval_is_the_plain_one_moved() -> None:
    y = np.repeat([True, False], [10, 30])
    z = np.random.default_rng(0).normal(size=40) + y
    least = minimum_average_precision(y, z)
    plain = Estimate(0.6, least / 2, 0.9, "x")
    moved = normalised(plain, y, np.ones(40))
    assert moved.low == 0.0
    assert moved.high == pytest.approx((0.9 - least) / (1 - least))
    value = dataclasses.replace(plain, value=1.0)
    assert normalised(value, y, np.ones(40)).value == 1.0
    assert normalised_average_precision(y, z) < 1.0
