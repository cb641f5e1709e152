# SPDX-License-Identifier: Apache-2.0
"""Intervals of metrics of several classes: where they lie, and when there is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from equipoise.evaluation.task_intervals import bounded_estimate, normalised
from equipoise.metrics import Estimate
from equipoise.metrics.ranking import (
    minimum_average_precision,
    normalised_average_precision,
)
from equipoise.metrics.task_registry import TASK_METRICS

ACCURACY = TASK_METRICS["balanced_accuracy"]


def test_the_interval_is_t_on_the_log_odds() -> None:
    e = bounded_estimate(ACCURACY, 0.8, 0.05**2, 12.0, 0.9)
    half = stats.t(11).ppf(0.95) * 0.05 / (0.8 * 0.2)
    assert (e.low, e.high) == pytest.approx(
        (expit(logit(0.8) - half), expit(logit(0.8) + half))
    )


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-9, 0.5])
@pytest.mark.parametrize("variance", [0.0, 1e-30, 0.01])
def test_an_interval_holds_its_value_and_has_a_width(value, variance) -> None:
    e = bounded_estimate(ACCURACY, value, variance, 8.0, 0.95)
    assert 0 <= e.low <= value <= e.high <= 1
    assert e.high - e.low > 0.01


def test_a_metric_from_minus_one_keeps_its_range() -> None:
    e = bounded_estimate(TASK_METRICS["mcc"], -0.95, 0.04, 10.0, 0.95)
    assert -1 <= e.low < -0.95 < e.high <= 1


def test_a_loss_has_no_upper_limit_and_stays_above_zero() -> None:
    e = bounded_estimate(TASK_METRICS["log_loss"], 0.2, 0.04, 10.0, 0.95)
    assert e.low == 0.0
    assert e.high > 0.2 + 2 * 0.2
    infinite = bounded_estimate(TASK_METRICS["log_loss"], np.inf, 0.1, 10.0, 0.95)
    assert infinite.reason
    assert np.isnan(infinite.low)


def test_one_unit_has_no_interval() -> None:
    for units, variance in ((1.0, 0.01), (9.0, np.nan)):
        e = bounded_estimate(ACCURACY, 0.5, variance, units, 0.95)
        assert np.isnan(e.low)
        assert e.reason


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
