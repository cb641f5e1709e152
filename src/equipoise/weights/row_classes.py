# SPDX-License-Identifier: Apache-2.0
"""The class of each row, as a number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import in_rows, unmasked
from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, IntArray
from equipoise.errors import InputError
from equipoise.metrics.inputs import check_labels

_RENUMBER = "Pass numpy.unique(labels, return_inverse=True)[1]."


def row_classes(
    labels: npt.ArrayLike, classes: int | None = None
) -> tuple[IntArray, int]:
    """Return the class number of each row, and how many classes there are.

    Args:
        labels: `[rows]` whole numbers from 0; Booleans for two classes.
        classes: How many classes there are, of which some may have no row. By default
            as many as there are numbers, at least 2, each with a row unless there are
            two.

    Returns:
        `[rows]` int64 and the number of classes.

    Raises:
        InputTypeError: The labels are not numbers.
        InputError: They are not `[rows]`, there are none, or one is no class number.

    Example:
        >>> row_classes([2, 0, 1, 2])
        (array([2, 0, 1, 2]), 3)
    """
    values = np.asarray(unmasked(labels, "labels"))
    numbers = _whole(values)
    if numbers is None or (numbers.max() <= 1 and classes in (None, 2)):
        return check_labels(values).astype(np.int64), 2
    most = int(numbers.max())
    if classes is not None and most >= classes:
        raise InputError(
            sentence(
                f"the class number {most} ({in_rows(np.flatnonzero(numbers == most))})",
                f"class numbers from 0 to {classes - 1}",
            )
        )
    if classes is None:
        distinct = np.unique(numbers)
        if len(distinct) <= 2:  # two classes that are coded otherwise than 0 and 1
            return check_labels(values).astype(np.int64), 2
        if len(distinct) <= most:
            absent = next(n for n, held in enumerate(distinct.tolist()) if n != held)
            raise InputError(
                sentence(
                    f"class numbers up to {most} and none of {absent}",
                    "class numbers from 0 on, each with a row",
                    _RENUMBER,
                )
            )
    return numbers, most + 1 if classes is None else classes


def _whole(values: AnyArray) -> IntArray | None:
    """Return whole numbers from 0, `[rows]`; None if the values are something else."""
    if values.ndim != 1 or not values.size or values.dtype.kind not in "iuf":
        return None
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        return None
    return values.astype(np.int64) if values.min() >= 0 else None
