# SPDX-License-Identifier: Apache-2.0
"""Metrics of the decisions `score >= threshold`: functions of the confusion matrix.

Each is defined once, on `Counts` whose cells may be arrays, so one definition serves
a value, a search over all thresholds and a bootstrap. `recall(y, score)` is its value
on rows, `recall.of_counts(counts)` that of counts. If the denominator is 0, the
metric is NaN.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import LEAST_WEIGHT, MOST_WEIGHT, cost_number, number
from equipoise._core.types import FloatArray
from equipoise.metrics.confusion import Counts, counts


class DecisionMetric:
    """A metric of decisions, as a function of labels, scores and a threshold.

    Attributes:
        of_counts: The definition: `Counts`, and options, to values of the shape of
            the cells.
    """

    def __init__(self, definition: Callable[..., FloatArray]) -> None:
        self.of_counts = definition
        functools.update_wrapper(self, definition)
        self.__signature__ = inspect.signature(self.__call__)

    def __call__(
        self,
        y: npt.ArrayLike,
        score: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        threshold: float = 0.5,
        **options: float,
    ) -> float:
        """Return the value; NaN if it is undefined.

        Args:
            y: `[rows]` labels, 0 or 1.
            score: `[rows]` scores.
            weights: `[rows]` row weights, or None.
            threshold: Rows with score >= threshold are flagged.
            **options: What the definition takes, for example `beta`.
        """
        cells = counts(y, score, weights, threshold=threshold)
        return float(self.of_counts(cells, **options))

    def __reduce__(self) -> str:
        return self.__name__

    __name__: str


def decision_metric(definition: Callable[..., FloatArray]) -> DecisionMetric:
    """Make a metric of decisions of its definition on `Counts`.

    Args:
        definition: A function of `Counts`, and options.

    Example:
        >>> @decision_metric
        ... def missed(c: Counts) -> FloatArray:
        ...     return c.fn / c.positives
        >>> missed([0, 1, 1], [0.2, 0.5, 0.4], threshold=0.45)
        0.5
    """
    return DecisionMetric(definition)


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> FloatArray:
    """Divide; 0 / 0 is NaN and a / 0 is infinite, silently."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(above, below))


@decision_metric
def recall(c: Counts) -> FloatArray:
    """Return TP / (TP + FN), the share of positives that are flagged.

    Example:
        >>> float(recall.of_counts(Counts(9.0, 3.0, 3.0, 85.0)))
        0.75
    """
    return _ratio(c.tp, c.positives)


@decision_metric
def precision(c: Counts) -> FloatArray:
    """Return TP / (TP + FP); NaN if nothing is flagged.

    Example:
        >>> float(precision.of_counts(Counts(9.0, 3.0, 3.0, 85.0)))
        0.75
    """
    return _ratio(c.tp, c.flagged)


@decision_metric
def specificity(c: Counts) -> FloatArray:
    """Return TN / (TN + FP), the share of negatives that are not flagged.

    Example:
        >>> float(specificity.of_counts(Counts(9.0, 5.0, 3.0, 95.0)))
        0.95
    """
    return _ratio(c.tn, c.negatives)


@decision_metric
def negative_predictive_value(c: Counts) -> FloatArray:
    """Return TN / (TN + FN); NaN if everything is flagged.

    Example:
        >>> float(negative_predictive_value.of_counts(Counts(9.0, 5.0, 5.0, 95.0)))
        0.95
    """
    return _ratio(c.tn, c.tn + c.fn)


@decision_metric
def accuracy(c: Counts) -> FloatArray:
    """Return the share of right decisions; misleading if a class is rare.

    Example:
        >>> float(accuracy.of_counts(Counts(0.0, 0.0, 10.0, 90.0)))
        0.9
    """
    return _ratio(c.tp + c.tn, c.rows)


@decision_metric
def f_beta(c: Counts, *, beta: float = 1.0) -> FloatArray:
    """Return the F measure, in which recall counts `beta` times as much.

    (1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP); NaN without positives and flags
    (van Rijsbergen 1979).

    Raises:
        InputError: `beta` is not from 1e-30 to 1e30.

    Example:
        >>> float(f_beta.of_counts(Counts(9.0, 3.0, 3.0, 85.0), beta=2.0))
        0.75
    """
    square = number(beta, "beta", LEAST_WEIGHT, MOST_WEIGHT) ** 2
    top = (1 + square) * c.tp
    return _ratio(top, top + square * c.fn + c.fp)


@decision_metric
def f1(c: Counts) -> FloatArray:
    """Return 2 TP / (2 TP + FN + FP), the harmonic mean of recall and precision.

    Example:
        >>> float(f1.of_counts(Counts(9.0, 3.0, 3.0, 85.0)))
        0.75
    """
    return f_beta.of_counts(c)


@decision_metric
def jaccard(c: Counts) -> FloatArray:
    """Return TP / (TP + FN + FP): F1 = 2 J / (1 + J).

    Example:
        >>> float(jaccard.of_counts(Counts(9.0, 3.0, 3.0, 85.0)))
        0.6
    """
    return _ratio(c.tp, c.tp + c.fn + c.fp)


@decision_metric
def g_mean(c: Counts) -> FloatArray:
    """Return the geometric mean of recall and specificity (Kubat and Matwin 1997).

    Example:
        >>> round(float(g_mean.of_counts(Counts(9.0, 5.0, 3.0, 95.0))), 4)
        0.8441
    """
    return np.asarray(np.sqrt(recall.of_counts(c) * specificity.of_counts(c)))


