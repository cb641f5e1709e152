# SPDX-License-Identifier: Apache-2.0
"""What every metric accepts: labels, scores and weights, checked once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, in_rows, unmasked
from equipoise._core.checks import sentence
from equipoise._core.numerals import significant
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError


def labels(y: npt.ArrayLike) -> BoolArray:
    """Return binary labels as booleans, any shape.

    Args:
        y: 0 and 1 (any dtype) or booleans.

    Raises:
        InputError: Another value occurs.
    """
    values = np.asarray(unmasked(y, "labels"))
    if values.dtype == np.bool_:
        return values
    if values.dtype.kind not in "biufc":
        values = floats(values, "labels")
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise InputError(
            sentence(
                f"{int(np.isnan(values).sum()):,} labels that are missing "
                f"({in_rows(np.flatnonzero(np.isnan(values)))})",
                "0 for the negative and 1 for the positive class",
                "Leave out the rows whose label is not known.",
            )
        )
    positive = np.asarray(values == 1)
    if not np.all(positive | (values == 0)):
        wrong = np.unique(values[~(positive | (values == 0))])[:3].tolist()
        raise InputError(
            sentence(
                f"labels that hold {wrong}",
                "0 for the negative and 1 for the positive class",
                _recode(values),
            )
        )
    return positive


def _recode(values: npt.NDArray[np.generic]) -> str:
    """Say how labels of two other values become 0 and 1."""
    distinct = np.unique(values)
    if distinct.size == 2 and all(value == round(value) for value in distinct):
        high = f"{distinct[1]:g}"
        return (
            f"Code the rare class as 1: if {high} is the positive class, pass "
            f"y == {high}."
        )
    return "Code the rare class as 1."


def scores(score: npt.ArrayLike, rows: tuple[int, ...]) -> FloatArray:
    """Return scores as float64 of the labels' shape; infinities are allowed.

    Args:
        score: Numbers; the larger, the more positive.
        rows: The labels' shape.

    Raises:
        InputError: The shape differs, or a score is not a number.
    """
    values = floats(score, "scores")
    if values.shape != rows:
        raise InputError(
            sentence(f"scores of shape {values.shape}", f"the labels' shape {rows}")
        )
    if np.isnan(values).any():
        raise InputError(
            sentence(
                f"{int(np.isnan(values).sum())} scores that are not a number",
                "numbers, infinities included",
            )
        )
    return values


def weighting(weights: npt.ArrayLike | None, rows: tuple[int, ...]) -> FloatArray:
    """Return example weights as float64; None means 1 for each row.

    Args:
        weights: At least 0 and finite; weight k counts as k copies of the row.
        rows: The labels' shape.

    Raises:
        InputError: The shape differs, or a weight is negative or not finite.
    """
    if weights is None:
        return np.ones(rows)
    values = floats(weights, "weights")
    if values.shape != rows:
        raise InputError(
            sentence(f"weights of shape {values.shape}", f"the labels' shape {rows}")
        )
    if not np.isfinite(values).all() or (values < 0).any():
        raise InputError(
            sentence("weights that are negative or not finite", "numbers of at least 0")
        )
    return values


def checked(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Return labels, scores and weights of one shape `[rows]`.

    Raises:
        InputError: They are not one-dimensional, differ in shape or hold a value
            that cannot be used.
    """
    positive = labels(y)
    if positive.ndim != 1:
        raise InputError(
            sentence(
                f"labels of shape {positive.shape}",
                "one label per row",
                "Use averaged(...) for multi-class and multi-label targets.",
            )
        )
    return (
        positive,
        scores(score, positive.shape),
        weighting(weights, positive.shape),
    )


def probabilities(score: FloatArray) -> FloatArray:
    """Return `score` if it holds probabilities.

    Raises:
        InputError: A value is below 0 or above 1.
    """
    if score.size and (score.min() < 0 or score.max() > 1):
        raise InputError(
            sentence(
                f"probabilities from {significant(score.min(), 4)} to "
                f"{significant(score.max(), 4)}",
                "numbers from 0 to 1",
                "For log-odds use equipoise.priors.probability(z) first.",
            )
        )
    return score
