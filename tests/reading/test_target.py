# SPDX-License-Identifier: Apache-2.0
"""Labels become classes, or it is said why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from equipoise.errors import TargetError
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target import find_class, label_codes, read_target


def raw(values: Any, *, typed: bool = True) -> Raw:
    return Raw(pa.table({"y": values}), "the test", typed, line=lambda row: row + 2)


def classes(values: list[Any], *, typed: bool = True) -> tuple[str, ...]:
    return label_codes(raw(values, typed=typed), "y", Notes())[1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "1.0", "0", "1e0"], ("0", "1")),
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["b", "a", "B"], ("a", "b")),
        (["two  words", "Two words", "x"], ("two words", "x")),
        (["true", "False"], ("False", "true")),
        (["0,5", "1,5"], ("0.5", "1.5")),
        (["NA", "DE", "FR"], ("DE", "FR", "NA")),
    ],
)
def test_spellings_from_a_text_file(
    values: list[str], expected: tuple[str, ...]
) -> None:
    assert classes(values, typed=False) == expected


def test_typed_labels() -> None:
    assert classes([2, 7, 2]) == ("2", "7")
    assert classes([0.0, 1.0, 0.0]) == ("0", "1")
    assert classes([True, False, True]) == ("false", "true")
    assert classes([2**60, 2**60 + 1]) == (str(2**60), str(2**60 + 1))
    source = raw(pa.array(["b", "a", "b"]).dictionary_encode())
    assert label_codes(source, "y", Notes())[0].tolist() == [1, 0, 1]


def test_a_text_that_means_missing_to_a_file_is_a_class_to_a_frame() -> None:
    assert classes(["none", "some", "none"]) == ("none", "some")
    with pytest.raises(TargetError, match=r"2 missing values \(line 2, line 4\)"):
        classes(["n/a", "some", "n/a"], typed=False)


@pytest.mark.parametrize("word", ["", "NA", "NaN", "null", "?"])
def test_missing_among_numbers(word: str) -> None:
    with pytest.raises(TargetError, match=r"1 missing value \(line 3\)"):
        classes(["1", word, "0"], typed=False)


def test_many_missing_rows_are_counted_and_five_named() -> None:
    with pytest.raises(
        TargetError, match=r"9 missing values \(line 2, .*line 6, \.\.\.\)"
    ):
        classes([None] * 9 + [1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.arange(30) / 7, "regression"),
        (np.arange(200), "200 different numbers, from 0 to 199"),
        ([f"name {i}" for i in range(30)], "identifier or free text"),
        ([np.inf, 1.0], r"1 infinite value \(line 2\)"),
        (np.arange(3).astype("datetime64[D]"), "type date32"),
        ([[1], [2]], "type list"),
        ([b"a", b"b"], "type binary"),
    ],
)
def test_no_classes(values: Any, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        label_codes(raw(pa.array(values)), "y", Notes())


def test_find_class() -> None:
    assert find_class("B", ("a", "b"), "y") == 1
    assert find_class(np.int64(1), ("0", "1"), "y") == 1
    assert find_class(1.0, ("0", "1"), "y") == 1
    assert find_class("1.0", ("0", "1"), "y") == 1
    assert find_class(True, ("false", "true"), "y") == 1
    assert find_class(np.True_, ("0", "1"), "y") == 1
    with pytest.raises(
        TargetError, match=r"positive='malign'.*Did you mean 'malignant'"
    ):
        find_class("malign", ("benign", "malignant"), "y")


def test_multilabel_words() -> None:
    table = pa.table(
        {"p": ["yes", "no"], "q": [0, 1], "r": [True, False], "s": [-1, 1]}
    )
    found = read_target(Raw(table, "the test"), list("pqrs"), Notes())
    assert found.y.tolist() == [[1, 0, 1, 0], [0, 1, 0, 1]]
    assert found.task.classes == tuple("pqrs")
