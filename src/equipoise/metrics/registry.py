# SPDX-License-Identifier: Apache-2.0
"""Every metric as data: one record each, with all of its facts, found by name."""

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
from equipoise.metrics.confusion import Counts
from equipoise.metrics.decisions import DecisionMetric
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.inputs import binary_labels, check_row_weights

INFINITE = float("inf")
Kind = Literal["ranking", "probability", "threshold", "cost"]


def complete_words(record: Any) -> None:
    """Fill in the label and the title of a metric's record, if it has none.

    Args:
        record: A frozen record with a name, a label and a title.
    """
    label = record.label or record.name.replace("_", " ")
    object.__setattr__(record, "label", label)
    title = record.title or label[0].upper() + label[1:]
    object.__setattr__(record, "title", title)


@dataclass(frozen=True)
class Metric:
    """One metric with all of its facts.

    Attributes:
        name: As in `METRICS`.
        kind: "ranking": of the scores' order. "probability": the scores are
            probabilities. "threshold" and "cost": of the decisions
            score >= threshold.
        low: The smallest possible value.
        high: The largest possible value.
        higher_is_better: The direction.
        function: `(y, score, weights=None, **options) -> float`; of the kinds
            "threshold" and "cost" a `DecisionMetric`.
        needs: Which rows must be there: "positives", "negatives" or "rows".
        undefined: In words, where it is NaN.
        label: What it is called within a sentence; the name by default.
        title: What it is called in a heading; the label by default.
        meaning: What it is, in a few words for a reader of the report; "" if the
            report does not show it among the decisions.
        headline: Whether arms are compared by it.
        reported: Whether `evaluate` gives it, and every trial if it is one of
            decisions.
        source: Who defined it, and where.
    """

    name: str
    kind: Kind
    low: float
    high: float
    higher_is_better: bool
    function: Callable[..., float]
    needs: tuple[str, ...]
    undefined: str
    label: str = ""
    title: str = ""
    meaning: str = ""
    headline: bool = False
    reported: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        complete_words(self)

    @property
    def of_counts(self) -> Callable[..., FloatArray] | None:
        """The definition on `Counts` of a metric of decisions, else None."""
        if isinstance(self.function, DecisionMetric):
            return self.function.of_counts
        return None

    def __call__(
        self,
        y: npt.ArrayLike,
        score: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        **options: Any,
    ) -> float:
        """Return the value; NaN if it is undefined."""
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


def scored_metrics() -> tuple[str, ...]:
    """Return the metrics of scores that `evaluate` gives.

    Example:
        >>> scored_metrics()[:2]
        ('average_precision', 'roc_auc')
    """
    return tuple(
        name
        for name, one in METRICS.items()
        if one.reported and one.kind in ("ranking", "probability")
    )


def decided_metrics(*, described: bool = False) -> tuple[str, ...]:
    """Return the metrics of decisions that `evaluate` and every trial give.

    Args:
        described: Return those alone that have a `meaning`, which reports show.

    Example:
        >>> decided_metrics()[:4]
        ('recall', 'precision', 'f1', 'specificity')
    """
    return tuple(
        name
        for name, one in METRICS.items()
        if one.reported and one.kind == "threshold" and (one.meaning or not described)
    )


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
    function: Callable[..., float],
    needs: tuple[str, ...],
    undefined: str,
    **facts: Any,
) -> Metric:
    name = function.__name__
    return Metric(name, "ranking", 0.0, 1.0, True, function, needs, undefined, **facts)


def _probability(
    function: Callable[..., float],
    needs: tuple[str, ...],
    undefined: str,
    *,
    low: float = 0.0,
    high: float = 1.0,
    better: bool = False,
    **facts: Any,
) -> Metric:
    name = function.__name__
    return Metric(
        name, "probability", low, high, better, function, needs, undefined, **facts
    )


def _decision(
    function: DecisionMetric,
    needs: tuple[str, ...],
    undefined: str,
    *,
    low: float = 0.0,
    high: float = 1.0,
    better: bool = True,
    kind: Kind = "threshold",
    **facts: Any,
) -> Metric:
    name = function.__name__
    return Metric(name, kind, low, high, better, function, needs, undefined, **facts)


