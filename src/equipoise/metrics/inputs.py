# SPDX-License-Identifier: Apache-2.0
"""Labels, scores, probabilities and row weights, checked in one place."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, in_rows, is_missing, unmasked
from equipoise._core.checks import require_scale, sentence
from equipoise._core.numerals import significant
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError

ZERO_AND_ONE = "0 for the negative and 1 for the positive class"

_MOST_NAMES = 20

_LEAST = 1e-100
"""The smallest weight above 0 whose powers and products are above 0, too."""

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
        values = floats(values, "labels", remedy=_compare(values))
    require_labelled(values, ZERO_AND_ONE)
    positive = np.asarray(values == 1)
    if not np.all(positive | (values == 0)):
        wrong = np.unique(values[~(positive | (values == 0))])[:3].tolist()
        raise InputError(
            sentence(f"labels that hold {wrong}", ZERO_AND_ONE, _recode(values))
        )
    return positive


def require_labelled(labels: npt.NDArray[Any], accepted: str) -> None:
    """Raise if a label is missing: NaN, None or pandas.NA.

    Args:
        labels: Of any type and shape.
        accepted: Which labels are, for the message.

    Raises:
        InputError: A label is missing.
    """
    if labels.dtype.kind == "f":
        missing = np.isnan(labels).ravel()
    elif labels.dtype.kind == "O":
        missing = np.array([is_missing(label) for label in labels.ravel()], bool)
    else:
        return
    if missing.any():
        raise InputError(
            sentence(
                f"{int(missing.sum()):,} labels that are missing "
                f"({in_rows(np.flatnonzero(missing))})",
                accepted,
                "Leave out the rows that have no label.",
            )
        )


def _compare(values: npt.NDArray[Any]) -> str:
    """Say how labels that are names become Booleans."""
    labels = values.ravel().tolist() if values.dtype.kind in "OSU" else []
    names = Counter(repr(label) for label in labels)
    if not 1 < len(names) <= _MOST_NAMES:
        return "Pass for example numpy.asarray(y) == 'yes'."
    rarest = min(names, key=lambda name: names[name])
    return f"If {rarest} is the positive class, pass numpy.asarray(y) == {rarest}."


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
    whole = np.isfinite(distinct).all() and (distinct == np.floor(distinct)).all()
    if distinct.size == 2 and whole:
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
            sentence(
                f"{what} of shape {values.shape}",
                f"the labels' shape {shape}",
                _column(values.shape, shape, what),
            )
        )
    missing = np.isnan(values)
    if missing.any():
        raise InputError(
            sentence(
                f"{int(missing.sum()):,} {what} that are not a number "
                f"({in_rows(np.flatnonzero(missing))})",
                "numbers from 0 to 1"
                if what == "probabilities"
                else "numbers, infinities included",
                remedy or "Leave out these rows, of all arrays.",
            )
        )
    return values


def _column(shape: tuple[int, ...], labels: tuple[int, ...], what: str) -> str:
    """Say which column of a matrix is meant; nothing if it is another mistake."""
    if len(shape) != 2 or shape[:1] != labels or shape[1] not in (1, 2):
        return ""
    name = "probability" if what == "probabilities" else "score"
    if shape[1] == 1:
        return f"Pass {name}[:, 0]."
    return f"Pass the positive class' column, {name}[:, 1]."


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
        weights: 0 or from 1e-100 to 1e30; weight k counts as k copies of the row.
        shape: The labels' shape.
        some: Whether a weight must be above 0, and the largest from 1e-30.

    Raises:
        InputTypeError: The weights are not numbers.
        InputError: The shape differs, a weight is negative or not finite, all are 0
            and `some` is set, or one is out of range.

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
    _require_range(values, some)
    return values


def _require_range(weights: FloatArray, some: bool) -> None:
    """Raise if sums or products of weights would be infinite, or vanish.

    Args:
        weights: At least 0.
        some: Whether a weight must be above 0: training reads them at 32 bits.
    """
    least = float(weights.min(initial=1.0, where=weights > 0))
    largest = float(weights.max(initial=0.0))
    if some or largest > 1:
        require_scale(largest, f"weights up to {largest:g}")
    if least < _LEAST:
        raise InputError(
            sentence(
                f"weights of which some are {least:g}",
                f"0, or numbers from {_LEAST:g}",
                "Pass 0 for a row that is not to count, or divide all weights by the "
                "largest.",
            )
        )


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
                "Pass y[:, 0]."
                if positive.shape[1:] == (1,)
                else "Use averaged(...) for multi-class and multi-label targets.",
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
