# SPDX-License-Identifier: Apache-2.0
"""Kinds of columns, by the rules that the module states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from equipoise.reading.infer import infer
from equipoise.reading.source import Notes, Raw
from equipoise.table.table import Column, Dropped


def inferred(values: list[Any], *, typed: bool = False) -> tuple[Any, str]:
    notes = Notes()
    source = Raw(pa.table({"v": pa.array(values)}), "the test", typed)
    return infer("v", source, notes), " ".join(notes.sentences())


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", ""], "numeric"),
        (["1", "NA", "none"], "numeric"),
        (["true", "False", "NA"], "boolean"),
        (["yes", "no", "yes"], "categorical"),
        (["2021-01-01", "", "null"], "datetime"),
        (["a", "1", "b"], "categorical"),
        (["01", "02", "03"], "categorical"),
        (["0", "1", "0"], "numeric"),
        ([" 1", "2 ", "3"], "numeric"),
    ],
)
def test_kinds_of_texts(values: list[str], kind: str) -> None:
    column, _ = inferred(values)
    assert isinstance(column, Column)
    assert column.kind == kind


@pytest.mark.parametrize("values", [["", ""], ["NA", ""], ["NaN", "?"], [" ", "  "]])
def test_no_values(values: list[str]) -> None:
    column, _ = inferred(values)
    assert isinstance(column, Dropped)
    assert column.reason == "it has no values"


def test_nulls_alone() -> None:
    assert isinstance(inferred([None, None], typed=True)[0], Dropped)


def test_words_that_a_frame_holds_are_meant() -> None:
    column, notes = inferred(["NA", "red", "n/a", None, ""], typed=True)
    assert column.categories == ("NA", "red", "n/a")
    assert column.missing().tolist() == [False] * 3 + [True] * 2
    assert notes == ""


def test_none_is_a_word_among_words_and_missing_among_numbers() -> None:
    assert inferred(["None", "Brick", "None"])[0].categories == ("None", "Brick")
    column, notes = inferred(["None", "5", "7"])
    assert column.missing().tolist() == [True, False, False]
    assert "'None' (1 rows) taken as missing" in notes


@pytest.mark.parametrize(
    "error", ["#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#N/A"]
)
def test_errors_of_formulas_are_missing(error: str) -> None:
    column, notes = inferred([error, "2.5", "7", error, ""])
    np.testing.assert_array_equal(column.values, [np.nan, 2.5, 7, np.nan, np.nan])
    assert column.kind == "numeric"
    if error != "#N/A":
        assert f"'{error}' (2 rows) taken as missing" in notes
    column, notes = inferred([error, "red", "blue", error])
    assert column.categories == ("red", "blue")
    assert f"'{error}' (2 rows) taken as missing" in notes


def test_errors_of_formulas_in_other_languages_and_programs() -> None:
    column, notes = inferred(["#BEZUG!", "1", "Err:502", "#\u00a1DIV/0!", "3"])
    assert column.missing().tolist() == [True, False, True, True, False]
    assert "'#BEZUG!', 'Err:502', '#\u00a1DIV/0!' (3 rows) taken as missing" in notes
    assert inferred(["#REF!", "2021-01-01", "2021-01-02"])[0].kind == "datetime"
    assert inferred(["#REF!", "TRUE", "FALSE"])[0].kind == "boolean"
    typed, _ = inferred(["#1", "#2", "#REF", "a"])
    assert typed.categories == ("#1", "#2", "#REF", "a")


def test_spaces_and_case() -> None:
    column, notes = inferred(["red ", "red", "Red", "blue", " blue"])
    assert column.categories == ("red", "Red", "blue")
    assert "2 values that differ from another by spaces only became one" in notes
    assert "1 category differs from another by upper and lower case only" in notes


def test_mixed_dates() -> None:
    column, notes = inferred(["2021-01-01", "2021-01-02", "soon"])
    assert column.kind == "categorical"
    assert "2 values are dates and 1 is not (first: 'soon', row 2)" in notes


def test_a_few_numbers_among_words_are_words() -> None:
    column, notes = inferred(["a", "b", "c", "7"])
    assert column.categories == ("a", "b", "c", "7")
    assert notes == ""


def test_a_dictionary_of_numbers_stays_categorical() -> None:
    values = pa.array([3, 4, None, 3]).dictionary_encode()
    source = Raw(pa.table({"v": values}), "the test")
    column = infer("v", source, Notes())
    assert isinstance(column, Column)
    assert (column.kind, column.categories) == ("categorical", ("3", "4"))
    assert column.values.tolist() == [0, 1, -1, 0]


def test_chunks_and_slices_do_not_matter() -> None:
    texts = ["b", "a", "", "b", "c", "a"]
    whole = pa.chunked_array([pa.array(texts)])
    cut = pa.chunked_array([pa.array(["x", *texts[:2]])[1:], pa.array(texts[2:])])
    coded = pa.chunked_array(
        [
            pa.array(texts[:3]).dictionary_encode(),
            pa.array(texts[3:]).dictionary_encode(),
        ]
    )
    found = [
        infer("v", Raw(pa.table({"v": values}), "t"), Notes())
        for values in (whole, cut, coded)
    ]
    for column in found:
        assert isinstance(column, Column)
        assert column.categories == ("b", "a", "c")
        assert column.values.tolist() == [0, 1, -1, 0, 2, 1]


def test_infinite_floats() -> None:
    column, notes = inferred([1.0, float("inf"), None], typed=True)
    np.testing.assert_array_equal(column.values, [1.0, np.nan, np.nan])
    assert "1 infinite value (first: row 1) was taken as missing" in notes


def test_many_columns_share_a_sentence() -> None:
    notes = Notes()
    for j in range(6):
        notes.column(f"x{j}", f"{j + 1} infinite values", "infinite values")
    (text,) = notes.sentences()
    assert text.startswith("6 columns ('x0', 'x1', 'x2', 'x3', 'x4', 'x5'): infinite")
