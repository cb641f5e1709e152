# SPDX-License-Identifier: Apache-2.0
"""The space in which neighbours are near."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise.errors import InputError
from equipoise.priors import FloatArray


def distance_features(
    numbers: npt.ArrayLike,
    codes: npt.ArrayLike | None,
    labels: npt.ArrayLike,
) -> FloatArray:
    """Return the columns whose Euclidean distance says how near two rows are.

    Numbers count as they are. Two rows that differ in a category are as far apart
    as the median standard deviation of the positives' numbers, as in SMOTE-NC
    (Chawla et al. 2002, section 6.1): each category is a column that holds
    median / sqrt(2) where it is present. Without numbers, a difference counts 1.

    Args:
        numbers: `[rows, columns]`.
        codes: `[rows, columns]` category numbers, or None.
        labels: `[rows]`, 0 or 1.

    Returns:
        `[rows, features]` float64.

    Raises:
        InputError: The rows of the arrays differ, or a number is not finite.

    Example:
        >>> distance_features([[0.0], [2.0]], [[0], [1]], [1, 1]).round(3).tolist()
        [[0.0, 0.707, 0.0], [2.0, 0.0, 0.707]]
    """
    y = np.asarray(labels)
    values = _checked(np.asarray(numbers, np.float64), len(y))
    if codes is None or np.asarray(codes).size == 0:
        return values
    spread = values[y == 1].std(axis=0) if values.shape[1] else np.ones(1)
    scale = float(np.median(spread)) / math.sqrt(2)
    parts = [values]
    for column in np.asarray(codes).T:
        present = column[:, None] == np.unique(column[y == 1])
        parts.append(present * scale)
    return np.concatenate(parts, axis=1)


def _checked(values: FloatArray, rows: int) -> FloatArray:
    accepted = f"finite numbers of shape ({rows}, columns)"
    if values.ndim != 2 or len(values) != rows:
        raise InputError(sentence(f"numbers of shape {values.shape}", accepted))
    if not np.isfinite(values).all():
        raise InputError(sentence("numbers that are not finite", accepted))
    return values
