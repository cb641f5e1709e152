# SPDX-License-Identifier: Apache-2.0
"""The space in which neighbours are near."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import sentence
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError


def distance_features(
    numbers: npt.ArrayLike,
    codes: npt.ArrayLike | None,
    labels: npt.ArrayLike,
) -> FloatArray:
    """Return columns of the positives whose distance says how near two of them are.

    Numbers count as they are. Two rows that differ in a category are as far apart
    as the median standard deviation of the positives' numbers, as in SMOTE-NC
    (Chawla et al. 2002, section 6.1): each category is a column that holds
    median / sqrt(2) where it is present. Without numbers, a difference counts 1.
    Nothing is made for the negatives, however many there are.

    Args:
        numbers: `[rows, columns]`.
        codes: `[rows, columns]` category numbers, or None.
        labels: `[rows]`, 0 or 1.

    Returns:
        `[positives, features]` float64, in the order of the rows.

    Raises:
        InputError: The rows of the arrays differ, or a number is not finite.

    Example:
        >>> near = distance_features([[0.0], [9.0], [2.0]], [[0], [5], [1]], [1, 0, 1])
        >>> near.round(3).tolist()
        [[0.0, 0.707, 0.0], [2.0, 0.0, 0.707]]
    """
    positive = np.asarray(unmasked(labels, "labels")) == 1
    values: FloatArray = _finite(numbers, len(positive))[positive]
    if codes is None or np.asarray(codes).size == 0:
        return values
    categories = _with_rows(np.asarray(codes), "codes", len(positive))[positive]
    scale = _category_scale(values)
    present = [column[:, None] == np.unique(column) for column in categories.T]
    return np.concatenate([values, *(each * scale for each in present)], axis=1)


def features_around(
    numbers: npt.ArrayLike, codes: npt.ArrayLike | None, members: BoolArray
) -> FloatArray:
    """Return columns of all rows whose distance to a member says how near it is.

    As `distance_features`, with the spread of the members. A category that no member
    has is like all others that none has: it differs from that of each member.

    Args:
        numbers: `[rows, columns]`.
        codes: `[rows, columns]` category numbers, or None.
        members: `[rows]` the rows of a class.

    Returns:
        `[rows, features]` float64.

    Raises:
        InputError: The rows of the arrays differ, or a number is not finite.

    Example:
        >>> some = np.array([True, False, True])
        >>> features_around([[0.0], [9.0], [2.0]], [[0], [5], [1]], some).round(2)
        array([[0.  , 0.71, 0.  , 0.  ],
               [9.  , 0.  , 0.  , 0.71],
               [2.  , 0.  , 0.71, 0.  ]])
    """
    values = _finite(numbers, len(members))
    if codes is None or np.asarray(codes).size == 0:
        return values
    categories = _with_rows(np.asarray(codes), "codes", len(members))
    scale = _category_scale(values[members])
    columns = [values]
    for column in categories.T:
        present = column[:, None] == np.unique(column[members])
        elsewhere = ~present.any(axis=1, keepdims=True)
        columns += [present * scale, elsewhere * scale]
    return np.concatenate(columns, axis=1)


def _finite(numbers: npt.ArrayLike, rows: int) -> FloatArray:
    every = _with_rows(np.asarray(numbers), "numbers", rows)
    if every.dtype.kind == "f" and not np.isfinite(every).all():
        raise InputError(sentence("numbers that are not finite", "finite numbers"))
    return every.astype(np.float64)


def _category_scale(values: FloatArray) -> float:
    """Return what a differing category counts, over the square root of 2."""
    spread = values.std(axis=0) if values.shape[1] else np.ones(1)
    return float(np.median(spread)) / math.sqrt(2)


def _with_rows(values: npt.NDArray[Any], name: str, rows: int) -> npt.NDArray[Any]:
    if values.ndim != 2 or len(values) != rows:
        raise InputError(
            sentence(f"{name} of shape {values.shape}", f"a shape of ({rows}, columns)")
        )
    return values
