# SPDX-License-Identifier: Apache-2.0
"""Columns as the checks need them: numbers, codes, samples of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise.table.table import Column


def pick(
    rows: npt.NDArray[np.int64], most: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return all rows, or `most` of them drawn without replacement."""
    if len(rows) <= most:
        return rows
    return np.sort(random.choice(rows, most, replace=False))


def as_numbers(column: Column) -> npt.NDArray[np.float64]:
    """Return a numeric, boolean or datetime column as float64, NaN where missing."""
    if column.kind != "datetime":
        return np.asarray(column.values, np.float64)
    micros = column.values.astype("datetime64[us]").astype(np.int64).astype(np.float64)
    return np.where(column.missing(), np.nan, micros)


def translated(column: Column, like: Column) -> npt.NDArray[np.int64]:
    """Return `column`'s codes in the categories of `like`.

    -1 is missing; categories that `like` does not have get numbers from
    `len(like.categories)` on.
    """
    codes = {category: code for code, category in enumerate(like.categories)}
    fresh = len(codes)
    lookup = []
    for category in column.categories:
        if category not in codes:
            codes[category] = fresh
            fresh += 1
        lookup.append(codes[category])
    return np.asarray(np.asarray([*lookup, -1], np.int64)[column.values])
