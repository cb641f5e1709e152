# SPDX-License-Identifier: Apache-2.0
"""Plain rows as a data frame of whichever library is installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from equipoise._core.checks import one_of, sentence
from equipoise.errors import MissingExtraError

LIBRARIES = ("pandas", "polars", "pyarrow")


def make_frame(rows: Sequence[Mapping[str, Any]], library: str | None = None) -> Any:
    """Return rows as a data frame.

    Args:
        rows: One mapping from column names to plain values per row, equal keys.
        library: "pandas", "polars" or "pyarrow"; None takes the first of them that
            is installed (PyArrow always is).

    Raises:
        InputError: The library is not one of these.
        MissingExtraError: The library is not installed.

    Example:
        >>> make_frame([{"a": 1}, {"a": 2}], "pyarrow").column("a").to_pylist()
        [1, 2]
    """
    if library is None:
        library = next(n for n in LIBRARIES if importlib.util.find_spec(n))
    one_of(library, LIBRARIES, "library")
    if importlib.util.find_spec(library) is None:
        raise MissingExtraError(
            sentence(
                f"library={library!r}, which is not installed",
                "an installed library",
                f"Run: pip install {library}",
            )
        )
    module = importlib.import_module(library)
    if library == "pyarrow":
        return module.Table.from_pylist([dict(row) for row in rows])
    return module.DataFrame([dict(row) for row in rows])
