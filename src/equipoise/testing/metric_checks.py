# SPDX-License-Identifier: Apache-2.0
"""What a metric promises."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from equipoise._core.types import FloatArray, IntArray
from equipoise.metrics.registry import Metric
from equipoise.testing.promises import refuses, require

MetricOptions = Mapping[str, Any]


def check_metric(metric: Metric, **options: Any) -> None:
    """Check a metric against every metric contract.

    Args:
        metric: The metric, as `equipoise.metrics.metric` returns it, or one of your
            own: `Metric(name, kind, low, high, higher_is_better, function, needs,
            undefined)`.
        **options: What its function takes besides, for example `k`.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> from equipoise.metrics import metric
        >>> check_metric(metric("f_beta"), beta=2.0)
    """
    for check in METRIC_CHECKS:
        check(metric, options)


def metric_stays_in_its_range(metric: Metric, options: MetricOptions) -> None:
    """It is a float between its ends, at any shares of the classes, with ties."""
    for y, score in _samples():
        value = metric(y, score, **options)
        require(isinstance(value, float), f"{metric.name}: a float, not {value!r}")
        within = metric.low <= value <= metric.high
        require(
            within or math.isnan(value),
            f"{metric.name}: from {metric.low:g} to {metric.high:g}, not {value:g}",
        )


def metric_ignores_order(metric: Metric, options: MetricOptions) -> None:
    """The order of the rows does not matter, that of equal scores neither."""
    for y, score in _samples():
        weights = np.random.default_rng(3).uniform(0.5, 2.0, len(y))
        order = np.random.default_rng(2).permutation(len(y))
        _same(metric(y, score, **options), metric(y[order], score[order], **options))
        _same(
            metric(y, score, weights, **options),
            metric(y[order], score[order], weights[order], **options),
        )


def metric_takes_weights(metric: Metric, options: MetricOptions) -> None:
    """Weights of 1 are no weights; a row of weight k is k rows, of 0 none."""
    for y, score in _samples():
        plain = metric(y, score, **options)
        _same(plain, metric(y, score, np.ones(len(y)), **options))
        times = np.arange(len(y)) % 4
        copies = np.repeat(y, times), np.repeat(score, times)
        _same(
            metric(y, score, times.astype(float), **options), metric(*copies, **options)
        )


def metric_leaves_its_inputs(metric: Metric, options: MetricOptions) -> None:
    """It gives the same twice, and takes arrays that cannot be written to."""
    for y, score in _samples():
        for array in (y, score):
            array.flags.writeable = False
        _same(metric(y, score, **options), metric(y, score, **options))


def metric_is_undefined_with_a_reason(
    metric: Metric, options: Mapping[str, Any]
) -> None:
    """Without the rows that it needs it is NaN, never 0, and says why."""
    require(bool(metric.undefined), f"{metric.name}: words for when it is undefined")
    for y, absent in (([1] * 9, "negatives"), ([0] * 9, "positives"), ([], "rows")):
        estimate = metric.estimate(y, np.full(len(y), 0.4), **options)
        if absent in metric.needs:
            require(math.isnan(estimate.value), f"{metric.name}: NaN without {absent}")
        explained = estimate.defined or bool(estimate.reason)
        require(explained, f"{metric.name}: a reason if it is undefined")


def metric_of_ranks_knows_only_the_order(
    metric: Metric, options: Mapping[str, Any]
) -> None:
    """A metric of the kind "ranking" is the same for every rising transform."""
    if metric.kind != "ranking":
        return
    for y, score in _samples():
        value = metric(y, score, **options)
        for other in (3 * score - 7, np.exp(5 * score), score**3):
            _same(value, metric(y, other, **options))


def metric_has_its_direction(metric: Metric, options: MetricOptions) -> None:
    """Scores that tell equal classes apart are not worse than the same ones turned."""
    y = np.repeat([0, 1], 30)
    right = 0.9 * y + 0.05 + 0.04 * np.tile(np.linspace(-1, 1, 30), 2)
    good, bad = (metric(y, z, **options) for z in (right, 1 - right))
    if math.isnan(good) or math.isnan(bad):
        return
    holds = good >= bad if metric.higher_is_better else good <= bad
    promise = "larger" if metric.higher_is_better else "smaller"
    require(
        holds,
        f"{metric.name}: {promise} for right scores ({good:g}) than for turned ones "
        f"({bad:g})",
    )


def metric_refuses_bad_arguments(metric: Metric, options: MetricOptions) -> None:
    """Lengths that differ, other labels, NaN, weights below 0 are refused."""
    y, score = np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3])
    bad: list[tuple[Any, Any, Any]] = [
        (np.array([0, 1, 2]), score, None),
        (y, score, np.array([1.0, -1.0, 1.0])),
        (y, score, np.ones(2)),
        (y, score, np.array([1.0, math.nan, 1.0])),
    ]
    if _reads_scores(metric, options):
        bad += [(y, score[:2], None), (y, np.array([0.1, math.nan, 0.3]), None)]
    for labels, scores, weights in bad:
        refuses(metric, labels, scores, weights, **options)


def _reads_scores(metric: Metric, options: MetricOptions) -> bool:
    """Return whether the scores matter; some metrics are of the classes alone."""
    return any(
        not np.array_equal(
            metric(y, score, **options), metric(y, 1 - score, **options), equal_nan=True
        )
        for y, score in _samples()
    )


METRIC_CHECKS: tuple[Callable[[Metric, MetricOptions], None], ...] = (
    metric_stays_in_its_range,
    metric_ignores_order,
    metric_takes_weights,
    metric_leaves_its_inputs,
    metric_is_undefined_with_a_reason,
    metric_of_ranks_knows_only_the_order,
    metric_has_its_direction,
    metric_refuses_bad_arguments,
)
"""The contracts of a metric, each to be called alone: `check(metric, options)`."""


def _samples() -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield labels and scores in (0, 1): many and few positives, with many ties."""
    random = np.random.default_rng(0)
    for rows, positives, digits in (
        (200, 80, 8),
        (120, 6, 1),
        (60, 57, 2),
        (40, 20, 1),
    ):
        y = random.permutation((np.arange(rows) < positives).astype(np.int64))
        score = np.clip(random.normal(0.4 + 0.2 * y, 0.2), 0.02, 0.98)
        yield y, np.round(score, digits).clip(0.02, 0.98)


def _same(one: float, other: float) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
