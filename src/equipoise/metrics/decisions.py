# SPDX-License-Identifier: Apache-2.0
"""The metrics of a decision as functions of labels, scores and a threshold.

The definitions are those of `equipoise.metrics.threshold`; here each takes
`(y, score, weights=None, *, threshold=0.5)` like every other metric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.metrics import threshold as definitions
from equipoise.metrics.confusion import Counts, counts


class DecisionMetric(Protocol):
    """A metric of the decisions `score >= threshold`."""

    def __call__(
        self,
        y: npt.ArrayLike,
        score: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        threshold: float = 0.5,
        **options: float,
    ) -> float:
        """Return the value; NaN where it is undefined.

        Args:
            y: `[rows]` labels, 0 or 1.
            score: `[rows]` scores.
            weights: `[rows]` weights, or None.
            threshold: Rows with score >= threshold are flagged.
            **options: What the definition takes, for example `beta`.
        """
        ...


def at_threshold(definition: Callable[..., FloatArray]) -> DecisionMetric:
    """Turn a function of `Counts` into one of labels, scores and a threshold.

    Args:
        definition: A function of `Counts`, as in `equipoise.metrics.threshold`.

    Example:
        >>> from equipoise.metrics.threshold import recall
        >>> at_threshold(recall)([0, 1, 1], [0.2, 0.5, 0.4], threshold=0.45)
        0.5
    """

    def metric(
        y: npt.ArrayLike,
        score: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        threshold: float = 0.5,
        **options: float,
    ) -> float:
        cells: Counts = counts(y, score, weights, threshold=threshold)
        return float(definition(cells, **options))

    metric.__name__ = metric.__qualname__ = definition.__name__
    summary, _, _ = (definition.__doc__ or "").partition("Example:")
    metric.__doc__ = summary.rstrip() + (
        "\n\n    Takes labels, scores, weights and `threshold`; further options are"
        "\n    those of the definition in `equipoise.metrics.threshold`.\n"
    )
    return metric


recall = at_threshold(definitions.recall)
precision = at_threshold(definitions.precision)
specificity = at_threshold(definitions.specificity)
negative_predictive_value = at_threshold(definitions.negative_predictive_value)
accuracy = at_threshold(definitions.accuracy)
f_beta = at_threshold(definitions.f_beta)
f1 = at_threshold(definitions.f1)
jaccard = at_threshold(definitions.jaccard)
g_mean = at_threshold(definitions.g_mean)
balanced_accuracy = at_threshold(definitions.balanced_accuracy)
informedness = at_threshold(definitions.informedness)
mcc = at_threshold(definitions.mcc)
kappa = at_threshold(definitions.kappa)
positive_likelihood_ratio = at_threshold(definitions.positive_likelihood_ratio)
negative_likelihood_ratio = at_threshold(definitions.negative_likelihood_ratio)
diagnostic_odds_ratio = at_threshold(definitions.diagnostic_odds_ratio)
flag_rate = at_threshold(definitions.flag_rate)
cost = at_threshold(definitions.cost)
normalised_cost = at_threshold(definitions.normalised_cost)
