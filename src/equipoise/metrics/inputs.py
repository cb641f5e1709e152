# SPDX-License-Identifier: Apache-2.0
"""Labels, scores, probabilities and row weights, checked in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, in_rows, unmasked
from equipoise._core.checks import require_scale, sentence
from equipoise._core.numerals import significant
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError

ZERO_AND_ONE = "0 for the negative and 1 for the positive class"

ROUNDING = 1e-6
"""How far sums of probabilities in float32 may lie outside 0 to 1."""


def binary_labels(y: npt.ArrayLike) -> BoolArray:
    """Return binary labels as Booleans, of any shape.

    Args:
        y: 0 and 1 of any type, or Booleans.

    Raises:
        InputTypeError: The labels are not numbers.
        InputError: A label is missing, or neither 0 nor 1.

    Example:
        >>> binary_labels([0.0, 1.0])
        array([False,  True])
    """
    values = _label_array(y)
    if values.dtype == np.bool_:
        return values
    if values.dtype.kind not in "biuf":
        remedy = "Pass for example numpy.asarray(y) == 'yes'."
        values = floats(values, "labels", remedy=remedy)
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise InputError(
            sentence(
                f"{int(np.isnan(values).sum()):,} labels that are missing "
                f"({in_rows(np.flatnonzero(np.isnan(values)))})",
                ZERO_AND_ONE,
                "Leave out the rows that have no label.",
            )
        )
    positive = np.asarray(values == 1)
    if not np.all(positive | (values == 0)):
        wrong = np.unique(values[~(positive | (values == 0))])[:3].tolist()
        raise InputError(
            sentence(f"labels that hold {wrong}", ZERO_AND_ONE, _recode(values))
        )
    return positive


def _label_array(y: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return labels as an array of whatever they are."""
    plain = unmasked(y, "labels")
    try:
        return np.asarray(plain)
    except ValueError:  # lists of several lengths
        return floats(plain, "labels")


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


def check_labels(y: npt.ArrayLike) -> BoolArray:
    """Return the labels of at least one row as Booleans `[rows]`.

    All rows may be of one class: a metric that needs both is then undefined.

    Args:
        y: `[rows]` labels, 0 or 1.

    Raises:
        InputTypeError: The labels are not numbers.
        InputError: They are not one-dimensional, there are none, one is missing, or
            one is neither 0 nor 1.

    Example:
        >>> check_labels([1, 1, 1])
        array([ True,  True,  True])
    """
    shape = _label_array(y).shape
    if len(shape) != 1 or not shape[0]:
        raise InputError(
            sentence(
                f"labels of shape {shape}",
                "one label per row, [rows]",
                "Pass y[:, 0]." if len(shape) == 2 and shape[1] == 1 else "",
            )
        )
    return binary_labels(y)


def check_scores(
    score: npt.ArrayLike,
    shape: tuple[int, ...],
    what: str = "scores",
    remedy: str = "",
) -> FloatArray:
    """Return scores as float64; infinities are allowed.

    Args:
        score: Numbers; the larger, the more positive.
        shape: The labels' shape.
        what: What the scores are, in the plural, for messages.
        remedy: What to do about a score that is not a number.

    Raises:
        InputTypeError: The scores are not numbers.
        InputError: The shape differs, or a score is not a number.

    Example:
        >>> check_scores([1, float("inf")], (2,))
        array([ 1., inf])
    """
    values = floats(score, what)
    if values.shape != shape:
        raise InputError(
            sentence(f"{what} of shape {values.shape}", f"the labels' shape {shape}")
        )
    if np.isnan(values).any():
        raise InputError(
            sentence(
                f"{int(np.isnan(values).sum()):,} {what} that are not a number",
                "numbers, infinities included",
                remedy,
            )
        )
    return values


def check_log_odds(
    log_odds: npt.ArrayLike, shape: tuple[int, ...], name: str
) -> FloatArray:
    """Return an arm's out-of-fold scores as float64; infinities are allowed.

    Args:
        log_odds: Log-odds.
        shape: The shape that they must have.
        name: The arm.

    Raises:
        InputTypeError: The scores are not numbers.
        InputError: The shape differs, or a score is not a number.
    """
    return check_scores(
        log_odds,
        shape,
        f"scores of {name!r}",
        "A row that no fold scores has no score: every row needs a fold.",
    )


