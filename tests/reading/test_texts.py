# SPDX-License-Identifier: Apache-2.0
"""Distinct strings of a column, and where they occur."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from equipoise.reading.texts import texts_of

VALUES = ["b", "a", None, "b", "c"]


@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize("chunks", [1, 2])
def test_values_come_in_order_of_appearance(coded: bool, chunks: int) -> None:
    cut = 3 if chunks == 2 else 5
    column = pa.chunked_array([VALUES[:cut], VALUES[cut:]], pa.string())
    texts = texts_of(column.dictionary_encode() if coded else column)
    assert texts.list() == ["b", "a", "c"]
    assert texts.codes.tolist() == [0, 1, -1, 0, 2]
    assert texts.counts.tolist() == [2, 1, 1]


def test_a_column_without_rows_has_no_values() -> None:
    texts = texts_of(pa.chunked_array([], pa.string()))
    assert texts.list() == []
    assert len(texts.codes) == 0


def test_some_values_are_looked_up() -> None:
    texts = texts_of(pa.chunked_array([VALUES]))
    chosen = np.array([False, True, True])
    assert texts.rows(chosen) == 2
    assert texts.first(chosen) == (1, "a")
    assert texts.at(chosen).tolist() == [False, True, False, False, True]
    assert texts.list(chosen) == ["a", "c"]


def test_values_are_replaced_and_left_out() -> None:
    texts = texts_of(pa.chunked_array([VALUES]))
    one = texts.replace(pa.array(["x", "y", "x"]))
    assert (one.list(), one.codes.tolist()) == (["x", "y"], [0, 1, -1, 0, 0])
    rest = texts.without(np.array([True, False, False]))
    assert (rest.list(), rest.codes.tolist()) == (["a", "c"], [-1, 0, -1, -1, 1])
