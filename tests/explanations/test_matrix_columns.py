# SPDX-License-Identifier: Apache-2.0
"""Each column of a matrix moves if, and only if, its source column does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import (
    dense_matrix,
    ordinal_matrix,
    piecewise_matrix,
    tree_matrix,
)
from equipoise.explanations.matrix_columns import MatrixView, matrix_columns
from equipoise.table.table import Table
from equipoise.task import Task

MAKE = {"tree": tree_matrix, "ordinal": ordinal_matrix, "dense": dense_matrix}


@pytest.mark.parametrize("view", ["tree", "ordinal", "dense", "pieces"])
def test_names_follow_the_matrix(view: str, kinds: Callable[..., Table]) -> None:
    table = kinds(300, Task("binary", ("no", "yes")))
    encoding = learn_encoding(table, np.arange(300))
    of: MatrixView = "dense" if view == "pieces" else view  # type: ignore[assignment]
    pieces = 4 if view == "pieces" else 1

    def matrix(rows: Table) -> np.ndarray:
        if view == "pieces":
            return np.asarray(piecewise_matrix(rows, encoding, 4).toarray())
        return np.asarray(MAKE[view](rows, encoding))

    names = matrix_columns(encoding, of, pieces)
    plain = matrix(table)
    assert plain.shape[1] == len(names)
    moved_once = np.zeros(len(names), bool)
    for name in table.names:
        columns = tuple(
            c.take(np.arange(300)[::-1]) if c.name == name else c for c in table.columns
        )
        moved = matrix(dataclasses.replace(table, columns=columns))
        differs = ((moved != plain) & ~(np.isnan(moved) & np.isnan(plain))).any(axis=0)
        assert all(names[k] == name for k in np.flatnonzero(differs))
        moved_once |= differs
    # Codes that no row has are constant.
    assert moved_once.sum() >= len(names) - 2
