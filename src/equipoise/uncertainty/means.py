# SPDX-License-Identifier: Apache-2.0
"""Intervals of metrics that are a mean over rows: Brier score and log loss.

The classes are independent samples, so the rare class' part of the error is
estimated from its own rows, however few.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.metrics.estimate import NAN
from equipoise.metrics.inputs import check_columns
from equipoise.uncertainty.influence import Influence, unseen_weight
from equipoise.uncertainty.proportion import effective_size
from equipoise.uncertainty.score_interval import ClassPart, Spread, t_quantile

NEAR_MEAN = 4.0
"""How fast, away from separation, the upper end of a mean of values from 0 to 1 stops
allowing for a further row as wrong as can be: the power of the skill."""


def mean_spread(
    y: npt.ArrayLike,
    values: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
) -> Spread:
    """Return a mean over rows with its variance at the table's prevalence.

    Args:
        y: `[rows]` labels, 0 or 1.
        values: `[rows]` one value per row.
        weights: `[rows]` weights, or None.
        clusters: `[rows]` cluster of each row, or None.

    Example:
        >>> spread = mean_spread([0, 0, 1, 1], [0.0, 0.2, 0.4, 0.8])
        >>> round(spread.value, 4), round(spread.variance, 4)
        (0.35, 0.0125)
    """
    positive, value, weight = check_columns(y, values, weights)
    total = float(weight.sum())
    if total == 0:
        return Spread(NAN, NAN, 0.0)
    row = np.zeros(value.size)
    low = high = 0.0
    reaches: list[tuple[float, float]] = []
    for rows in (positive & (weight > 0), ~positive & (weight > 0)):
        if not rows.any():
            reaches.append((0.0, 0.0))
            continue
        middle = float(np.average(value[rows], weights=weight[rows]))
        share = float(weight[rows].sum()) / total
        reaches.append((share * middle, share * max(0.0, 1 - middle)))
        distance = value[rows] - np.average(value[rows], weights=weight[rows])
        row[rows] = weight[rows] * distance / total
        # One further row of the class, as far out as the farthest.
        one = float(weight[rows].sum()) / effective_size(weight[rows]) / total
        low += (one * float(distance.min())) ** 2
        high += (one * float(distance.max())) ** 2
    influence = Influence(float(np.sum(weight * value) / total), row, positive, weight)
    units = influence.units(clusters) or effective_size(weight)
    prior = float(weight[positive].sum()) / total
    parts = tuple(
        ClassPart(variance, size, *reach)
        for (variance, size), reach in zip(
            influence.by_class(clusters), reaches, strict=True
        )
        if size
    )
    # Next to 0, against what a constant would have, the sample may lack a row that
    # is as wrong as can be.
    skill = 1 - influence.value / (prior * (1 - prior)) if 0 < prior < 1 else 0.0
    return Spread(
        influence.value,
        influence.variance(clusters),
        units,
        low,
        high,
        parts=parts,
        weight_low=0.0,
        weight_high=unseen_weight(skill, NEAR_MEAN),
    )


def positive_mean_interval(
    spread: Spread, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the interval of a mean of values above 0: t on the log scale.

    Args:
        spread: The mean and what is known about its error.
        level: Coverage, strictly between 0 and 1.

    Returns:
        The lower and the upper end; NaN if the mean is not above 0.

    Example:
        >>> low, high = positive_mean_interval(Spread(0.2, 0.0004, 20), 0.95)
        >>> round(float(low), 3), round(float(high), 3)
        (0.162, 0.247)
    """
    value = np.asarray(spread.value, np.float64)
    value = np.where((value > 0) & np.isfinite(value), value, NAN)
    freedom = np.maximum(1.0, np.asarray(spread.units) - 1)
    quantile = t_quantile((1 + level) / 2, freedom)

    def end(sign: int, unseen: npt.ArrayLike) -> FloatArray:
        error = np.sqrt(np.asarray(spread.variance) + np.asarray(unseen))
        with np.errstate(over="ignore"):  # of few rows the end may be infinite
            return np.asarray(value * np.exp(sign * quantile * error / value))

    return end(-1, spread.unseen_low), end(1, spread.unseen_high)


def squared_errors(y: npt.ArrayLike, score: npt.ArrayLike) -> FloatArray:
    """Return each row's part of the Brier score, `[rows]`.

    Example:
        >>> squared_errors([0, 1], [0.5, 1.0])
        array([0.25, 0.  ])
    """
    positive, p, _ = check_columns(y, score)
    return np.asarray((p - positive) ** 2)


def log_losses(y: npt.ArrayLike, score: npt.ArrayLike) -> FloatArray:
    """Return each row's log loss, `[rows]`.

    Example:
        >>> log_losses([0, 1], [0.5, 1.0]).round(4)
        array([0.6931, 0.    ])
    """
    positive, p, _ = check_columns(y, score)
    with np.errstate(divide="ignore"):
        # Adding 0 turns the negative zero of a perfect row into 0.
        return np.asarray(-np.where(positive, np.log(p), np.log1p(-p)) + 0.0)
