# SPDX-License-Identifier: Apache-2.0
"""Which column of the source each column of an encoded matrix comes from."""

from __future__ import annotations

from typing import Literal

from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import piece_ends

MatrixView = Literal["tree", "dense", "ordinal"]


def matrix_columns(
    encoding: Encoding, view: MatrixView, pieces: int = 1
) -> tuple[str, ...]:
    """Return the source column of each column of a matrix.

    A moment, a number with missing values and a category are several columns of a
    matrix, but one column of the source: they are explained as one.

    Args:
        encoding: What made the matrix.
        view: "tree" as `tree_matrix` orders its columns, "ordinal" as `ordinal_matrix`,
            "dense" as `piecewise_matrix` and `dense_matrix`.
        pieces: Of "dense": how many pieces the line of each number has at most.

    Example:
        >>> from equipoise.encoding.features import CategoryFeature, NumberFeature
        >>> number = NumberFeature("x", "value", 0.0, 1.0, (0.0, 1.0), indicator=True)
        >>> encoding = Encoding((number,), (CategoryFeature("c", ("a",)),))
        >>> matrix_columns(encoding, "tree"), matrix_columns(encoding, "ordinal")
        (('c', 'x'), ('c', 'x', 'x'))
        >>> matrix_columns(encoding, "dense")
        ('x', 'x', 'c', 'c', 'c')
    """
    categories = tuple(feature.column for feature in encoding.categories)
    numbers = tuple(feature.column for feature in encoding.numbers)
    if view == "tree":
        return (*categories, *numbers)
    if view == "ordinal":
        return (*categories, *numbers, *encoding.indicators)
    codes = tuple(
        feature.column for feature in encoding.categories for _ in range(feature.levels)
    )
    bends: tuple[str, ...] = ()
    if pieces > 1:
        ends = piece_ends(encoding.knots, pieces)
        bends = tuple(
            name
            for name, line in zip(numbers, ends, strict=True)
            for _ in range(max(len(line) - 1, 0))
        )
    return (*numbers, *encoding.indicators, *codes, *bends)
