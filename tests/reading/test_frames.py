# SPDX-License-Identifier: Apache-2.0
"""Data frames of several libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import equipoise as eq
from equipoise.errors import TableError
from equipoise.reading.frames import (
    in_row_order,
    is_frame,
    is_series,
    objects,
    read_frame,
)
from equipoise.reading.source import Notes

COLUMNS = {"x": [1.5, 2.5], "t": ["a", None]}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(COLUMNS),
        pl.DataFrame(COLUMNS),
        pl.LazyFrame(COLUMNS),
        pa.table(COLUMNS),
    ],
    ids=["pandas", "polars", "lazy", "arrow"],
)
def test_every_library_gives_the_same_columns(frame: Any) -> None:
    assert is_frame(frame)
    assert read_frame(frame).data.to_pydict() == COLUMNS


def test_a_series_is_no_frame() -> None:
    series = pd.Series([1, 2])
    assert is_series(series)
    assert not is_frame(series)
    assert not is_frame(np.zeros((2, 2)))
    assert not is_series([1, 2])


def test_a_repeated_name_is_refused() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert is_frame(twice)
    for frame in (twice, pa.table([[1], [2]], names=["a", "a"])):
        with pytest.raises(TableError, match="'a' occurs more than once"):
            read_frame(frame)


def test_values_of_several_types_are_strings() -> None:
    assert objects([1, None, 2]).to_pylist() == [1, None, 2]
    assert objects([1, "a", None, float("nan")]).to_pylist() == ["1", "a", None, None]
    mixed = pd.DataFrame({"m": pd.Series([1, "a", pd.NA], dtype=object)})
    assert read_frame(mixed).data.column("m").to_pylist() == ["1", "a", None]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, 0, 1, False, None], [1, 0, 1, 0, None]),
        ([0, np.True_, np.int8(1)], [0, 1, 1]),
        ([True, 0.5, float("nan"), np.float32(2)], [1.0, 0.5, None, 2.0]),
        ([True, False, None], [True, False, None]),
        ([True, "no"], ["True", "no"]),
        ([True, 2**70], ["True", str(2**70)]),
    ],
)
def test_true_and_false_among_numbers_are_numbers(
    values: list[Any], expected: list[Any]
) -> None:
    assert objects(values).to_pylist() == expected
    frame = pd.DataFrame({"m": pd.Series(values, dtype=object)})
    assert read_frame(frame).data.column("m").to_pylist() == expected


def test_labels_that_mix_true_and_1_are_one_class() -> None:
    y = [True, 0, 1, False, 0] * 6
    for labels in (y, np.array(y, object), pd.Series(y, dtype=object)):
        table = eq.read_table((np.arange(60).reshape(30, 2) % 7, labels))
        assert table.classes == ("0", "1")
        assert table.y.sum() == 12


def test_labels_follow_the_index_of_the_features() -> None:
    features = pd.DataFrame({"x": [1, 2, 3]}, index=["a", "b", "c"])
    labels = pd.Series([30, 10, 20], index=["c", "a", "b"])
    notes = Notes()
    assert in_row_order(features, labels, notes).tolist() == [10, 20, 30]
    assert "another order" in notes.sentences()[0]
    assert in_row_order(features, [1, 2, 3], notes) == [1, 2, 3]
    with pytest.raises(TableError, match=r"y\.to_numpy"):
        in_row_order(features, labels.set_axis([1, 2, 3]), notes)
