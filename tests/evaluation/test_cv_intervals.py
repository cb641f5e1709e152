"""From replicates to intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.evaluation.arm_values import ArmValues, EvaluatedRows
from equipoise.evaluation.cv_intervals import (
    ALONE,
    BETWEEN_DECISION,
    BETWEEN_LOSS,
    BETWEEN_RANKING,
    SHARED_ROWS,
    ErrorBasis,
    difference_error,
    error_basis,
    limits,
    paired_interval,
    resampled_interval,
)
from equipoise.metrics import METRICS, Estimate, average_precision
from equipoise.metrics.registry import decided_metrics
from equipoise.uncertainty.influence import average_precision_spread
from equipoise.uncertainty.row_weights import RowWeights, cluster_numbers
from equipoise.uncertainty.score_interval import Spread, effective_wilson

NAMES = ("average_precision", "roc_auc", "brier", "log_loss", *decided_metrics())
LOG_LOSS = (0.0, math.inf)


def spread_out(value: float, spread: float) -> np.ndarray:
    """Replicates around the value."""
    return value + spread * np.random.default_rng(0).standard_normal(2000)


def ends(metric: str, value: float, spread: float, level: float = 0.95, **basis):
    whole = METRICS[metric].low, METRICS[metric].high
    given = ErrorBasis(**{"units": 30, "among": 30.0, "limits": whole, **basis})
    drawn = spread_out(value, spread)
    return resampled_interval(metric, Estimate(value), drawn, given, level)


@pytest.mark.parametrize("metric", NAMES)
@pytest.mark.parametrize("value", [0.0, 0.02, 0.4, 0.98, 1.0])
@pytest.mark.parametrize("spread", [0.0, 0.05, 0.4])
def test_the_interval_holds_the_value_and_has_a_width(metric, value, spread) -> None:
    found = ends(metric, value, spread)
    assert METRICS[metric].low <= found.low <= value <= found.high
    assert found.high <= METRICS[metric].high
    assert found.high - found.low > 0.01 * (value or 1.0)
    assert found.method.startswith("row weights")


def test_the_variance_is_what_is_said() -> None:
    """Of a middling value with many units it is Wilson's at p (1 - p) / v trials."""
    drawn = spread_out(0.5, 0.02)
    found = ends("roc_auc", 0.5, 0.02, units=4000, among=4000.0, between=1e-4)
    v = drawn.var(ddof=1) * 4000 / 3999 * (1 + SHARED_ROWS) + BETWEEN_RANKING * 1e-4
    q = stats.t.ppf(0.975, 4001)
    trials = 4001 / (3999 * v / 0.25 + 2 / 4000)
    half = q * math.sqrt(trials * 0.25 + q * q / 4) / (trials + q * q)
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-4)


@pytest.mark.parametrize(
    ("metric", "times"),
    [
        ("roc_auc", BETWEEN_RANKING),
        ("recall", BETWEEN_DECISION),
        ("brier", BETWEEN_LOSS),
    ],
)
def test_repeats_that_disagree_widen(metric, times) -> None:
    def width(between: float | None) -> float:
        e = ends(metric, 0.4, 0.02, units=2000, among=2000.0, between=between)
        return e.high - e.low

    same = width(0.0)
    assert width(1e-3) / same == pytest.approx(
        math.sqrt(1 + times * 1e-3 / (4e-4 * (1 + SHARED_ROWS))), rel=0.05
    )
    assert width(None) / same == pytest.approx(
        math.sqrt((1 + ALONE) / (1 + SHARED_ROWS)), rel=0.02
    )


def test_fewer_units_and_a_higher_level_are_wider() -> None:
    def width(units: int, level: float) -> float:
        e = ends("roc_auc", 0.6, 0.05, level, units=units, among=float(units))
        return e.high - e.low

    assert width(8, 0.95) > width(80, 0.95) > width(80, 0.8)


def test_a_certain_share_has_the_width_of_its_rows() -> None:
    """Precision of 1 among 3 flagged rows says less than among 300."""
    few = ends("precision", 1.0, 0.0, among=3.0)
    many = ends("precision", 1.0, 0.0, among=300.0)
    assert few.low < 0.5 < 0.95 < many.low
    assert few.high == many.high == 1.0


def test_f1_is_taken_as_a_share_of_the_rows_concerned() -> None:
    among = ends("f1", 1.0, 0.0, among=12.0)
    jaccard = effective_wilson(Spread(1.0, 0.0, 12.0))[0]
    assert among.low == pytest.approx(2 * jaccard / (1 + jaccard))


def test_a_list_without_negatives_at_its_top_is_not_certain() -> None:
    plain = ends("average_precision", 0.8, 0.02)
    careful = ends("average_precision", 0.8, 0.02, unseen=0.01, bias=0.05)
    assert careful.low < plain.low
    assert careful.high == plain.high


def test_a_loss_of_nothing_has_a_width() -> None:
    found = ends("log_loss", 0.0, 0.0, units=12, limits=LOG_LOSS)
    assert (found.low, found.high > 0) == (0.0, True)


def test_limits_of_costs_are_the_corners() -> None:
    costs = Costs(fp=1.0, fn=10.0, tp=-5.0)
    assert limits("cost", (80, 20), costs) == pytest.approx((-1.0, 2.8))
    dear = Costs(fp=1.0, fn=10.0, tp=-5.0, abstain=4.0)
    assert limits("cost", (80, 20), dear) == pytest.approx((-1.0, 4.0))
    assert limits("recall", (80, 20)) == (0.0, 1.0)
    found = ends("cost", 0.5, 0.05, limits=(-1.0, 2.8))
    assert -1.0 < found.low < 0.5 < found.high < 2.8


