# SPDX-License-Identifier: Apache-2.0
"""Arrays as users hold them: with masks, with missing values, of mixed types."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.errors import InputError, InputTypeError

NOT_REAL = frozenset("cmM")
"""NumPy's kinds of complex numbers, durations and dates, which it would make real."""


def unmasked(values: Any, what: str) -> Any:
    """Return values whose mask, if they have one, hides nothing.

    `numpy.asarray` drops a mask, and what it hid would be counted.

    Args:
        values: Anything; all but masked arrays is returned as it is.
        what: What they are, in the plural.

    Raises:
        InputError: Something is masked.

    Example:
        >>> unmasked(np.ma.array([1, 2], mask=[False, False]), "labels").tolist()
        [1, 2]
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    hidden = np.ma.getmaskarray(values)
    if hidden.any():
        rows = np.flatnonzero(hidden.reshape(len(hidden), -1).any(axis=1))
        raise InputError(
            sentence(
                f"{what} of which {_are(int(hidden.sum()))} masked ({in_rows(rows)})",
                f"{what} without masked values",
                "Leave these rows out of every array, for example with "
                "keep = ~numpy.ma.getmaskarray(values).",
            )
        )
    return np.asarray(values.data)


def floats(values: Any, what: str, *, remedy: str = "") -> FloatArray:
    """Return numbers as float64; what is missing becomes NaN.

    Args:
        values: Numbers or Booleans: an array, a list, a series, a masked array.
        what: What they are, in the plural.
        remedy: What to do about values that are not numbers.

    Raises:
        InputTypeError: A value is not a number.
        InputError: A value is masked.

    Example:
        >>> floats([1, None], "scores")
        array([ 1., nan])
    """
    plain = unmasked(values, what)
    if getattr(getattr(plain, "dtype", None), "kind", "") in NOT_REAL:
        raise InputTypeError(
            sentence(
                f"{what} of type {plain.dtype}", "an array of real numbers", remedy
            )
        )
    try:
        return np.asarray(plain, np.float64)
    except (TypeError, ValueError) as error:
        # pandas' NA is not a number, and stands for a missing one.
        held = np.asarray(plain, dtype=object)
        if not any(is_missing(value) for value in held.ravel()):
            raise InputTypeError(
                sentence(
                    f"{what} that are not numbers ({error})",
                    "an array of numbers",
                    remedy,
                )
            ) from error
        filled = [np.nan if is_missing(value) else value for value in held.ravel()]
        return floats(filled, what).reshape(held.shape)


def require_finite_rows(values: AnyArray, what: str) -> None:
    """Raise if rows of numbers hold NaN or infinite values.

    Args:
        values: `[rows, ...]` numbers.
        what: What they are, for the message.

    Raises:
        InputError: Some do; the error names the first of them.

    Example:
        >>> require_finite_rows(np.ones((3, 2)), "x")
    """
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    bad = np.flatnonzero(~finite)
    if bad.size:
        hold = "1 row holds" if bad.size == 1 else f"{bad.size:,} rows hold"
        raise InputError(
            sentence(
                f"{what} of which {hold} NaN or infinite values ({in_rows(bad)})",
                "finite numbers",
            )
        )


def is_missing(value: Any) -> bool:
    """Return whether a value stands for none: None, NaN, NaT, pandas.NA, masked.

    Example:
        >>> [is_missing(value) for value in (None, float("nan"), 0, "")]
        [True, True, False, False]
    """
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, str | bytes | tuple | frozenset):
        return False
    different = value != value
    return different is True or str(different) in {"True", "<NA>"}


def group_numbers(values: Any, rows: int, what: str = "clusters") -> IntArray:
    """Return the number of each row's group, from 0.

    Whatever can be a key of a dictionary names a group: numbers, strings, dates,
    tuples, and a mixture of them. 1 and "1" are two groups.

    Args:
        values: `[rows]` one name per row.
        rows: How many rows there are.
        what: The argument's name.

    Raises:
        InputError: There is not one name per row, or a name is missing.
        InputTypeError: A name cannot be a key.

    Example:
        >>> group_numbers(["a", 7, (1, 2), 7], 4).tolist()
        [0, 1, 2, 1]
    """
    plain = unmasked(values, what)
    array = plain if isinstance(plain, np.ndarray) else _array(plain)
    if array.shape != (rows,):
        raise InputError(
            sentence(f"{what} of shape {array.shape}", f"one per row, shape ({rows},)")
        )
    if array.dtype.kind in "biuSU":
        return np.asarray(np.unique(array, return_inverse=True)[1], np.int64)
    if array.dtype.kind in "fmM":
        _refuse_missing(np.flatnonzero(np.isnan(array)), what)
        return np.asarray(np.unique(array, return_inverse=True)[1], np.int64)
    held = array.tolist() if array.dtype.names else list(array)
    _refuse_missing([i for i, value in enumerate(held) if is_missing(value)], what)
    numbers: dict[Hashable, int] = {}
    for i, value in enumerate(held):
        try:
            numbers.setdefault(value, len(numbers))
        except TypeError as error:
            raise InputTypeError(
                sentence(
                    f"{what} of which row {i} holds {value!r}",
                    "names that can be keys of a dictionary, such as numbers, strings, "
                    "dates and tuples",
                )
            ) from error
    try:
        ordered: Iterable[Any] = sorted(numbers)
    except TypeError:
        ordered = numbers
    place = {value: number for number, value in enumerate(ordered)}
    return np.array([place[value] for value in held], np.int64)


def in_rows(rows: Any, most: int = 5) -> str:
    """Say which rows, counted from 0: the first few.

    Example:
        >>> in_rows([3]), in_rows(range(9), most=2)
        ('row 3', 'rows 0, 1, ...')
    """
    numbers = [str(int(row)) for row in list(rows)[:most]]
    more = ", ..." if len(rows) > most else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {', '.join(numbers)}{more}"


def _are(count: int) -> str:
    return f"{count:,} {'is' if count == 1 else 'are'}"


def _refuse_missing(rows: Any, what: str) -> None:
    if len(rows):
        raise InputError(
            sentence(
                f"{what} of which {_are(len(rows))} missing ({in_rows(rows)})",
                "a name for every row",
                "Give a row that belongs to no other a name of its own, or leave it "
                "out.",
            )
        )


def _array(values: Any) -> npt.NDArray[Any]:
    """Return any sequence as an array that keeps each value's type."""
    if hasattr(values, "__array__") and getattr(values, "ndim", 1) != 1:
        return np.asarray(values)
    if hasattr(values, "to_pylist"):  # an array of Arrow
        values = values.to_pylist()
    elif hasattr(values, "to_numpy"):  # a series of pandas or polars
        array = np.asarray(values.to_numpy())
        if array.dtype.kind != "O":
            return array
        values = array
    elif hasattr(values, "__array__"):
        return np.asarray(values)
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return np.asarray(values)
    listed = list(values)
    if listed and all(type(value) is type(listed[0]) for value in listed):
        if isinstance(listed[0], list):  # a matrix
            return np.asarray(listed)
        if isinstance(listed[0], int | float | str):
            return np.asarray(listed)
    array = np.empty(len(listed), object)
    for i, value in enumerate(listed):
        array[i] = value
    return array