@decision_metric
def balanced_accuracy(c: Counts) -> FloatArray:
    """Return the mean of recall and specificity (Brodersen et al. 2010).

    Example:
        >>> float(balanced_accuracy.of_counts(Counts(9.0, 5.0, 3.0, 95.0)))
        0.85
    """
    return np.asarray((recall.of_counts(c) + specificity.of_counts(c)) / 2)


@decision_metric
def informedness(c: Counts) -> FloatArray:
    """Return recall + specificity - 1 (Youden 1950).

    Example:
        >>> round(float(informedness.of_counts(Counts(9.0, 5.0, 3.0, 95.0))), 4)
        0.7
    """
    return np.asarray(recall.of_counts(c) + specificity.of_counts(c) - 1)


@decision_metric
def mcc(c: Counts) -> FloatArray:
    """Return Matthews' correlation (Matthews 1975).

    NaN if a margin is 0: all rows of one class, or all decisions the same.
    (scikit-learn gives 0 there.)

    Example:
        >>> round(float(mcc.of_counts(Counts(9.0, 5.0, 3.0, 95.0))), 4)
        0.6547
    """
    # The square roots are taken apart so that 1e9 rows do not overflow.
    below = np.sqrt(c.flagged) * np.sqrt(c.positives)
    below = below * np.sqrt(c.negatives) * np.sqrt(c.tn + c.fn)
    # Rounding alone could leave [-1, 1].
    return np.clip(_ratio(c.tp * c.tn - c.fp * c.fn, below), -1.0, 1.0)


@decision_metric
def kappa(c: Counts) -> FloatArray:
    """Return Cohen's kappa: agreement beyond chance (Cohen 1960).

    Example:
        >>> round(float(kappa.of_counts(Counts(9.0, 5.0, 3.0, 95.0))), 4)
        0.6522
    """
    by_chance = c.flagged * c.positives + (c.tn + c.fn) * c.negatives
    agreed = (c.tp + c.tn) * c.rows
    return _ratio(agreed - by_chance, c.rows**2 - by_chance)


@decision_metric
def positive_likelihood_ratio(c: Counts) -> FloatArray:
    """Return recall / (1 - specificity); infinite without false positives.

    Example:
        >>> c = Counts(9.0, 5.0, 3.0, 95.0)
        >>> round(float(positive_likelihood_ratio.of_counts(c)), 6)
        15.0
    """
    return _ratio(recall.of_counts(c), _ratio(c.fp, c.negatives))


@decision_metric
def negative_likelihood_ratio(c: Counts) -> FloatArray:
    """Return (1 - recall) / specificity.

    Example:
        >>> c = Counts(9.0, 5.0, 3.0, 95.0)
        >>> round(float(negative_likelihood_ratio.of_counts(c)), 4)
        0.2632
    """
    return _ratio(_ratio(c.fn, c.positives), specificity.of_counts(c))


@decision_metric
def diagnostic_odds_ratio(c: Counts) -> FloatArray:
    """Return (TP TN) / (FP FN); infinite without an error of one kind.

    Example:
        >>> float(diagnostic_odds_ratio.of_counts(Counts(9.0, 5.0, 3.0, 95.0)))
        57.0
    """
    return _ratio(c.tp * c.tn, c.fp * c.fn)


@decision_metric
def flag_rate(c: Counts) -> FloatArray:
    """Return the share of rows that are flagged.

    Example:
        >>> float(flag_rate.of_counts(Counts(9.0, 1.0, 3.0, 87.0)))
        0.1
    """
    return _ratio(c.flagged, c.rows)


@decision_metric
def cost(
    c: Counts,
    *,
    false_negative: float = 1.0,
    false_positive: float = 1.0,
    true_positive: float = 0.0,
    true_negative: float = 0.0,
) -> FloatArray:
    """Return the mean cost per row (Elkan 2001).

    Args:
        c: The counts.
        false_negative: Cost of a positive that is not flagged.
        false_positive: Cost of a negative that is flagged.
        true_positive: Cost of a positive that is flagged, for example the check.
        true_negative: Cost of a negative that is not flagged.

    Raises:
        InputError: A cost is not from -1e30 to 1e30.

    Example:
        >>> float(cost.of_counts(Counts(9.0, 5.0, 3.0, 83.0), false_negative=20.0))
        0.65
    """
    missed = c.fn * cost_number(false_negative, "false_negative")
    spent = missed + c.fp * cost_number(false_positive, "false_positive")
    right = c.tp * cost_number(true_positive, "true_positive")
    right = right + c.tn * cost_number(true_negative, "true_negative")
    return _ratio(spent + right, c.rows)


@decision_metric
def normalised_cost(
    c: Counts,
    *,
    false_negative: float = 1.0,
    false_positive: float = 1.0,
    true_positive: float = 0.0,
    true_negative: float = 0.0,
) -> FloatArray:
    """Return the cost divided by that of the cheaper of flagging all or none.

    Below 1 the decisions are worth making (Drummond and Holte 2006).

    Args:
        c: The counts.
        false_negative: Cost of a positive that is not flagged.
        false_positive: Cost of a negative that is flagged.
        true_positive: Cost of a positive that is flagged.
        true_negative: Cost of a negative that is not flagged.

    Example:
        >>> round(float(normalised_cost.of_counts(Counts(9.0, 5.0, 3.0, 83.0))), 4)
        0.6667
    """
    spent = cost.of_counts(
        c,
        false_negative=false_negative,
        false_positive=false_positive,
        true_positive=true_positive,
        true_negative=true_negative,
    )
    none = c.positives * false_negative + c.negatives * true_negative
    every = c.positives * true_positive + c.negatives * false_positive
    return _ratio(spent, _ratio(np.minimum(none, every), c.rows))