def test_what_is_undefined_stays_so() -> None:
    nothing = Estimate.undefined("nothing is flagged")
    basis = ErrorBasis(9, 9.0)
    assert resampled_interval(
        "precision", nothing, np.full(9, np.nan), basis, 0.95
    ) is (nothing)
    one = resampled_interval(
        "recall", Estimate(0.5), np.ones(9), ErrorBasis(1, 1.0), 0.95
    )
    assert math.isnan(one.low)
    assert "one row" in one.reason


@given(
    st.sampled_from(["recall", "precision", "f1", "g_mean", "mcc", "roc_auc"]),
    st.floats(0, 1),
    st.floats(1e-4, 0.3),
    st.integers(2, 2000),
)
def test_more_spread_is_never_narrower(metric, value, spread, units) -> None:
    one = ends(metric, value, spread, units=units, among=float(units))
    two = ends(metric, value, 1.5 * spread, units=units, among=float(units))
    assert two.high - two.low >= one.high - one.low - 1e-9


def test_a_difference_is_a_t_interval() -> None:
    drawn = 0.02 * np.random.default_rng(0).standard_normal(500) + 0.1
    error = difference_error(drawn, 20)
    found = paired_interval(0.1, error, 20, 0.9, limits=None)
    se = drawn.std(ddof=1) * math.sqrt(20 / 19)
    low, high = stats.t.interval(0.9, 19, 0.1, se)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_differences_that_are_undefined() -> None:
    assert not paired_interval(math.nan, 0.1, 20, 0.95).defined
    assert math.isnan(difference_error(np.zeros(5), 1))
    assert math.isnan(difference_error(np.full(5, np.nan), 9))
    assert math.isnan(paired_interval(0.1, math.nan, 1, 0.95).low)


def test_a_difference_stays_within_its_limits() -> None:
    found = paired_interval(-0.66, 0.4, 3, 0.95, limits=(-1.0, 1.0))
    assert -1 <= found.low < -0.66 < 0 < found.high <= 1


@pytest.mark.parametrize("repeats", [1, 5])
def test_auroc_excludes_chance_only_if_idle_models_would_not(repeats: int) -> None:
    """With value .5 + d, the interval has its end at .5 between two errors."""
    drawn = 0.05 * np.random.default_rng(0).standard_normal(2000)
    basis = ErrorBasis(30, 30, None if repeats == 1 else 0.0, repeats=repeats)
    ends = [
        resampled_interval("roc_auc", Estimate(0.5 + d), drawn + 0.5 + d, basis, 0.95)
        for d in np.linspace(0.0, 0.3, 61)
    ]
    lows = [e.low for e in ends]
    assert lows == sorted(lows)
    assert sum(low == 0.5 for low in lows) >= 3  # neither below nor beyond
    # The end is at .5 as long as the wider variance cannot exclude it.
    raised = (1.65 + 0.35 / repeats) / (1.25 if repeats == 1 else 1.05)
    first = next(
        d for d, low in zip(np.linspace(0, 0.3, 61), lows, strict=True) if low > 0.5
    )
    begun = next(
        d for d, low in zip(np.linspace(0, 0.3, 61), lows, strict=True) if low >= 0.5
    )
    assert first / begun == pytest.approx(math.sqrt(raised), rel=0.12)


COSTS = Costs(fp=1.0, fn=8.0)


@pytest.fixture(scope="module")
def arms(drawn) -> dict[str, ArmValues]:
    rows = EvaluatedRows(drawn.y == 1, drawn.folds, as_objective("f1", {}), COSTS)
    return {name: ArmValues.of(z, rows) for name, z in drawn.scores.items()}


def test_a_share_is_judged_by_the_rows_it_is_a_share_of(arms, drawn) -> None:
    """Precision by the flagged, recall by the positives, F1 by the union of both."""
    weights = RowWeights(drawn.y == 1, None, 10, 0)
    arm, y = arms["noisy"], drawn.y == 1

    def among(metric: str, given: RowWeights = weights) -> float:
        return error_basis(arms["noisy"], metric, given).among

    assert among("precision") == arm.decided.flagged.sum(axis=1).mean()
    assert among("recall") == y.sum()
    assert among("specificity") == (~y).sum()
    assert among("f1") == (arm.decided.flagged | y).sum(axis=1).mean()
    assert among("g_mean") == among("roc_auc") == y.sum()
    pairs = RowWeights(y, cluster_numbers(np.arange(100) // 2, 100), 10, 0)
    sizes = np.unique(np.flatnonzero(~y) // 2, return_counts=True)[1]
    kish = sizes.sum() ** 2 / (sizes**2).sum()
    assert among("specificity", pairs) == pytest.approx(kish)


def test_average_precision_is_judged_with_care(arms, drawn) -> None:
    weights = RowWeights(drawn.y == 1, None, 10, 0)
    basis = error_basis(arms["noisy"], "average_precision", weights)
    aligned = arms["noisy"].scores.aligned
    spreads = [average_precision_spread(drawn.y, z) for z in aligned]
    assert basis.bias == pytest.approx(np.mean([s.bias for s in spreads]))
    assert basis.unseen == pytest.approx(np.mean([s.unseen_low for s in spreads]))
    each = [average_precision(drawn.y, z) for z in aligned]
    assert basis.between == pytest.approx(np.var(each, ddof=1))
    assert error_basis(arms["noisy"], "roc_auc", weights).bias == 0.0


def test_costs_have_the_limits_of_their_corners(arms, drawn) -> None:
    weights = RowWeights(drawn.y == 1, None, 10, 0)
    low, high = error_basis(arms["noisy"], "cost", weights).limits
    assert low == 0.0
    assert high == pytest.approx((80 * 1.0 + 20 * 8.0) / 100)
