# SPDX-License-Identifier: Apache-2.0
"""One 64-bit number per row: equal rows have equal numbers, everywhere and always.

A value becomes 64 bits (a float's own bits, a digest of a category's text, the
microseconds of a date-time), is mixed with a digest of its column's name by the
finaliser of SplitMix64 (Steele, Lea & Flood 2014), and the columns are added up
modulo 2^64. The sum does not depend on the order of the columns, and a column can
be taken out of it by subtraction.

Two different rows share a number with probability 2^-64: among a million rows,
about 3 in 100 million.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from equipoise._core.types import HashArray
from equipoise.table.table import Column, Table

_MISSING = np.uint64(0x9E3779B97F4A7C15)


def row_hashes(table: Table, *, with_target: bool = False) -> HashArray:
    """Return a number for each row's features.

    Use it to find equal rows within and across tables. The numbers are the same
    in every process and on every machine, for any order of the columns and
    whatever positions the categories have. -0.0 equals 0.0, and a missing value
    equals a missing value. Rows whose values were rounded after they were read have
    the numbers of their source (`Table.source_sums`).

    Args:
        table: The rows.
        with_target: Whether rows with equal features and different targets differ.

    Returns:
        `[rows]` uint64.

    Example:
        >>> from equipoise.table.table import Column
        >>> from equipoise.task import Task
        >>> x = Column("x", "numeric", np.array([0.0, -0.0, np.nan]))
        >>> rows = Table((x,), np.array([0, 0, 1], np.int8),
        ...               Task("binary", ("no", "yes")))
        >>> first, second, third = row_hashes(rows)
        >>> bool(first == second), bool(first == third)
        (True, False)
    """
    total = sum_of_hashes(table)
    if table.source_sums is not None:
        total = table.source_sums.of(total)
    if with_target:
        total += _target_hashes(table)
    return mix(total)


def sum_of_hashes(table: Table) -> HashArray:
    """Return the sum of the hashes of each row's values as they are, `[rows]`."""
    total = np.zeros(len(table), np.uint64)
    for values in feature_hashes(table):
        total += values  # in place: one column in memory at a time
    return total


def feature_hashes(table: Table) -> Iterator[HashArray]:
    """Yield each column's part of the rows' sums, or each part of an array's rows."""
    if table.fingerprint is not None:
        for part in table.fingerprint.parts.T:
            yield np.array(mix(part))
    for column in table.columns:
        yield column_hashes(column)


def column_hashes(column: Column) -> HashArray:
    """Return each value's part of the row's sum, `[rows]` uint64."""
    key = text_hash(column.name)
    if column.kind == "categorical":
        texts = [text_hash(text) for text in column.categories]
        lookup = np.array([*texts, int(_MISSING)], np.uint64)
        return np.asarray(mix(lookup ^ np.uint64(key))[column.values])
    return mix(_bits(column) ^ np.uint64(key))


def _bits(column: Column) -> HashArray:
    if column.kind == "datetime":
        bits = column.values.astype("datetime64[us]").view(np.uint64).copy()
    else:
        # Adding 0.0 turns -0.0 into 0.0.
        bits = (column.values.astype(np.float64) + 0.0).view(np.uint64)
    bits[column.missing()] = _MISSING
    return np.asarray(bits)


def _target_hashes(table: Table) -> HashArray:
    if table.task.kind == "multilabel":
        parts = [
            column_hashes(Column(f"\x00{name}", "numeric", table.labels()[:, j]))
            for j, name in enumerate(table.classes)
        ]
        return np.asarray(np.sum(parts, axis=0, dtype=np.uint64))
    return column_hashes(
        Column("\x00target", "categorical", table.labels(), table.classes)
    )


def mix(bits: HashArray) -> HashArray:
    """Return the finaliser of SplitMix64: every bit in decides every bit out.

    Args:
        bits: `[...]` numbers.
    """
    bits = bits ^ (bits >> np.uint64(30))
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits


def text_hash(text: str) -> int:
    """Return a digest of a text, the same in every process.

    Args:
        text: Any.
    """
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "little")
