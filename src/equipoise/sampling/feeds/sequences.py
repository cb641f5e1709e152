# SPDX-License-Identifier: Apache-2.0
"""Rows that are sequences of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, IntArray
from equipoise.errors import InputError, InputTypeError


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences of different lengths, as one of the features of a feed.

    In a batch they are padded at the end to its longest. Each is stored once, without
    padding.

    Attributes:
        rows: Arrays `[steps of the sequence, ...]` that differ only in the first axis.
        padding: What stands after the end of a shorter sequence: a number, or of
            strings a string. 0 stands for "" of strings.

    Raises:
        InputError: There are none, or they differ in more than their lengths.
        InputTypeError: The padding of numbers is a string, or that of strings a number.

    Example:
        >>> words = Sequences([[3, 1, 2], [5], [4, 4]])
        >>> words.take([1, 2]).tolist()
        [[5, 0], [4, 4]]
    """

    rows: Sequence[Any] = field(repr=False)
    padding: float | str = 0
    values: AnyArray = field(init=False, repr=False)
    ends: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        each = [np.asarray(row) for row in self.rows]
        shapes = {array.shape[1:] if array.ndim else None for array in each}
        if not each or len(shapes) != 1 or None in shapes:
            raise InputError(
                sentence(
                    f"sequences of shapes {listing_of(each)}",
                    "one array [steps, ...] for each row, alike but for the steps",
                )
            )
        full = [array for array in each if len(array)] or each
        values = np.concatenate([array.astype(full[0].dtype) for array in each])
        if np.result_type(*{array.dtype for array in full}) != values.dtype:
            values = np.concatenate(full)
        object.__setattr__(self, "padding", _padding_of(values, self.padding))
        object.__setattr__(self, "rows", ())
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "ends", np.cumsum([0, *map(len, each)]))

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def lengths(self) -> IntArray:
        """The length of each sequence, `[rows]`."""
        return np.diff(self.ends)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of their numbers."""
        return self.values.dtype

    def take(self, rows: npt.ArrayLike, axis: int = 0) -> AnyArray:
        """Return some sequences, padded to the longest of them.

        Args:
            rows: `[some]` their numbers.
            axis: 0, as for an array.

        Returns:
            `[some, longest, ...]`.
        """
        which = np.asarray(rows, np.int64)
        lengths = self.lengths[which]
        longest = int(lengths.max(initial=0))
        shape = (len(which), longest, *self.values.shape[1:])
        padded = np.full(shape, self.padding, self.dtype)
        place = np.arange(longest)
        inside = place < lengths[:, None]
        padded[inside] = self.values[(self.ends[which][:, None] + place)[inside]]
        return padded


def _padding_of(values: AnyArray, padding: float | str) -> float | str:
    """Return what pads values of this type."""
    strings = values.dtype.kind in "OSU"
    if strings and not isinstance(padding, str | bytes) and padding == 0:
        return ""
    if strings != isinstance(padding, str | bytes):
        raise InputTypeError(
            sentence(
                f"padding={padding!r} for sequences of type {values.dtype}",
                "a string" if strings else "a number",
            )
        )
    return padding


def listing_of(arrays: Sequence[AnyArray], most: int = 3) -> str:
    """Write the shapes of some arrays, for messages.

    Example:
        >>> listing_of([np.zeros(2), np.zeros((3, 1))])
        '(2,), (3, 1)'
    """
    shown = ", ".join(str(array.shape) for array in arrays[:most])
    return f"{shown} and more" if len(arrays) > most else shown or "of no rows"
