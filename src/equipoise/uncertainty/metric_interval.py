# SPDX-License-Identifier: Apache-2.0
"""A metric with its interval: the one entry, which chooses the method.

The choice follows the simulation of `benchmarks/coverage.py`, from 8 to 500
positives and from 50 % to 0.5 % of them. Intervals are for the population at the
table's share of positives, and for a threshold that was chosen on other rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import integer, number, one_of, sentence
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError, UnsupportedError
from equipoise.metrics.estimate import NAN, Estimate
from equipoise.metrics.inputs import binary_labels, check_columns, check_row_weights
from equipoise.metrics.ranking import minimum_average_precision
from equipoise.metrics.registry import METRICS, Metric
from equipoise.metrics.registry import metric as find
from equipoise.uncertainty import means
from equipoise.uncertainty.delta_method import combined_in_logs, delta_interval
from equipoise.uncertainty.influence import (
    Influence,
    average_precision_spread,
    roc_auc_spread,
)
from equipoise.uncertainty.proportion import clopper_pearson, effective_size
from equipoise.uncertainty.row_weights import RowResampler
from equipoise.uncertainty.score_interval import Spread, effective_wilson
from equipoise.uncertainty.shares import SHARES, decision_share_interval

_BOOTSTRAPPED = ("partial_roc_auc", "precision_at_k", "recall_at_k")
_NEGLIGIBLE = 1e-60
_Ends = tuple[float, float, str]


class _Rows(NamedTuple):
    """Labels, scores, weights and cluster numbers, `[rows]` each."""

    y: npt.ArrayLike
    score: npt.ArrayLike
    weights: npt.ArrayLike | None
    clusters: npt.NDArray[np.generic] | None


def interval(
    metric: str,
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    threshold: float | None = None,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
    **options: Any,
) -> Estimate:
    """Return a metric with an interval that covers as it says.

    | metric | method |
    |---|---|
    | recall, precision, specificity, F1 and other shares | Clopper-Pearson |
    | AUROC | effective-size score interval on DeLong's variance |
    | average precision | the same on its influence function |
    | MCC, kappa, G-mean, costs | the same on the delta method |
    | likelihood and odds ratios | mid-P of both shares, combined in logs |
    | log loss | t on the log scale |
    | partial AUROC, precision and recall at k | the score interval on a bootstrap |

    None of these has zero width. Log loss has no bound: if the classes are nearly
    separated, a small sample seldom holds the few rows that make most of the true
    loss, and its interval covers far less than it says (down to .76 in simulation,
    docs/coverage-intervals.md). Weights are taken as importance: the effective
    number of rows enters. With clusters, whole clusters are the independent
    units, and intervals of shares are no longer exact.

    Args:
        metric: A name in `METRICS`.
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores; probabilities for the kind "probability".
        threshold: For metrics of decisions; None means 0.5. It must not have been
            chosen on these rows.
        weights: `[rows]` weights, or None.
        clusters: `[rows]` numbers or names: rows of one cluster, such as a patient,
            depend on each other. None: all rows are independent.
        level: Coverage, strictly between 0 and 1.
        replicates: How many bootstrap samples, if one is needed.
        seed: The seed of the bootstrap.
        **options: Passed to the metric.

    Returns:
        The estimate; undefined with a reason if the metric is.

    Raises:
        InputError: The arrays do not fit together, or an argument is not known.
        UnsupportedError: The metric has no interval whose coverage is known.

    Example:
        >>> y, score = [1] * 12 + [0] * 88, [0.9] * 9 + [0.1] * 91
        >>> print(interval("recall", y, score))
        0.750 [0.428, 0.945]
        >>> interval("recall", y, score).method
        'Clopper-Pearson'
    """
    one = find(metric)
    number(level, "level", 0, 1, open_ends=True)
    if one.of_counts is not None:
        options = {**options, "threshold": 0.5 if threshold is None else threshold}
    elif threshold is not None:
        raise InputError(
            sentence(
                f"threshold={threshold} for {metric!r}",
                "a threshold for metrics of decisions",
                "Leave the threshold out.",
            )
        )
    point = one.estimate(y, score, weights, **options)
    positive = binary_labels(y)
    groups = _checked_clusters(clusters, positive.shape)
    if not point.defined:
        return point
    resampling = (integer(replicates, "replicates", 2), seed)
    low, high, method = _ends(
        one, _Rows(y, score, weights, groups), level, resampling, options
    )
    if math.isnan(low):
        reason = _unknown(point.value, positive, weights, groups)
        return Estimate(point.value, low, high, method, reason, level)
    # The ends are computed by another route than the value, and rounded there.
    low, high = min(low, point.value), max(high, point.value)
    return Estimate(point.value, low, high, method, "", level)


def _unknown(
    value: float,
    positive: BoolArray,
    weights: npt.ArrayLike | None,
    clusters: npt.NDArray[np.generic] | None,
) -> str:
    """Say why a metric that is defined has no interval."""
    if math.isinf(value):
        return "it is infinite"
    counted = check_row_weights(weights, positive.shape) > 0
    if clusters is not None and len(np.unique(clusters[counted])) < 2:
        what = "one cluster"
    elif min(sizes := np.bincount(positive[counted], minlength=2)) == 1:
        what = "one row of a class"
    else:
        what = "one class" if 0 in sizes else "all rows alike"
    return f"{what}: its error is unknown"


def _ends(
    one: Metric,
    rows: _Rows,
    level: float,
    resampling: tuple[int, int],
    options: dict[str, Any],
) -> _Ends:
    y, score, weights, clusters = rows
    around: dict[str, Any] = {
        "weights": weights,
        "clusters": clusters,
        "level": level,
        **options,
    }
    if one.name in SHARES:
        low, high = decision_share_interval(one.name, y, score, **around)
        exact = weights is None and clusters is None
        return low, high, "Clopper-Pearson" if exact else "Korn-Graubard"
    if one.of_counts is not None:
        low, high = delta_interval(one, y, score, **around)
        return low, high, "mid-P" if combined_in_logs(one) else "delta method"
    if one.name in _CLOSED:
        return _CLOSED[one.name](rows, level)
    if one.name in _BOOTSTRAPPED:
        return _bootstrapped(one, rows, level, resampling, options)
    raise UnsupportedError(
        sentence(
            f"an interval of {one.name!r}",
            f"one of {', '.join(sorted({*SHARES, *_CLOSED, *_BOOTSTRAPPED}))}, "
            "and the other metrics of decisions",
            "Its value alone is METRICS[name](y, score): no interval of known "
            "coverage exists.",
        )
    )


def _plain(ends: tuple[FloatArray, FloatArray]) -> tuple[float, float]:
    return float(ends[0]), float(ends[1])


def _average_precision(rows: _Rows, level: float) -> _Ends:
    spread = average_precision_spread(*rows)
    return *_plain(effective_wilson(spread, level)), "effective-size score, influence"


def _normalised_average_precision(rows: _Rows, level: float) -> _Ends:
    low, high, method = _average_precision(rows, level)
    least = minimum_average_precision(rows.y, None, rows.weights)
    ends = [(max(end, least) - least) / (1 - least) for end in (low, high)]
    return ends[0], ends[1], method


def _roc_auc(rows: _Rows, level: float) -> _Ends:
    spread = roc_auc_spread(*rows)
    return *_plain(effective_wilson(spread, level)), "effective-size score, DeLong"


def _brier(rows: _Rows, level: float) -> _Ends:
    errors = means.squared_errors(rows.y, rows.score)
    spread = means.mean_spread(rows.y, errors, rows.weights, rows.clusters)
    return *_plain(effective_wilson(spread, level)), "effective-size score"


def _brier_skill(rows: _Rows, level: float) -> _Ends:
    low, high, method = _brier(rows, level)
    positive, _, weight = check_columns(rows.y, rows.score, rows.weights)
    prior = float(np.average(positive, weights=weight))
    # Skill falls in a straight line with the Brier score at a fixed prevalence.
    least = prior * (1 - prior)
    return 1 - high / least, 1 - low / least, method


def _log_loss(rows: _Rows, level: float) -> _Ends:
    losses = means.log_losses(rows.y, rows.score)
    if np.isinf(losses).any():
        return NAN, NAN, "t on the log scale"
    spread = means.mean_spread(rows.y, losses, rows.weights, rows.clusters)
    return *_plain(means.positive_mean_interval(spread, level)), "t on the log scale"


_CLOSED: dict[str, Callable[..., _Ends]] = {
    "average_precision": _average_precision,
    "normalised_average_precision": _normalised_average_precision,
    "roc_auc": _roc_auc,
    "brier": _brier,
    "brier_skill": _brier_skill,
    "log_loss": _log_loss,
}


def _bootstrapped(
    one: Metric,
    rows: _Rows,
    level: float,
    resampling: tuple[int, int],
    options: dict[str, Any],
) -> _Ends:
    """Return the effective-size score interval on the bootstrap's variance."""
    positive, values, weight = check_columns(rows.y, rows.score, rows.weights)
    replicates, seed = resampling
    sampler = RowResampler(positive, rows.clusters, replicates, seed)
    # Sorted beforehand, each replicate's own sort finds nothing left to do.
    order = np.argsort(-values, kind="stable")
    labels_, ranked, mass = positive[order], values[order], _relative(weight)[order]
    replicated = np.array(
        [
            one.function(labels_, ranked, counts[order] * mass, **options)
            for chunk in sampler
            for counts in chunk
        ]
    )
    units = Influence(NAN, np.zeros(0), positive, weight).units(rows.clusters)
    listed = math.inf
    if one.name == "precision_at_k":
        listed = min(float(options.get("k", 100)), effective_size(weight))
        units = min(units, listed)
    high = _ceiling(one, options)
    defined = replicated[~np.isnan(replicated)]
    variance = float(np.var(defined, ddof=1)) / high**2 if len(defined) > 1 else NAN
    value = one.function(rows.y, rows.score, rows.weights, **options) / high
    ends = _plain(effective_wilson(Spread(value, variance, units), level))
    if listed < math.inf:
        # Of few rows the bootstrap does not know how often one more is wrong.
        exact = clopper_pearson(min(value * listed, listed), listed, level)
        ends = min(ends[0], exact[0]), max(ends[1], exact[1])
    return high * ends[0], high * ends[1], "effective-size score, bootstrap"


def _relative(weight: FloatArray) -> FloatArray:
    """Return weights up to 1, which any draw of the rows leaves in range."""
    relative = weight / weight.max()
    return np.where(relative < _NEGLIGIBLE, 0.0, relative)


def _ceiling(one: Metric, options: dict[str, Any]) -> float:
    """Return the largest value: a bare partial area ends at its `max_fpr`."""
    if one.name == "partial_roc_auc" and not options.get("standardised", True):
        return float(options.get("max_fpr", 0.1))
    return 1.0


def _checked_clusters(
    clusters: npt.ArrayLike | None, rows: tuple[int, ...]
) -> npt.NDArray[np.generic] | None:
    if clusters is None:
        return None
    return group_numbers(clusters, rows[0])


def supported(name: str) -> bool:
    """Return whether `interval` serves a metric.

    Example:
        >>> supported("mcc"), supported("calibration_error")
        (True, False)
    """
    one = METRICS[one_of(name, METRICS, "metric")]
    return one.of_counts is not None or name in {*_CLOSED, *_BOOTSTRAPPED}
