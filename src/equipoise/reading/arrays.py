# SPDX-License-Identifier: Apache-2.0
"""NumPy arrays, lists, and dictionaries of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise.errors import InputTypeError, TableError
from equipoise.reading.arrow_types import plain_column, plain_table
from equipoise.reading.frames import (
    in_row_order,
    is_frame,
    is_series,
    objects,
    read_frame,
)
from equipoise.reading.parquet import require_distinct, require_some_columns
from equipoise.reading.source import Notes, Raw

Y = "target"
MOST_CELLS = 1_000_000_000
"""Of a sparse matrix, whose columns are held in full: 8 GB."""


def read_columns(columns: Mapping[Any, Any], name: str = "the dictionary") -> Raw:
    """Take a mapping from names to columns of equal length.

    Raises:
        TableError: The lengths differ.
    """
    import pyarrow as pa

    arrays = {str(key): _one(values, str(key)) for key, values in columns.items()}
    lengths = {key: len(values) for key, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise TableError(sentence(f"columns of lengths {lengths}", "equal lengths"))
    data = pa.table(list(arrays.values()), names=list(arrays))
    return Raw(plain_table(data), name)


def read_pair(
    features: Any, labels: Any, target: str | None, names: Sequence[str] = ()
) -> Raw:
    """Take features and labels; the source says what the target is called.

    Args:
        features: `[rows, features]`: an array, a list of rows, a data frame, or a
            dictionary of columns.
        labels: `[rows]`, or `[rows, 1]`, or `[rows, labels]` for a multi-label task.
        target: What to call the labels; None for their own name, else "target".
        names: What to call several labels; if these are not as many as there are
            columns, their own names, else "label_0", "label_1", ...

    Raises:
        TableError: The shapes do not fit, or the indexes of a pandas pair differ.
    """
    import pyarrow as pa

    notes = Notes()
    labels = in_row_order(features, labels, notes)
    raw = read_features_only(features)
    require_some_columns(raw.data.column_names, f"X, {raw.name},")
    matrix = _label_matrix(labels, names)
    if matrix is not None:
        return _with_labels(raw, matrix, notes)
    name = target or _own_name(labels) or Y
    column = _labels(labels.toarray() if hasattr(labels, "tocsr") else labels)
    if len(column) != raw.data.num_rows:
        raise TableError(
            sentence(
                f"X with {raw.data.num_rows:,} rows and y with {len(column):,}",
                "as many labels as rows",
            )
        )
    if name in raw.data.column_names:
        raise TableError(
            sentence(
                f"X and y that both have a column {name!r}",
                "features without the target",
                f"Remove {name!r} from X, or a model reads the answer from it.",
            )
        )
    data = raw.data.append_column(name, plain_column(pa.chunked_array([column])))
    return Raw(data, raw.name, raw.typed, notes=notes.sentences(), targets=(name,))


def _label_matrix(labels: Any, names: Sequence[str]) -> Any:
    """Return several labels of each row as an Arrow table, or None if it is one."""
    if hasattr(labels, "tocsr"):
        labels = labels.toarray()
    if is_frame(labels):
        data = read_frame(labels, "y").data
    elif is_series(labels):
        return None
    else:
        array = _filled(labels) if np.ma.isMaskedArray(labels) else labels
        if isinstance(array, list | tuple):
            if not (len(array) and isinstance(array[0], list | tuple | np.ndarray)):
                return None
            array = _matrix(array)
        array = np.asarray(array)
        if array.ndim != 2:
            return None
        columns = {f"label_{j}": array[:, j] for j in range(array.shape[1])}
        data = read_columns(columns, "y").data if columns else None
    if data is None or data.num_columns < 2:
        return None
    if len(names) == data.num_columns:
        require_distinct(names, "targets")
        data = data.rename_columns(list(names))
    return data


def _with_labels(raw: Raw, labels: Any, notes: Notes) -> Raw:
    """Return features with the columns of several labels behind them."""
    if labels.num_rows != raw.data.num_rows:
        raise TableError(
            sentence(
                f"X with {raw.data.num_rows:,} rows and y with {labels.num_rows:,}",
                "as many labels as rows",
            )
        )
    both = [name for name in labels.column_names if name in raw.data.column_names]
    if both:
        raise TableError(
            sentence(
                f"X and y that both have the column{'s'[: len(both) > 1]} "
                f"{listing(both)}",
                "features without the targets",
                f"Remove {'them' if len(both) > 1 else 'it'} from X, or a model reads "
                "the answer from there.",
            )
        )
    data = raw.data
    for name in labels.column_names:
        data = data.append_column(name, plain_column(labels.column(name)))
    return Raw(
        data,
        raw.name,
        raw.typed,
        notes=notes.sentences(),
        targets=tuple(labels.column_names),
    )


def read_features_only(features: Any) -> Raw:
    """Take features in any of their forms.

    Raises:
        TableError: These are not features.
    """
    if isinstance(features, Mapping):
        return read_columns(features)
    if is_frame(features):
        return read_frame(features)
    return read_matrix(features)


def read_matrix(values: Any) -> Raw:
    """Take a matrix; its columns are called f0, f1, ...

    Raises:
        TableError: It does not have two dimensions, or its rows differ in length; or
            a sparse matrix would need more than `MOST_CELLS`.
    """
    import pyarrow as pa

    if hasattr(values, "tocsr"):
        return _sparse(values)
    matrix = _matrix(values)
    if matrix.dtype.names:
        return read_columns(
            {key: matrix[key] for key in matrix.dtype.names}, "the array"
        )
    if matrix.ndim != 2:
        remedy = (
            "For a single feature pass X.reshape(-1, 1)."
            if matrix.ndim == 1
            else "Flatten what belongs to one row: X.reshape(len(X), -1)."
        )
        raise TableError(
            sentence(
                f"X of shape {matrix.shape}", "two dimensions, [rows, features]", remedy
            )
        )
    names = [f"f{j}" for j in range(matrix.shape[1])]
    columns = [_one(matrix[:, j], names[j]) for j in range(matrix.shape[1])]
    return Raw(pa.table(columns, names=names), "the array")


def _sparse(matrix: Any) -> Raw:
    """Take a SciPy sparse matrix; what it does not store is 0."""
    import pyarrow as pa

    rows, width = matrix.shape
    if rows * width > MOST_CELLS:
        raise TableError(
            sentence(
                f"a sparse matrix of {rows:,} rows and {width:,} columns",
                f"at most {MOST_CELLS:,} values: columns are held in full",
                "Choose columns, for example the ones that are not 0 most often, "
                "without the target.",
            )
        )
    by_column = matrix.tocsc()
    names = [f"f{j}" for j in range(width)]
    columns = []
    for j, name in enumerate(names):
        column = by_column[:, [j]].toarray()[:, 0]
        columns.append(_one(column, name))
    return Raw(pa.table(columns, names=names), "the sparse matrix")


def _matrix(values: Any) -> Any:
    if isinstance(values, np.ma.MaskedArray):
        return _filled(values)
    if not isinstance(values, list | tuple):
        return np.asarray(values)
    lengths = {
        len(row) if isinstance(row, Sequence | np.ndarray) else -1 for row in values
    }
    if len(lengths) > 1:
        raise TableError(
            sentence(
                f"rows of {len(lengths)} different lengths", "rows of equal length"
            )
        )
    # Without `object` a list of numbers and texts would become texts throughout.
    return np.array(values, dtype=object)


def _filled(values: Any) -> Any:
    """Return a masked array with what is masked as missing."""
    if not np.ma.getmaskarray(values).any():
        return np.asarray(values.data)
    if values.dtype.kind in "biuf":
        return np.ma.filled(values.astype(np.float64), np.nan)
    objects = values.data.astype(object)
    objects[np.ma.getmaskarray(values)] = None
    return objects


def _one(values: Any, name: str) -> Any:
    """Return one column as an Arrow array."""
    import pyarrow as pa

    if is_series(values):
        return _series(values)
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, np.ma.MaskedArray):
        values = _filled(values)
    if isinstance(values, list | tuple):
        return objects(list(values))
    array: Any = np.asarray(values)
    if array.dtype.kind == "O" and array.ndim == 1:
        return objects(list(array))
    if array.ndim != 1:
        raise TableError(
            sentence(f"the column {name!r} of shape {array.shape}", "one dimension")
        )
    if array.dtype.kind not in "biufUSMm":
        raise InputTypeError(
            sentence(
                f"the column {name!r} of type {array.dtype}",
                "numbers, booleans, strings or date-times",
            )
        )
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        array = array.astype(np.float64)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind == "M" and np.datetime_data(array.dtype)[0] not in _UNITS:
        array = array.astype("datetime64[us]")
    return pa.array(np.ascontiguousarray(array), from_pandas=array.dtype.kind in "fMm")


_UNITS = {"D", "s", "ms", "us", "ns"}


def _series(values: Any) -> Any:
    import narwhals as nw

    from equipoise.reading.frames import to_arrow

    return to_arrow(nw.from_native(values, series_only=True)).combine_chunks()


def _own_name(labels: Any) -> str | None:
    name = getattr(labels, "name", None)
    return name if isinstance(name, str) and name else None


def _labels(labels: Any) -> Any:
    if is_frame(labels):
        raw = read_frame(labels, "y")
        require_some_columns(raw.data.column_names, "y")
        return raw.data.column(0).combine_chunks()
    if not is_series(labels) and not isinstance(labels, list | tuple):
        # `asarray` would drop a mask, and count what it hides.
        labels = _filled(labels) if np.ma.isMaskedArray(labels) else np.asarray(labels)
        if labels.ndim == 2 and not labels.shape[1]:
            require_some_columns((), "y")
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
    return _one(labels, "y")


__all__ = [
    "read_columns",
    "read_features_only",
    "read_matrix",
    "read_pair",
    "require_distinct",
]