def check_probability(probability: npt.ArrayLike, rows: int) -> FloatArray:
    """Return probabilities as float64 `[rows]`.

    Args:
        probability: `[rows]` numbers from 0 to 1.
        rows: How many rows there are.

    Raises:
        InputTypeError: The probabilities are not numbers.
        InputError: The shape differs, or a value lies outside [0, 1].

    Example:
        >>> check_probability([0, 1], 2)
        array([0., 1.])
    """
    p = floats(probability, "probabilities")
    if p.shape == (rows, 1):
        raise InputError(
            sentence(
                f"probabilities of shape {p.shape}",
                f"one per row, ({rows},)",
                "Pass probability[:, 0].",
            )
        )
    if p.shape == (rows, 2):
        raise InputError(
            sentence(
                f"probabilities of shape {p.shape}",
                f"one per row, ({rows},)",
                "Pass the positive class' column, probability[:, 1].",
            )
        )
    return check_unit_interval(check_scores(p, (rows,), "probabilities"))


def check_unit_interval(score: FloatArray) -> FloatArray:
    """Return `score` if it holds probabilities.

    Values that rounding has put outside, by at most 1e-6 as sums in float32 do, are
    moved to 0 or 1.

    Raises:
        InputError: A value is below 0 or above 1 by more than that.
    """
    if not score.size or (score.min() >= 0 and score.max() <= 1):
        return score
    if score.min() >= -ROUNDING and score.max() <= 1 + ROUNDING:
        return np.clip(score, 0, 1)
    digits = 7 if score.max() < 1.001 and score.min() > -0.001 else 4
    what = (
        f"probabilities from {significant(score.min(), digits)} to "
        f"{significant(score.max(), digits)}"
    )
    if score.min() >= 0 and score.max() <= 100:
        raise InputError(
            sentence(
                what,
                "numbers from 0 to 1",
                "If they are percentages, divide them by 100.",
            )
        )
    raise InputError(
        sentence(
            what,
            "numbers from 0 to 1",
            "For log-odds use equipoise.priors.probability(z) first.",
        )
    )


def check_row_weights(
    weights: npt.ArrayLike | None, shape: tuple[int, ...], *, some: bool = False
) -> FloatArray:
    """Return row weights as float64; None means 1 for each row.

    Args:
        weights: At least 0, the largest of them from 1e-30 to 1e30; weight k counts as
            k copies of the row.
        shape: The labels' shape.
        some: Whether a weight must be above 0.

    Raises:
        InputTypeError: The weights are not numbers.
        InputError: The shape differs, a weight is negative or not finite, all are 0
            and `some` is set, or the largest is out of range.

    Example:
        >>> check_row_weights(None, (2,)), check_row_weights([0, 2], (2,))
        (array([1., 1.]), array([0., 2.]))
    """
    if weights is None:
        return np.ones(shape)
    values = floats(weights, "weights")
    accepted = f"finite numbers of at least 0, of shape {shape}"
    if some:
        accepted += ", not all of them zero"
    wrong = ""
    if values.shape != shape:
        wrong = f"weights of shape {values.shape}"
    elif not np.isfinite(values).all() or (values < 0).any():
        wrong = "weights that are negative or not finite"
    elif some and not values.any():
        wrong = "weights that are all zero"
    if wrong:
        raise InputError(sentence(wrong, accepted))
    largest = float(values.max(initial=0.0))
    require_scale(largest, f"weights up to {largest:g}")
    return values


def check_columns(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Return the labels, scores and row weights of a metric, each `[rows]`.

    Raises:
        InputTypeError: One of them holds no numbers.
        InputError: They are not one-dimensional, differ in shape or hold a value
            that cannot be used.

    Example:
        >>> check_columns([0, 1], [0.2, 0.7])
        (array([False,  True]), array([0.2, 0.7]), array([1., 1.]))
    """
    positive = binary_labels(y)
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
        check_scores(score, positive.shape),
        check_row_weights(weights, positive.shape),
    )


def check_probability_columns(
    y: npt.ArrayLike, probability: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Return what `check_columns` does, of scores that are probabilities.

    Raises:
        InputTypeError: One of them holds no numbers.
        InputError: As in `check_columns`, or a score lies outside [0, 1].
    """
    positive, p, weight = check_columns(y, probability, weights)
    return positive, check_unit_interval(p), weight