# The order is that in which metrics are read and shown.
_ALL = (
    _ranking(
        ranking.average_precision,
        _POSITIVES,
        "no positives",
        headline=True,
        reported=True,
    ),
    _ranking(
        ranking.minimum_average_precision,
        _POSITIVES,
        "no positives",
        source="Boyd et al. 2012, equation 6",
    ),
    _ranking(
        ranking.normalised_average_precision,
        _BOTH,
        _CLASS,
        source="Boyd et al. 2012, equation 8",
    ),
    _ranking(
        ranking.roc_auc,
        _BOTH,
        _CLASS,
        label="AUROC",
        headline=True,
        reported=True,
        source="Mann and Whitney 1947",
    ),
    _ranking(ranking.partial_roc_auc, _BOTH, _CLASS, label="partial AUROC"),
    _ranking(
        ranking.precision_at_k,
        _ROWS,
        "fewer than k rows",
        source="McSherry and Najork 2008, for ties",
    ),
    _ranking(ranking.recall_at_k, _POSITIVES, "fewer than k rows"),
    _ranking(ranking.recall_at_precision, _POSITIVES, "no positives"),
    _ranking(ranking.precision_at_recall, _POSITIVES, "no positives"),
    _probability(
        probability.brier,
        _ROWS,
        "no rows",
        label="Brier score",
        headline=True,
        reported=True,
    ),
    _probability(
        probability.log_loss,
        _ROWS,
        "no rows",
        high=INFINITE,
        reported=True,
    ),
    _probability(
        probability.brier_skill,
        _BOTH,
        _CLASS,
        low=-INFINITE,
        better=True,
        label="Brier skill",
        reported=True,
    ),
    _probability(probability.calibration_error, _ROWS, "a group has a single row"),
    _probability(probability.expected_calibration_error, _ROWS, "no rows"),
    _decision(
        decisions.recall,
        _POSITIVES,
        "no positives",
        meaning="share of the positives that are found",
        reported=True,
    ),
    _decision(
        decisions.precision,
        _ROWS,
        "nothing is flagged",
        meaning="share of the alarms that are right",
        reported=True,
    ),
    _decision(
        decisions.f1,
        _ROWS,
        "no positives and nothing is flagged",
        label="F1",
        meaning="harmonic mean of recall and precision",
        reported=True,
        source="van Rijsbergen 1979",
    ),
    _decision(
        decisions.specificity, ("rows", "negatives"), "no negatives", reported=True
    ),
    _decision(
        decisions.balanced_accuracy,
        _BOTH,
        _CLASS,
        meaning="mean recall of the two classes",
        reported=True,
        source="Brodersen et al. 2010",
    ),
    _decision(
        decisions.g_mean,
        _BOTH,
        _CLASS,
        label="geometric mean of the two recalls",
        title="G-mean",
        meaning="geometric mean of the two classes' recalls",
        reported=True,
        source="Kubat and Matwin 1997",
    ),
    _decision(
        decisions.mcc,
        _BOTH,
        "all decisions are the same",
        low=-1.0,
        label="Matthews correlation",
        meaning="between decision and truth",
        reported=True,
        source="Matthews 1975",
    ),
    _decision(
        decisions.flag_rate,
        _ROWS,
        "no rows",
        better=False,
        title="Flagged",
        meaning="share of the rows that are flagged",
        reported=True,
    ),
    _decision(
        decisions.f_beta,
        _ROWS,
        "no positives and nothing is flagged",
        label="F measure",
        source="van Rijsbergen 1979",
    ),
    _decision(
        decisions.jaccard,
        _ROWS,
        "no positives and nothing is flagged",
        label="Jaccard index",
    ),
    _decision(decisions.negative_predictive_value, _ROWS, "everything is flagged"),
    _decision(decisions.informedness, _BOTH, _CLASS, low=-1.0, source="Youden 1950"),
    _decision(
        decisions.kappa,
        _ROWS,
        "one class, and all decisions name it",
        low=-1.0,
        label="Cohen's kappa",
        source="Cohen 1960",
    ),
    _decision(
        decisions.positive_likelihood_ratio,
        _BOTH,
        "nothing is flagged",
        high=INFINITE,
    ),
    _decision(
        decisions.negative_likelihood_ratio,
        _BOTH,
        "everything is flagged",
        high=INFINITE,
        better=False,
    ),
    _decision(
        decisions.diagnostic_odds_ratio,
        _BOTH,
        "all decisions are the same",
        high=INFINITE,
    ),
    _decision(decisions.accuracy, _ROWS, "no rows"),
    _decision(
        decisions.cost,
        _ROWS,
        "no rows",
        low=-INFINITE,
        high=INFINITE,
        better=False,
        kind="cost",
        label="expected cost",
        title="Cost per row",
        source="Elkan 2001",
    ),
    _decision(
        decisions.normalised_cost,
        _ROWS,
        "deciding alike for all costs nothing",
        low=-INFINITE,
        high=INFINITE,
        better=False,
        kind="cost",
        source="Drummond and Holte 2006",
    ),
)

METRICS: dict[str, Metric] = {one.name: one for one in _ALL}
"""All metrics by name; accuracy is there and is never the headline."""


HEADLINE = tuple(one.name for one in _ALL if one.headline)
"""The metrics by which arms are compared."""


def value_of_counts(name: str, counts: Counts, **options: float) -> FloatArray:
    """Return a threshold or cost metric of counts, arrays included.

    Raises:
        InputError: The metric is not one of decisions.

    Example:
        >>> float(value_of_counts("recall", Counts(9.0, 3.0, 3.0, 85.0)))
        0.75
    """
    names = [one.name for one in _ALL if one.of_counts is not None]
    definition = METRICS[one_of(name, names, "metric")].of_counts
    return np.asarray(definition(counts, **options) if definition else np.nan)
