# SPDX-License-Identifier: Apache-2.0
"""Labels become classes, or it is said why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from equipoise.errors import TargetError
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target import (
    find_class,
    find_classes,
    label_codes,
    read_target,
    target_texts,
)


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
        (np.arange(3).astype("timedelta64[s]"), "type duration.*or dates that name"),
        ([[1], [2]], "type list"),
        ([b"a", b"b"], "type binary"),
    ],
)
def test_no_classes(values: Any, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        label_codes(raw(pa.array(values)), "y", Notes())


@pytest.mark.parametrize("unit", ["D", "s", "us", "ns"])
def test_dates_name_classes(unit: str) -> None:
    days = np.array(["2021-02-05", "NaT", "2021-01-05", "2021-02-05"], "datetime64[D]")
    values = pa.array(days.astype(f"datetime64[{unit}]"))
    with pytest.raises(TargetError, match=r"1 missing value \(line 3\)"):
        classes(values)
    codes, names = label_codes(raw(values.drop_null()), "y", Notes())
    assert names == ("2021-01-05", "2021-02-05")
    assert codes.tolist() == [1, 0, 1]
    assert classes(["2021-02-05", "2021-01-05"], typed=False) == names
    texts = target_texts(raw(values), "y")
    assert texts.codes.tolist()[1] == -1


def test_times_of_dates_are_part_of_the_name() -> None:
    moments = np.array(["2021-01-05T06:07:08", "2021-01-05", "2021-01-05T00:00:00.5"])
    assert classes(moments.astype("datetime64[us]")) == (
        "2021-01-05",
        "2021-01-05 00:00:00.500000",
        "2021-01-05 06:07:08",
    )


def test_find_class() -> None:
    assert find_class("B", ("a", "b"), "y") == 1
    assert find_class(np.int64(1), ("0", "1"), "y") == 1
    assert find_class(1.0, ("0", "1"), "y") == 1
    assert find_class("1.0", ("0", "1"), "y") == 1
    assert find_class(True, ("false", "true"), "y") == 1
    assert find_class(np.True_, ("0", "1"), "y") == 1
    assert find_classes({3, 1}, ("1", "2", "3"), "y") == [0, 2]
    assert find_class(2**60 + 1, (str(2**60), str(2**60 + 1)), "y") == 1
    with pytest.raises(
        TargetError, match=r"positive='malign'.*Did you mean 'malignant'"
    ):
        find_class("malign", ("benign", "malignant"), "y")


@pytest.mark.parametrize("one", [1, "1", 1.0, "1.0", True, "true", "TRUE", np.int64(1)])
@pytest.mark.parametrize(
    "names", [("FALSE", "TRUE"), ("false", "true", "unknown"), ("0", "1")]
)
def test_true_in_another_spelling(one: Any, names: tuple[str, ...]) -> None:
    assert find_class(one, names, "y") == 1
    zero = "false" if isinstance(one, str) and one.lower() == "true" else one
    zero = zero if zero == "false" else type(one)(float(one) - 1)
    assert find_class(zero, names, "y") == 0


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (1, ("no", "yes")),
        (True, ("1", "2")),
        (True, ("-1", "1")),
        (1, ("true", "other")),
        (2, ("false", "true")),
        ("1", ("1.0", "1.00", "b")),
    ],
)
def test_a_value_that_no_class_has_or_two_have(
    one: Any, names: tuple[str, ...]
) -> None:
    with pytest.raises(TargetError, match="one of its classes"):
        find_class(one, names, "y")


def test_a_number_among_names_is_found_by_its_value() -> None:
    assert find_class(1, ("1.0", "2.0", "b"), "y") == 0
    assert find_class("2", ("1.0", "2.0", "b"), "y") == 1


def multiclass(values: Any, **options: Any) -> Any:
    return read_target(raw(pa.array(values)), "y", Notes(), **options)


def test_several_classes_are_kept_as_they_are() -> None:
    values = multiclass(["b", "a", "c", "a", "b", "c"])
    assert values.task.kind == "multiclass"
    assert values.task.classes == ("a", "b", "c")
    assert values.y.tolist() == [1, 0, 2, 0, 1, 2]
    assert values.y.dtype == np.int64
    grades = multiclass(np.repeat([3, 10, 9], 4))  # as numbers, not as texts
    assert grades.task.classes == ("3", "9", "10")


@pytest.mark.parametrize(
    ("numbers", "rows", "served"),
    [
        (20, 100, True),
        (21, 100, False),
        (21, 420, True),  # one in twenty
        (90, 1800, True),
        (101, 5000, False),
        (101, 100_000, False),
    ],
)
def test_whole_numbers_that_look_measured(
    numbers: int, rows: int, served: bool
) -> None:
    y = np.arange(rows) % numbers
    if served:
        assert len(multiclass(y).task.classes) == numbers
    else:
        with pytest.raises(
            TargetError,
            match=rf"{numbers} different numbers.*regression, which is not served\. "
            "Pass task='multiclass'",
        ):
            multiclass(y)
        if rows >= 2 * numbers:
            named = multiclass(y, task="multiclass")
            assert named.task.classes == tuple(str(k) for k in range(numbers))


def test_numbers_with_fractions_are_classes_if_the_user_says_so() -> None:
    y = np.arange(40) % 3 / 2
    with pytest.raises(
        TargetError, match=r"from 0 to 1\. Accepted: classes; at most two"
    ):
        multiclass(y)
    named = multiclass(y, task="multiclass")
    assert named.task.classes == ("0", "0.5", "1")
    assert multiclass(np.arange(40) % 2 / 2).task.kind == "binary"
    # One of them against the rest is as before.
    assert multiclass(y, positive=0.5).task.classes == ("not 0.5", "0.5")


def test_too_many_classes() -> None:
    with pytest.raises(TargetError, match=r"3 classes in 3 rows.*Make fewer classes"):
        multiclass(["a", "b", "c"])
    with pytest.raises(TargetError, match="5 classes in 9 rows"):
        multiclass([*"abcde", *"abcd"])
    assert len(multiclass([*"abcde", *"abcde"]).task.classes) == 5
    y = np.arange(20_000) % 5_000
    with pytest.raises(TargetError, match="5,000 different texts in 20,000 rows"):
        multiclass([f"c{k}" for k in y])
    for values in (y, [f"c{k}" for k in y]):
        with pytest.raises(TargetError, match=r"5,000 classes in .*at most 1,000"):
            multiclass(values, task="multiclass")
    many = np.arange(20_000) % 1_000
    assert len(multiclass(many, task="multiclass").task.classes) == 1_000


def test_names_that_differ_by_case_or_space_are_named() -> None:
    notes = Notes()
    source = raw(["POX", "pox", " POX", "CYT", "ME  1", "ME 1", "me 1", "CYT"])
    values = read_target(source, "y", notes)
    assert values.task.classes == ("CYT", "ME 1", "POX")
    text = " ".join(notes.sentences())
    assert "'POX' (1), 'pox' (1), ' POX' (1) differ by spaces or case only" in text
    assert "taken as one class, 'POX'" in text
    assert "taken as one class, 'ME 1'" in text


@pytest.mark.parametrize(
    ("values", "typed", "expected"),
    [
        ([0, 1, 1], True, {"0": 0, "1": 1}),
        ([0.0, 1.0, 1.0], True, {"0": 0.0, "1": 1.0}),
        ([False, True, True], True, {"false": False, "true": True}),
        (["0.0", "1.0", "1.0"], True, {"0": "0.0", "1": "1.0"}),
        (["1", "2", "2"], True, {}),
        (["no", "yes", "yes"], True, {}),
        (["0", "1.0", "1"], False, {"0": 0, "1": 1}),
        (["0.5", "1", "1"], False, {"0.5": 0.5, "1": 1.0}),
        (["False", "True", "True"], False, {"False": False, "True": True}),
        (["no", "1", "1"], False, {}),
    ],
)
def test_what_stands_for_each_class_in_the_source(
    values: list[Any], typed: bool, expected: dict[str, Any]
) -> None:
    found = read_target(raw(values, typed=typed), "y", Notes()).label_values
    assert found == expected
    assert [type(value) for value in found.values()] == [
        type(value) for value in expected.values()
    ]


def test_a_categorical_of_numbers_holds_numbers() -> None:
    column = pa.array([3, 7, 7]).dictionary_encode()
    assert read_target(raw(column), "y", Notes()).label_values == {"3": 3, "7": 7}


def test_infinity_among_words_is_a_name() -> None:
    from equipoise.reading.read import read_table

    names = ["Infinity", "Samsung", "LG"] * 8
    table = read_table({"x": np.arange(24) % 7, "y": names}, "y")
    assert table.task.classes == ("Infinity", "LG", "Samsung")
