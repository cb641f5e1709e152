"""From replicates to intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from equipoise.evaluation.ends import difference_interval, resampled_interval
from equipoise.evaluation.replicates import DECISION
from equipoise.metrics import Estimate

METRICS = ("average_precision", "roc_auc", "brier", "log_loss", *DECISION)


def spread_out(value: float, spread: float) -> np.ndarray:
    """Three forms of replicates: around the value, below it, above it."""
    noise = spread * np.random.default_rng(0).standard_normal(2000)
    return np.stack([value + noise, value + noise - spread, value + noise + spread])


@pytest.mark.parametrize("metric", METRICS)
def test_the_interval_holds_the_value_and_has_a_width(metric: str) -> None:
    lower_is_better = metric in ("brier", "log_loss")
    forms = spread_out(0.4, 0.05)
    forms = forms[[0, 2, 1]] if lower_is_better else forms
    found = resampled_interval(metric, Estimate(0.4), forms, 30, 0.95)
    assert 0 <= found.low < 0.4 < found.high <= 1
    assert found.method.startswith("row weights")


@pytest.mark.parametrize("metric", ["average_precision", "recall", "f1", "g_mean"])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_spread_is_no_certainty(metric: str, value: float) -> None:
    found = resampled_interval(
        metric, Estimate(value), np.full((3, 50), value), 12, 0.95
    )
    assert found.high - found.low > 0.05


def test_fewer_units_and_a_higher_level_are_wider() -> None:
    forms = spread_out(0.6, 0.05)

    def width(units: int, level: float) -> float:
        e = resampled_interval("roc_auc", Estimate(0.6), forms, units, level)
        return e.high - e.low

    assert width(8, 0.95) > width(80, 0.95) > width(80, 0.8)


def test_what_is_undefined_stays_so() -> None:
    nothing = Estimate.undefined("nothing is flagged")
    assert resampled_interval(
        "precision", nothing, np.full((3, 9), np.nan), 9, 0.95
    ) is (nothing)
    one = resampled_interval("recall", Estimate(0.5), np.full((3, 9), 0.5), 1, 0.95)
    assert math.isnan(one.low)
    assert "one row" in one.reason


def test_a_difference_is_a_t_interval() -> None:
    drawn = 0.02 * np.random.default_rng(0).standard_normal(500) + 0.1
    found = difference_interval(0.1, drawn, 20, 0.9)
    se = drawn.std(ddof=1) * math.sqrt(20 / 19)
    low, high = stats.t.interval(0.9, 19, 0.1, se)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_differences_that_are_undefined() -> None:
    assert not difference_interval(math.nan, np.zeros(5), 20, 0.95).defined
    assert math.isnan(difference_interval(0.1, np.zeros(5), 1, 0.95).low)


@pytest.mark.parametrize("metric", ["average_precision", "roc_auc"])
def test_repeats_that_disagree_widen(metric: str) -> None:
    forms = spread_out(0.6, 0.05)
    alone = resampled_interval(metric, Estimate(0.6), forms, 40, 0.95)
    wider = resampled_interval(metric, Estimate(0.6), forms, 40, 0.95, between=0.05**2)
    ratio = (wider.high - wider.low) / (alone.high - alone.low)
    assert 1.4 < ratio <= math.sqrt(3) + 0.01
    huge = resampled_interval(metric, Estimate(0.6), forms, 40, 0.95, between=4.0)
    assert 0 <= huge.low < huge.high <= 1
