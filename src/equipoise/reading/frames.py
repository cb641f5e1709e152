# SPDX-License-Identifier: Apache-2.0
"""Data frames of any library that narwhals knows: pandas, polars, PyArrow, ..."""

from __future__ import annotations

import contextlib
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise._core.arrays import is_missing
from equipoise._core.checks import sentence
from equipoise.errors import TableError
from equipoise.reading.arrow_types import plain_column
from equipoise.reading.parquet import require_distinct
from equipoise.reading.source import Notes, Raw


def is_frame(source: Any) -> bool:
    """Return whether narwhals takes the object for a data frame."""
    import narwhals as nw

    try:
        frame = nw.from_native(source, pass_through=True)
    except nw.exceptions.DuplicateError:  # a frame, to be refused by `read_frame`
        return True
    return isinstance(frame, nw.DataFrame | nw.LazyFrame)


def is_series(source: Any) -> bool:
    """Return whether narwhals takes the object for one column."""
    import narwhals as nw

    series = nw.from_native(source, pass_through=True, allow_series=True)
    return isinstance(series, nw.Series)


def read_frame(source: Any, name: str = "the data frame") -> Raw:
    """Take a data frame; a lazy one is collected.

    A column of Python objects of several types is taken as texts.

    Raises:
        TableError: A column's name occurs twice.
    """
    import narwhals as nw
    import pyarrow as pa

    if isinstance(source, pa.Table):
        require_distinct(source.column_names, name)
    try:
        frame = nw.from_native(source)
    except nw.exceptions.DuplicateError:
        require_distinct([str(column) for column in source.columns], name)
        raise
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    names = [str(column) for column in frame.columns]
    require_distinct(names, name)
    columns = [to_arrow(column) for column in frame.iter_columns()]
    return Raw(pa.table(columns, names=names), name)


def to_arrow(series: Any) -> Any:
    """Return a narwhals series as a `pyarrow.ChunkedArray`."""
    import pyarrow as pa

    try:
        column = series.to_arrow()
    except _not_of_one_type():
        column = objects(series.to_list())
    if not isinstance(column, pa.ChunkedArray):
        column = pa.chunked_array([column])
    return plain_column(column)


def objects(values: Sequence[Any]) -> Any:
    """Return Python values as an Arrow array; as texts if their types differ.

    True and False among numbers are 1 and 0, as Python has it.
    """
    import pyarrow as pa

    for each in (values, _truth_as_numbers(values)):
        with contextlib.suppress(*_not_of_one_type()):
            return pa.array(each, from_pandas=True)
    texts = [None if is_missing(value) else str(value) for value in values]
    return pa.array(texts, pa.large_string())


def _truth_as_numbers(values: Sequence[Any]) -> Sequence[Any]:
    """Return True and False as 1 and 0, if all other values are numbers or missing."""
    kinds = {type(value) for value in values}
    if not kinds & {bool, np.bool_}:
        return values
    present = [None if is_missing(value) else value for value in values]
    if not all(isinstance(v, numbers.Real | np.bool_ | None) for v in present):
        return values
    return [int(v) if isinstance(v, bool | np.bool_) else v for v in present]


def _not_of_one_type() -> tuple[type[Exception], ...]:
    """Return what Arrow raises for values of several types."""
    import pyarrow as pa

    return (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
        pa.ArrowNotImplementedError,
        OverflowError,
    )


def in_row_order(features: Any, labels: Any, notes: Notes) -> Any:
    """Return pandas labels in the row order of pandas features, by their index.

    Raises:
        TableError: The indexes do not hold the same rows.
    """
    left: Any = getattr(features, "index", None)
    right: Any = getattr(labels, "index", None)
    if not (hasattr(left, "equals") and hasattr(right, "equals")):
        return labels
    if left.equals(right):
        return labels
    if left.is_unique and right.is_unique and len(left) == len(right):
        positions = right.get_indexer(left)
        if (positions >= 0).all():
            notes.add(
                "The indexes of X and y hold the same rows in another order; y was put "
                "into the order of X."
            )
            return labels.iloc[positions]
    raise TableError(
        sentence(
            f"X with {len(left):,} rows and y with {len(right):,} whose indexes differ",
            "the same index in both",
            "If the rows do correspond, pass y.to_numpy().",
        )
    )
