# SPDX-License-Identifier: Apache-2.0
"""Encoded rows back to columns, for rows that a sampler made."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise.errors import UnsupportedError
from equipoise.strategies.jobs import FloatArray
from equipoise.table.encoding import Encoding
from equipoise.table.encoding_features import CategoryFeature, NumberFeature
from equipoise.table.table import MISSING_CODE, Column, Table

NEAREST_TO_THREE = 3.0 * (1.0 - 1e-6)
"""Scaled values lie within (-3, 3); nearer to the ends nothing can be told apart."""


def decoded(
    x: FloatArray,
    y: npt.NDArray[np.int8],
    known: FloatArray,
    table: Table,
    encoding: Encoding,
) -> Table:
    """Return a table of rows of `dense_matrix`.

    A row that is one of the known rows is taken over as it was. In others, numbers
    are scaled back, a value is missing where its indicator is nearer to 1 than to
    0, a boolean is the nearer of 0 and 1, and a category is the one with the largest
    value.

    Args:
        x: `[made, columns]`, rows of `dense_matrix`.
        y: `[made]` their labels.
        known: `[rows, columns]`: the `dense_matrix` of the table.
        table: The rows that the encoding was learned on, without moments.
        encoding: Learned on the table.

    Raises:
        UnsupportedError: The table has a column of moments.
    """
    moments = [column.name for column in table.columns if column.kind == "datetime"]
    if moments:
        raise UnsupportedError(
            sentence(
                f"the column {moments[0]!r} of moments, a network and a sampler object",
                "numbers and categories",
                "Use learner='trees', or drop the column.",
            )
        )
    where = {row.tobytes(): place for place, row in enumerate(known)}
    source = np.array([where.get(row.tobytes(), -1) for row in x], np.int64)
    numbers = {feature.column: j for j, feature in enumerate(encoding.numbers)}
    indicators = encoding.indicators
    starts = np.cumsum([len(encoding.names), *encoding.levels])
    codes = {feature.column: j for j, feature in enumerate(encoding.categories)}
    columns = []
    made: npt.NDArray[Any]
    for column in table.columns:
        if column.kind == "categorical":
            j = codes[column.name]
            block = x[:, starts[j] : starts[j + 1]]
            made = _categories(encoding.categories[j], column, block)
        else:
            j = numbers[column.name]
            made = _numbers(encoding.numbers[j], column, x[:, j])
            if encoding.numbers[j].indicator:
                place = len(numbers) + indicators.index(column.name)
                absent = x[:, place] >= 0.5
                made = np.where(absent, np.nan, made)
        values = np.where(source >= 0, column.values[source], made)
        values = values.astype(column.values.dtype)
        columns.append(Column(column.name, column.kind, values, column.categories))
    return Table(tuple(columns), y, table.classes)


def _numbers(feature: NumberFeature, column: Column, scaled: FloatArray) -> FloatArray:
    """Invert `NumberFeature.scaled`."""
    s = np.clip(scaled, -NEAREST_TO_THREE, NEAREST_TO_THREE)
    z = s / np.sqrt(1.0 - np.square(s / 3.0))
    values = feature.median + 2.0 * feature.half_scale * z
    if column.kind == "boolean":
        return np.clip(np.rint(values), 0.0, 1.0)
    return np.asarray(values)


def _categories(
    feature: CategoryFeature, column: Column, block: FloatArray
) -> npt.NDArray[np.int32]:
    """Return the codes of the column's categories; a rare one stands for all."""
    rare = [i for i, t in enumerate(column.categories) if t not in feature.vocabulary]
    position = {text: i for i, text in enumerate(column.categories)}
    lookup = [
        MISSING_CODE,
        rare[0] if rare else MISSING_CODE,
        *(position[text] for text in feature.vocabulary),
    ]
    codes: npt.NDArray[np.int32] = np.asarray(lookup, np.int32)
    return np.asarray(codes[np.argmax(block, axis=1)], np.int32)
