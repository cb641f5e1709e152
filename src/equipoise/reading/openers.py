# SPDX-License-Identifier: Apache-2.0
"""Which reader takes which kind of source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import InputTypeError, UnsupportedError
from equipoise.reading.arrays import read_columns, read_matrix, read_pair
from equipoise.reading.examples import read_example
from equipoise.reading.files import read_file
from equipoise.reading.frames import is_frame, read_frame
from equipoise.reading.paths import is_path
from equipoise.reading.source import Raw, Request
from equipoise.stores.stored_table import StoredTable

Opener = Callable[[Any, Request], Raw]


def opener_of(source: Any) -> Opener:
    """Return the function that reads a source of this kind.

    Raises:
        InputTypeError: There is none.

    Example:
        >>> opener_of({"x": [1, 2]})({"x": [1, 2]}, Request()).data.column_names
        ['x']
    """
    for takes, opener in OPENERS:
        if takes(source):
            return opener
    if isinstance(source, StoredTable):
        raise UnsupportedError(
            sentence(
                "a StoredTable",
                "rows in memory, or the files themselves",
                "Pass the path of the files: a fitted model reads them block by block. "
                "Or take some rows: stored.take(range(1000)).",
            )
        )
    if isinstance(source, list) and source and isinstance(source[0], Mapping):
        raise InputTypeError(
            sentence(
                "rows as dictionaries",
                "a dictionary of columns, or a data frame",
                "Pass pandas.DataFrame(rows) or polars.DataFrame(rows).",
            )
        )
    raise InputTypeError(
        sentence(
            f"a source of type {type(source).__name__}",
            "a path, 'example:digits', a data frame, arrays (X, y), a dictionary of "
            "columns, or a Table",
        )
    )


def is_array(source: Any) -> bool:
    """Return whether the features of a source are an array."""
    first = source[0] if isinstance(source, tuple) and source else source
    return isinstance(first, np.ndarray) or hasattr(first, "tocsr")


def _is_example(source: Any) -> bool:
    return isinstance(source, str) and source.startswith("example:")


def _is_pair(source: Any) -> bool:
    return isinstance(source, tuple) and len(source) == 2


def _is_mapping(source: Any) -> bool:
    return isinstance(source, Mapping)


def _is_matrix(source: Any) -> bool:
    if isinstance(source, list):
        return not (source and isinstance(source[0], Mapping))
    return isinstance(source, np.ndarray) or hasattr(source, "tocsr")


def _read_pair(pair: tuple[Any, Any], request: Request) -> Raw:
    name = request.targets[0] if len(request.targets) == 1 else None
    return read_pair(*pair, name, request.targets)


# The first that takes a source opens it.
OPENERS: tuple[tuple[Callable[[Any], bool], Opener], ...] = (
    (_is_example, read_example),
    (is_path, read_file),
    (_is_pair, _read_pair),
    (_is_mapping, lambda columns, _: read_columns(columns)),
    (is_frame, lambda frame, _: read_frame(frame)),
    (_is_matrix, lambda matrix, _: read_matrix(matrix)),
)
