# SPDX-License-Identifier: Apache-2.0
"""A source's columns before they are typed, and the notes on them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from equipoise.reading.source import Notes, Raw


def test_a_place_is_that_of_the_whole_source() -> None:
    some = np.array([2, 5])
    assert Raw(None, "a frame", first=10).place(1) == "row 11"
    assert Raw(None, "a frame", positions=some).place(1) == "row 5"
    file = Raw(None, "a file", line=lambda row: 2 * row + 2, positions=some)
    assert file.place(1) == "line 12"


def test_columns_are_left_out_if_they_are_there() -> None:
    raw = Raw(pa.table({"a": [1], "b": [2]}), "a frame", decimal=",")
    rest = raw.without({"a", "c"})
    assert rest.data.column_names == ["b"]
    assert rest.decimal == ","


def test_many_columns_share_a_sentence() -> None:
    notes = Notes(["First."])
    for number in range(5):
        notes.column(f"x{number}", f"{number} values were odd", "values were odd")
    notes.add("First.")
    assert notes.sentences() == (
        "First.",
        "5 columns ('x0', 'x1', 'x2', 'x3', 'x4'): values were odd. 'x0': 0 values "
        "were odd.",
    )
