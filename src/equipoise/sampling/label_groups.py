# SPDX-License-Identifier: Apache-2.0
"""Rows of a label matrix in groups, by the rarest label that they have.

What is drawn of a label matrix is rows, each with all its labels. A row is counted
with the rarest of them, so that whoever draws the groups evenly reaches each rare
label, and the group follows from the row's labels alone. That makes the rate at which
a row is drawn a function of its labels, which weights of one over the rate undo
exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import sentence
from equipoise._core.types import Int32Array, IntArray
from equipoise.errors import InputError
from equipoise.task import label_matrix

NO_LABEL = -1
"""In place of the rarest label of a row that has none."""


def rarest_labels(labels: npt.ArrayLike) -> IntArray:
    """Return the rarest label of each row, -1 if it has none.

    Labels are as rare as rows of this matrix have them. Of two that are equally rare
    the first counts. A label that is not known is taken as absent.

    Args:
        labels: `[rows, labels]` 1, 0, and NaN or -1 if a label is not known.

    Returns:
        `[rows]` numbers of labels.

    Raises:
        InputError: It is no label matrix.

    Example:
        >>> rarest_labels([[1, 0], [1, 1], [0, 0], [1, 0]]).tolist()
        [0, 1, -1, 0]
    """
    present = label_matrix(unmasked(labels, "labels")) == 1
    order = np.argsort(present.sum(axis=0), kind="stable")
    first = present[:, order].argmax(axis=1)
    return np.asarray(np.where(present.any(axis=1), order[first], NO_LABEL), np.int64)


def label_groups(labels: npt.ArrayLike) -> tuple[Int32Array, ...]:
    """Return the positions of the rows of each group, the largest group first.

    Args:
        labels: `[rows, labels]`, as in `rarest_labels`.

    Returns:
        Ascending positions of each group that has rows.

    Raises:
        InputError: It is no label matrix, or has no rows.

    Example:
        >>> [group.tolist() for group in label_groups([[1, 0], [1, 1], [1, 0]])]
        [[0, 2], [1]]
    """
    rarest = rarest_labels(labels)
    if not len(rarest):
        raise InputError(sentence("labels of no rows", "at least one row"))
    groups = [group for group in rows_by_number(rarest - NO_LABEL) if len(group)]
    return tuple(sorted(groups, key=len, reverse=True))


def rows_by_number(
    numbers: IntArray, count: int | None = None
) -> tuple[Int32Array, ...]:
    """Return the ascending positions of each number, from 0 on.

    Args:
        numbers: `[rows]` whole numbers of at least 0.
        count: How many numbers there are; by default up to the largest.

    Example:
        >>> [rows.tolist() for rows in rows_by_number(np.array([1, 0, 1]), 3)]
        [[1], [0, 2], []]
    """
    sizes = np.bincount(numbers, minlength=count or 0)
    order = np.argsort(numbers, kind="stable").astype(np.int32)
    return tuple(np.split(order, np.cumsum(sizes)[:-1]))
