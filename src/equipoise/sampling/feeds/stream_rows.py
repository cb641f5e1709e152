# SPDX-License-Identifier: Apache-2.0
"""What a stream yields: rows, batches of them, and what they may look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from equipoise._core.arrays import floats
from equipoise._core.checks import listing, sentence
from equipoise._core.types import AnyArray
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.sampling.feeds.arrays import finite_weights
from equipoise.sampling.feeds.batch import mapped
from equipoise.sampling.feeds.sequences import Sequences, listing_of

_ROW = "(features, label) or (features, label, weight)"


def label_of(row: Any, classes: int) -> int:
    """Return the class number of a row.

    Args:
        row: (features, label) or (features, label, weight).
        classes: How many classes there are.

    Raises:
        InputTypeError: It is no row, or its label is not a number.
        InputError: The label is no class number.
        UnsupportedError: It has several labels.

    Example:
        >>> label_of((0.5, np.array([1.0])), 2)
        1
    """
    require_parts(row, "a row", _ROW)
    label = np.asarray(row[1])
    if label.size != 1:
        raise UnsupportedError(
            sentence(
                f"a label of shape {label.shape}",
                "one class number for each row, or batched=True for batches of them",
                "Batches of several labels are drawn from arrays: see Quotas.",
            )
        )
    number = label.ravel()[0]
    if label.dtype.kind not in "biuf":
        raise InputTypeError(
            sentence(f"the label {number!r}", f"class numbers from 0 to {classes - 1}")
        )
    if not (0 <= number < classes and number == int(number)):
        raise InputError(
            sentence(f"the label {number}", f"class numbers from 0 to {classes - 1}")
        )
    return int(number)


def require_parts(row: Any, what: str, accepted: str, remedy: str = "") -> None:
    """Check that something is a pair, or a pair and weights.

    Args:
        row: A row, or a batch of rows.
        what: What it should be.
        accepted: The form of one.
        remedy: What to do.

    Raises:
        InputTypeError: It is something else.
    """
    parts = isinstance(row, list | tuple)
    if parts and len(row) in (2, 3):
        return
    length = f" of length {len(row)}" if parts else ""
    raise InputTypeError(
        sentence(f"{what} of type {type(row).__name__}{length}", accepted, remedy)
    )


def require_alike(parts: int, before: int) -> None:
    """Check that a row has a weight if those before it have one.

    Args:
        parts: How many parts it has, 2 or 3.
        before: How many those before it have, 0 if it is the first.

    Raises:
        InputError: Some rows have a weight and some have none.
    """
    if before not in (0, parts):
        raise InputError(
            sentence(
                "rows of which some have a weight and some have none",
                f"{_ROW}, the same for all rows",
                "Give rows without a weight the weight 1.",
            )
        )


def unbatched(batch: Any) -> Iterator[Any]:
    """Yield the rows of a batch.

    Args:
        batch: (features, labels) or (features, labels, weights).

    Raises:
        InputTypeError: It is no batch.
        InputError: Its arrays differ in length.
    """
    remedy = "Leave out batched=True if the source yields single rows."
    accepted = "(features, labels) or (features, labels, weights)"
    require_parts(batch, "a batch", accepted, remedy)
    sizes: set[int | None] = set()
    for part in batch:
        mapped(lambda array: sizes.add(_size_of(array)), part)
    if len(sizes) != 1 or None in sizes:
        raise InputError(
            sentence(
                f"a batch whose labels have the shape {np.shape(batch[1])} and whose "
                "arrays have different numbers of rows"
                if None not in sizes
                else "a batch of which a part is a single number",
                "arrays with as many rows as labels",
                remedy,
            )
        )
    for place in range(len(batch[1])):
        yield tuple(mapped(itemgetter(place), part) for part in batch)


def _size_of(array: Any) -> int | None:
    """Return the length of the first axis; None without one."""
    shape = getattr(array, "shape", None)
    if shape is None:
        return len(array) if isinstance(array, list) else None
    return int(shape[0]) if len(shape) else None


def stacked_features(rows: Sequence[Any], sequences: bool) -> Any:
    """Return the features of some rows, `[rows, ...]`.

    Args:
        rows: The features of each: an array, or a dictionary or tuple of arrays.
        sequences: Whether arrays that differ in their first axis are padded.

    Raises:
        InputError: They differ in form or in shape.

    Example:
        >>> stacked_features([[1, 2], [0.5]], sequences=True).tolist()
        [[1.0, 2.0], [0.5, 0.0]]
    """
    forms = {_form(features) for features in rows}
    if len(forms) > 1:
        raise InputError(
            sentence(
                f"rows with features of different forms: {' and '.join(sorted(forms))}",
                "the same form in every row: an array, or a dictionary or tuple of "
                "arrays",
            )
        )
    return mapped(lambda *arrays: _stacked(arrays, sequences), *rows)


def _form(features: Any) -> str:
    if isinstance(features, Mapping):
        return f"the keys {listing(sorted(features, key=str))}"
    return f"{len(features)} arrays" if isinstance(features, tuple) else "one array"


def _stacked(arrays: Sequence[Any], sequences: bool) -> AnyArray:
    """Return arrays as one; sequences of different lengths are padded."""
    each = [np.asarray(array) for array in arrays]
    if len({array.shape for array in each}) == 1:
        return np.stack(each)
    if not sequences:
        first = each[0].shape
        other = next(array for array in each if array.shape != first)
        raise InputError(
            sentence(
                f"features of the shapes {listing_of([each[0], other])}",
                "one shape for all rows",
                "Pass sequences=True if they differ in the first axis only: they are "
                "then padded to the longest of a batch.",
            )
        )
    return Sequences(each).take(np.arange(len(each)))


def weights_of_rows(rows: Sequence[Any]) -> AnyArray | None:
    """Return the weights of some rows, `[rows]` float32; None if they have none.

    Args:
        rows: (features, label) or (features, label, weight), all alike.

    Raises:
        InputTypeError: A weight is not a number.
        InputError: One is negative or not finite.

    Example:
        >>> weights_of_rows([(0.5, 1, 2), (0.1, 0, 3.0)]).tolist()
        [2.0, 3.0]
    """
    if len(rows[0]) < 3:
        return None
    values = floats([row[2] for row in rows], "weights")
    return finite_weights(values.reshape(-1) if values.size == len(rows) else values)


def require_castable(batch: Any, expected: Any) -> None:
    """Check that features have the type of those of the first row, but for precision.

    A data set of TensorFlow has one type; what does not fit would be cut off.

    Args:
        batch: `[batch, ...]` features, or a dictionary or tuple of them.
        expected: Types of NumPy in the same form.

    Raises:
        InputTypeError: Numbers with decimals follow whole ones.

    Example:
        >>> require_castable(np.zeros(2, np.float32), np.dtype(np.float64))
    """

    def check(array: AnyArray, dtype: Any) -> None:
        if not np.can_cast(array.dtype, dtype, "same_kind"):
            raise InputTypeError(
                sentence(
                    f"features of type {array.dtype} after a first row of type {dtype}",
                    "one type for all rows",
                    "Make every row numpy.asarray(features, numpy.float32), or another "
                    "type that holds all values.",
                )
            )

    mapped(check, batch, expected)
