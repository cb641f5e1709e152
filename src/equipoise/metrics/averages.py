# SPDX-License-Identifier: Apache-2.0
"""Metrics over several classes or labels: micro, macro, weighted, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, unmasked
from equipoise._core.checks import integer, one_of, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.inputs import check_row_weights
from equipoise.metrics.registry import Metric, metric

TOO_FEW = 10
"""Fewer positives than this cannot judge a class: with 10, a recall of .8 has an
exact interval from .44 to .97."""


@dataclass(frozen=True)
class Averaged:
    """One metric over several classes or labels.

    Attributes:
        value: The average; undefined with a reason if no class has a value.
        average: "macro", "micro" or "weighted".
        classes: Each class' own value, in the order of the columns.
        positives: Each class' number of positive rows (not weighted).
        skipped: Columns whose value is undefined; they are not in the average.
        too_few: Columns with fewer positives than the minimum; they are in the
            average, but on their own say nothing.
    """

    value: Estimate
    average: str
    classes: tuple[Estimate, ...]
    positives: tuple[int, ...]
    skipped: tuple[int, ...]
    too_few: tuple[int, ...]


def averaged(
    name: str,
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    average: str = "macro",
    decide: str = "threshold",
    minimum: int = TOO_FEW,
    **options: Any,
) -> Averaged:
    """Return a binary metric over classes (one against the rest) or labels.

    Args:
        name: A metric's name, see `METRICS`.
        y: `[rows]` class numbers 0..K-1, or `[rows, K]` labels, 0 or 1.
        score: `[rows, K]` scores.
        weights: `[rows]` weights, or None.
        average: "macro": mean over classes that have a value. "weighted": mean
            by the weight of each class' positives. "micro": all classes' rows
            pooled into one problem.
        decide: For metrics of decisions. "threshold": each score against the
            option `threshold`. "largest": each row is given the class with the
            largest score (the first of several).
        minimum: Classes with fewer positives than this are named in `too_few`.
        **options: Passed to the metric.

    Returns:
        The average, and each class' own value.

    Raises:
        InputError: Shapes do not fit, or a name is not known.

    Example:
        >>> y = [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
        >>> score = [[0.9, 0.2, 0.1], [0.3, 0.8, 0.2], [0.6, 0.1, 0.3]]
        >>> result = averaged("roc_auc", y, score)
        >>> print(result.value, result.skipped)
        0.750 (2,)
    """
    one = metric(name)
    kind = one_of(average, ("macro", "micro", "weighted"), "average")
    truth, values = _columns(y, score)
    if one_of(decide, ("threshold", "largest"), "decide") == "largest":
        values = _winners(one, values)
        options = {**options, "threshold": 0.5}
    weight = check_row_weights(weights, truth.shape[:1])
    classes = tuple(
        one.estimate(truth[:, k], values[:, k], weight, **options)
        for k in range(truth.shape[1])
    )
    hits = truth.sum(axis=0)
    value = (
        one.estimate(
            truth.ravel(),
            values.ravel(),
            np.repeat(weight, truth.shape[1]),
            **options,
        )
        if kind == "micro"
        else _mean(classes, weight @ truth if kind == "weighted" else None)
    )
    return Averaged(
        value=value,
        average=kind,
        classes=classes,
        positives=tuple(int(n) for n in hits),
        skipped=tuple(k for k, c in enumerate(classes) if not c.defined),
        too_few=tuple(np.flatnonzero(hits < integer(minimum, "minimum", 0)).tolist()),
    )


def _columns(
    y: npt.ArrayLike, score: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    truth, values = np.asarray(unmasked(y, "labels")), floats(score, "scores")
    if values.ndim != 2 or values.shape[:1] != truth.shape[:1]:
        raise InputError(
            sentence(
                f"scores of shape {values.shape} for labels of shape {truth.shape}",
                "one column of scores per class",
            )
        )
    if truth.ndim == 1:
        numbers = np.arange(values.shape[1])
        if not np.isin(truth, numbers).all():
            raise InputError(
                sentence(
                    "class numbers that have no column of scores",
                    f"integers from 0 to {values.shape[1] - 1}",
                )
            )
        return truth[:, None] == numbers, values
    if truth.shape != values.shape or not np.isin(truth, (0, 1)).all():
        raise InputError(
            sentence(
                f"labels of shape {truth.shape}",
                f"class numbers [rows], or 0 and 1 of shape {values.shape}",
            )
        )
    return truth == 1, values


def _winners(one: Metric, values: FloatArray) -> FloatArray:
    if one.of_counts is None:
        raise InputError(
            sentence(
                f"decide='largest' for {one.name!r}",
                "a metric of decisions",
                "Leave `decide` out.",
            )
        )
    return np.asarray(np.eye(values.shape[1])[np.argmax(values, axis=1)])


def _mean(classes: tuple[Estimate, ...], weight: FloatArray | None) -> Estimate:
    values = np.array([c.value for c in classes])
    mass = np.ones(values.size) if weight is None else np.asarray(weight)
    mass = np.where(np.isnan(values), 0.0, mass)
    if mass.sum() == 0:
        return Estimate.undefined("undefined in every class")
    used = mass > 0
    return Estimate(float(np.sum(mass[used] * values[used]) / mass.sum()))
