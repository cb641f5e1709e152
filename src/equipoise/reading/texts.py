# SPDX-License-Identifier: Apache-2.0
"""A column of texts as its distinct values and a code per row.

All questions about texts (is it a number, a date, a missing value?) are asked of the
distinct values alone, so the cost hardly depends on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, CodeArray


@dataclass(frozen=True, eq=False)
class Texts:
    """Distinct texts and where they occur.

    Attributes:
        codes: `[rows]` int32 positions in `values`; -1 if the source has no value.
        values: A `pyarrow.LargeStringArray` of distinct texts, in order of first
            appearance.
    """

    codes: CodeArray
    values: Any

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many rows have each value, `[values]`."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    def rows(self, chosen: BoolArray) -> int:
        """Return how many rows have one of the chosen values."""
        return int(self.counts[chosen].sum())

    def first(self, chosen: BoolArray) -> tuple[int, str]:
        """Return the first row that has one of the chosen values, and the text."""
        row = int(np.argmax(self.at(chosen)))
        return row, self.text(int(self.codes[row]))

    def at(self, chosen: BoolArray) -> BoolArray:
        """Return which rows have one of the chosen values, `[rows]`."""
        return np.asarray(np.append(chosen, False)[self.codes])

    def text(self, code: int) -> str:
        """Return one value."""
        return str(self.values[code].as_py())

    def list(self, chosen: BoolArray | None = None) -> list[str]:
        """Return the (chosen) values as Python texts."""
        if chosen is None:
            return list(self.values.to_pylist())
        return list(self.values.filter(_arrow(chosen)).to_pylist())

    def replace(self, values: Any) -> Texts:
        """Return the column with each value replaced; equal ones become one."""
        import pyarrow as pa

        encoded = values.cast(pa.large_string()).dictionary_encode()
        lookup = np.append(np.asarray(encoded.indices.fill_null(-1)), -1)
        return Texts(lookup.astype(np.int32)[self.codes], encoded.dictionary)

    def without(self, chosen: BoolArray) -> Texts:
        """Return the column with the chosen values missing, others renumbered."""
        remaining = ~chosen & (self.counts > 0)
        lookup = np.full(len(remaining) + 1, -1, np.int32)
        lookup[:-1][remaining] = np.arange(np.count_nonzero(remaining))
        return Texts(lookup[self.codes], self.values.filter(_arrow(remaining)))


def texts_of(column: Any) -> Texts:
    """Encode a `pyarrow.ChunkedArray` of texts, or of a dictionary of any values."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries().combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        codes = np.asarray(column.indices.cast(pa.int64()).fill_null(-1))
        values = column.dictionary.cast(pa.large_string())
        return _by_appearance(Texts(codes.astype(np.int32), values).replace(values))
    encoded = column.cast(pa.large_string()).dictionary_encode()
    parts = [np.asarray(c.indices.fill_null(-1), np.int32) for c in encoded.chunks]
    if not parts:
        return Texts(np.empty(0, np.int32), pa.array([], pa.large_string()))
    # Arrow gives every chunk the dictionary of the whole column.
    return Texts(
        np.concatenate(parts), encoded.chunk(encoded.num_chunks - 1).dictionary
    )


def without_points(values: Any) -> Any:
    """Return whole floats as integers, NaN as missing, and other columns as they are.

    From 2^63 on, which no integer of Arrow holds, they are written as texts.

    A column of whole numbers becomes one of floats as soon as a value is missing: what
    its values are written as must not depend on that.

    Args:
        values: An Arrow column.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(values.type):
        return values
    if pa.types.is_float16(values.type):  # for which Arrow has no `floor`
        values = pc.cast(values, pa.float32())
    values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    whole = pc.all(pc.equal(pc.floor(values), values), min_count=0).as_py()
    if not whole:
        return values
    if (pc.max(pc.abs(values)).as_py() or 0.0) < _FIRST_BEYOND:
        return pc.cast(values, pa.int64())
    texts = [None if value is None else f"{value:.0f}" for value in values.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.large_string())])


_FIRST_BEYOND = 2.0**63


def _by_appearance(texts: Texts) -> Texts:
    """Renumber values by first appearance; values that never occur go."""
    import pyarrow as pa

    present, first = np.unique(texts.codes, return_index=True)
    first, present = first[present >= 0], present[present >= 0]
    order = present[np.argsort(first, kind="stable")]
    lookup = np.full(len(texts.values) + 1, -1, np.int32)
    lookup[order] = np.arange(len(order))
    return Texts(lookup[texts.codes], texts.values.take(pa.array(order)))


def _arrow(mask: BoolArray) -> Any:
    import pyarrow as pa

    return pa.array(mask)
