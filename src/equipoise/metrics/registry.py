# SPDX-License-Identifier: Apache-2.0
"""Every metric as data: one line each, found by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of
from equipoise._core.types import FloatArray
from equipoise.metrics import decisions, probability, ranking
from equipoise.metrics import threshold as definitions
from equipoise.metrics.confusion import Counts
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.inputs import binary_labels, check_row_weights

INFINITE = float("inf")
Kind = Literal["ranking", "probability", "threshold", "cost"]


@dataclass(frozen=True)
class Metric:
    """One definition, and what is known about it.

    Attributes:
        name: As in `METRICS`.
        kind: "ranking": of the scores' order. "probability": the scores are
            probabilities. "threshold" and "cost": of the decisions
            score >= threshold.
        low: The smallest possible value.
        high: The largest possible value.
        higher_is_better: The direction.
        function: `(y, score, weights=None, **options) -> float`.
        needs: Which rows must be there: "positives", "negatives" or "rows".
        undefined: In words, where it is NaN.
        of_counts: The definition on `Counts`, of the kinds "threshold" and "cost".
        label: Its name in a report; made of `name` if empty.
        meaning: What it is, in the words of a report.
        reported: Whether every trial and evaluation reports it besides the usual
            ones, which a metric with `of_counts` can ask for.
    """

    name: str
    kind: Kind
    low: float
    high: float
    higher_is_better: bool
    function: Callable[..., float]
    needs: tuple[str, ...]
    undefined: str
    of_counts: Callable[..., FloatArray] | None = None
    label: str = ""
    meaning: str = ""
    reported: bool = False

    def __call__(
        self,
        y: npt.ArrayLike,
        score: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        **options: Any,
    ) -> float:
        """Return the value; NaN where it is undefined."""
        return self.function(y, score, weights, **options)

    def estimate(
        self,
        y: npt.ArrayLike,
        score: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        **options: Any,
    ) -> Estimate:
        """Return the value without an interval; undefined with its reason.

        Args:
            y: `[rows]` labels, 0 or 1.
            score: `[rows]` scores.
            weights: `[rows]` weights of at least 0, or None.
            **options: What the metric takes, for example `threshold`.

        Example:
            >>> print(METRICS["roc_auc"].estimate([1, 1], [0.2, 0.3]))
            undefined (no negatives)
        """
        value = self.function(y, score, weights, **options)
        if math.isnan(value):
            return Estimate.undefined(self.reason(y, weights))
        return Estimate(value)

    def reason(self, y: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> str:
        """Return why the metric is undefined on these labels.

        Args:
            y: `[rows]` labels, 0 or 1.
            weights: `[rows]` weights, or None.
        """
        positive = binary_labels(y)
        weight = check_row_weights(weights, positive.shape)
        present = {
            "rows": weight.sum(),
            "positives": weight[positive].sum(),
            "negatives": weight[~positive].sum(),
        }
        for need in self.needs:
            if present[need] == 0:
                return f"no {need}"
        return self.undefined


def reported_metrics() -> list[str]:
    """Return the metrics of decisions that users added to every evaluation.

    Example:
        >>> reported_metrics()
        []
    """
    return [name for name, one in METRICS.items() if one.reported]


def metric(name: str) -> Metric:
    """Return the metric of that name.

    Args:
        name: A key of `METRICS`.

    Raises:
        InputError: There is none; the nearest name is given.

    Example:
        >>> metric("recall").higher_is_better
        True
    """
    return METRICS[one_of(name, METRICS, "metric")]


_BOTH = ("rows", "positives", "negatives")
_POSITIVES = ("rows", "positives")
_ROWS = ("rows",)
_CLASS = "a class is absent"


def _ranking(
    name: str, needs: tuple[str, ...], undefined: str, low: float = 0.0
) -> Metric:
    return Metric(
        name, "ranking", low, 1.0, True, getattr(ranking, name), needs, undefined
    )


def _probability(name: str, high: float, needs: tuple[str, ...], why: str) -> Metric:
    function = getattr(probability, name)
    return Metric(name, "probability", 0.0, high, False, function, needs, why)


def _decision(
    name: str,
    needs: tuple[str, ...],
    undefined: str,
    low: float = 0.0,
    high: float = 1.0,
    better: bool = True,
    kind: Kind = "threshold",
) -> Metric:
    definition = getattr(definitions, name)
    function = getattr(decisions, name)
    return Metric(name, kind, low, high, better, function, needs, undefined, definition)


_ALL = (
    _ranking("average_precision", _POSITIVES, "no positives"),
    _ranking("minimum_average_precision", _POSITIVES, "no positives"),
    _ranking("normalised_average_precision", _BOTH, _CLASS),
    _ranking("roc_auc", _BOTH, _CLASS),
    _ranking("partial_roc_auc", _BOTH, _CLASS),
    _ranking("precision_at_k", _ROWS, "fewer than k rows"),
    _ranking("recall_at_k", _POSITIVES, "fewer than k rows"),
    _ranking("recall_at_precision", _POSITIVES, "no positives"),
    _ranking("precision_at_recall", _POSITIVES, "no positives"),
    _probability("log_loss", INFINITE, _ROWS, "no rows"),
    _probability("brier", 1.0, _ROWS, "no rows"),
    Metric(
        "brier_skill",
        "probability",
        -INFINITE,
        1.0,
        True,
        probability.brier_skill,
        _BOTH,
        _CLASS,
    ),
    _probability("calibration_error", 1.0, _ROWS, "a group has a single row"),
    _probability("expected_calibration_error", 1.0, _ROWS, "no rows"),
    _decision("recall", _POSITIVES, "no positives"),
    _decision("precision", _ROWS, "nothing is flagged"),
    _decision("f1", _ROWS, "no positives and nothing is flagged"),
    _decision("f_beta", _ROWS, "no positives and nothing is flagged"),
    _decision("jaccard", _ROWS, "no positives and nothing is flagged"),
    _decision("specificity", ("rows", "negatives"), "no negatives"),
    _decision("negative_predictive_value", _ROWS, "everything is flagged"),
    _decision("g_mean", _BOTH, _CLASS),
    _decision("balanced_accuracy", _BOTH, _CLASS),
    _decision("informedness", _BOTH, _CLASS, low=-1.0),
    _decision("mcc", _BOTH, "all decisions are the same", low=-1.0),
    _decision("kappa", _ROWS, "one class, and all decisions name it", low=-1.0),
    _decision("positive_likelihood_ratio", _BOTH, "nothing is flagged", high=INFINITE),
    _decision(
        "negative_likelihood_ratio",
        _BOTH,
        "everything is flagged",
        high=INFINITE,
        better=False,
    ),
    _decision(
        "diagnostic_odds_ratio",
        _BOTH,
        "all decisions are the same",
        high=INFINITE,
    ),
    _decision("flag_rate", _ROWS, "no rows", better=False),
    _decision("accuracy", _ROWS, "no rows"),
    _decision(
        "cost",
        _ROWS,
        "no rows",
        low=-INFINITE,
        high=INFINITE,
        better=False,
        kind="cost",
    ),
    _decision(
        "normalised_cost",
        _ROWS,
        "deciding alike for all costs nothing",
        low=-INFINITE,
        high=INFINITE,
        better=False,
        kind="cost",
    ),
)

METRICS: dict[str, Metric] = {one.name: one for one in _ALL}
"""All metrics by name; accuracy is there and is never the headline."""


def value_of_counts(name: str, counts: Counts, **options: float) -> FloatArray:
    """Return a threshold or cost metric of counts, arrays included.

    Raises:
        InputError: The metric is not one of decisions.

    Example:
        >>> float(value_of_counts("recall", Counts(9.0, 3.0, 3.0, 85.0)))
        0.75
    """
    known = [one.name for one in _ALL if one.of_counts is not None]
    definition = METRICS[one_of(name, known, "metric")].of_counts
    return np.asarray(definition(counts, **options) if definition else np.nan)
