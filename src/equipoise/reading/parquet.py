# SPDX-License-Identifier: Apache-2.0
"""Parquet files, through PyArrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from equipoise._core.checks import listing, nearest, sentence
from equipoise.errors import TableError
from equipoise.reading.arrow_types import plain_table
from equipoise.reading.source import Raw


def read_parquet(path: Path, drop: Sequence[str] = ()) -> Raw:
    """Read a Parquet file.

    Args:
        path: The file.
        drop: Columns that are not read at all.

    Raises:
        TableError: The file is damaged, cut off, repeats a column's name, or lacks
            one that is to be dropped.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = f"the file {path.name!r}"
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            require_distinct(names, name)
            require_present(drop, names, name)
            # The columns of a struct are chosen one by one, so plain files only.
            data = file.read(columns=[name for name in names if name not in drop])
    except (pa.ArrowException, OSError) as error:
        raise TableError(
            sentence(
                f"{name}, which is damaged or cut off ({_first_line(error)})",
                "a whole Parquet file",
                "Copy or write it again.",
            )
        ) from error
    return Raw(plain_table(data), name, unread=tuple(drop))


def require_distinct(names: Sequence[str], source: str) -> None:
    """Raise if a column's name occurs twice.

    Raises:
        TableError: The names that occur more than once.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise TableError(
            sentence(
                f"{source} in which the column name{'s'[: len(twice) > 1]} "
                f"{listing(twice)} occur{'s'[: len(twice) == 1]} more than once",
                "a name for each column",
                "Rename or remove columns.",
            )
        )


def require_some_columns(names: Sequence[str], source: str) -> None:
    """Raise if a source has no columns, whatever its number of rows.

    Args:
        names: Its columns.
        source: The source in words.
    """
    if not names:
        raise TableError(sentence(f"{source} with zero columns", "at least one column"))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def require_present(
    required: Sequence[str], names: Sequence[str], source: str, role: str = "drop"
) -> None:
    """Raise if a column that is to be dropped or kept is absent.

    A mistyped name would keep a column that the user wants out.

    Raises:
        TableError: The first name that is absent.
    """
    for name in required:
        if name not in names:
            raise TableError(
                sentence(
                    f"{role}={name!r}, but {source} has no such column",
                    f"one of {listing(names, 20)}",
                    nearest(name, names),
                )
            )
