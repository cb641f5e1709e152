# SPDX-License-Identifier: Apache-2.0
"""Arrow's many types, brought to the few that the rest of the package knows.

Views, run-end encoding and extension types say how values are stored, not what they
are. `plain_table` takes them off: what is left are null, numbers, decimals, booleans,
texts, bytes, dates and times, dictionaries of these, and nested values.

An interval of pandas (`cut`, `qcut`) becomes the text that pandas writes into CSV; a
period becomes its first moment; a UUID its text. Other extension types are taken as
the values that they are stored as.
"""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Mapping
from typing import Any


def plain_table(table: Any) -> Any:
    """Return a `pyarrow.Table` whose columns are of plain types.

    Args:
        table: Any `pyarrow.Table`.

    Example:
        >>> import pyarrow as pa
        >>> views = pa.table({"c": pa.array(["a", None], pa.string_view())})
        >>> print(plain_table(views).schema.field("c").type)
        large_string
    """
    import pyarrow as pa

    columns = [
        plain_column(column, field.metadata)
        for column, field in zip(table.columns, table.schema, strict=True)
    ]
    return pa.table(columns, names=table.column_names)


def plain_column(column: Any, metadata: Mapping[bytes, bytes] | None = None) -> Any:
    """Return a `pyarrow.ChunkedArray` as one of a plain type.

    Args:
        column: A chunked array of any type.
        metadata: Of its field; it names an extension type that nobody registered.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        stored = pa.chunked_array(
            [chunk.storage for chunk in column.chunks], kind.storage_type
        )
        return plain_column(_extension(stored, kind.extension_name, _parameters(kind)))
    name = (metadata or {}).get(b"ARROW:extension:name", b"").decode()
    if name:
        parameters = (metadata or {}).get(b"ARROW:extension:metadata", b"")
        return plain_column(_extension(column, name, _json(parameters)))
    if pa.types.is_run_end_encoded(kind):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return plain_column(pa.chunked_array(chunks, kind.value_type))
    if pa.types.is_dictionary(kind):
        return _dictionary(column)
    if pa.types.is_string_view(kind):
        return pc.cast(column, pa.large_string())
    if pa.types.is_binary_view(kind):
        return pc.cast(column, pa.large_binary())
    return column


def _dictionary(column: Any) -> Any:
    """Return a dictionary of plain values, or these if no text can name them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chunks = []
    for chunk in column.chunks:
        values = plain_column(pa.chunked_array([chunk.dictionary])).combine_chunks()
        values = values if isinstance(values, pa.Array) else values.chunk(0)
        if _is_utf8(values):
            values = pc.cast(values, pa.large_string())
        if unnamed(values.type):
            chunks.append(values.take(chunk.indices))
        else:
            chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, values))
    return pa.chunked_array(chunks) if chunks else column


def _is_utf8(values: Any) -> bool:
    """Return whether bytes are texts in UTF-8."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_binary(values.type):
        return False
    try:
        pc.cast(values, pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _extension(stored: Any, name: str, parameters: Mapping[str, Any]) -> Any:
    """Return the plain values of an extension type.

    Args:
        stored: The values that it is stored as, a chunked array.
        name: The extension's name.
        parameters: Its parameters.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if name == "pandas.interval" and pa.types.is_struct(stored.type):
        return _intervals(stored, str(parameters.get("closed", "right")))
    if name == "pandas.period" and pa.types.is_integer(stored.type):
        return _periods(stored, str(parameters.get("freq", "")))
    if name == "arrow.uuid" and pa.types.is_fixed_size_binary(stored.type):
        texts = [
            None if value is None else str(uuid.UUID(bytes=value))
            for value in stored.to_pylist()
        ]
        return pa.chunked_array([pa.array(texts, pa.large_string())])
    if name == "arrow.bool8" and pa.types.is_integer(stored.type):
        return pc.not_equal(stored, 0)
    return stored


def _intervals(stored: Any, closed: str) -> Any:
    import pyarrow as pa

    before = "[" if closed in ("left", "both") else "("
    after = "]" if closed in ("right", "both") else ")"
    texts = [
        None
        if value is None or value["left"] is None
        else f"{before}{value['left']}, {value['right']}{after}"
        for value in stored.to_pylist()
    ]
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def _periods(stored: Any, frequency: str) -> Any:
    """Return the first moment of each period; pandas knows its frequencies."""
    import numpy as np
    import pyarrow as pa

    try:
        pandas: Any = importlib.import_module("pandas")
    except ImportError:
        return stored
    numbers = stored.combine_chunks()
    ordinals = np.asarray(numbers.fill_null(0), np.int64)
    periods = pandas.PeriodIndex.from_ordinals(ordinals, freq=frequency)
    moments = periods.to_timestamp().to_numpy().astype("datetime64[us]")
    missing = np.asarray(numbers.is_null()) | (ordinals == np.iinfo(np.int64).min)
    return pa.chunked_array([pa.array(moments, pa.timestamp("us"), mask=missing)])


def _parameters(kind: Any) -> Mapping[str, Any]:
    """Return an extension type's parameters, if they are written as JSON."""
    serialize = getattr(kind, "__arrow_ext_serialize__", None)
    return {} if serialize is None else _json(serialize())


def _json(data: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(data)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def is_binary(kind: Any) -> bool:
    """Return whether an Arrow type holds bytes."""
    import pyarrow as pa

    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def unnamed(kind: Any) -> bool:
    """Return whether no text can stand for a plain type's values.

    Example:
        >>> import pyarrow as pa
        >>> unnamed(pa.list_(pa.int64())), unnamed(pa.decimal128(5, 2))
        (True, False)
    """
    import pyarrow as pa

    return bool(
        pa.types.is_nested(kind) or pa.types.is_interval(kind) or is_binary(kind)
    )
