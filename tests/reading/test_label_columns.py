# SPDX-License-Identifier: Apache-2.0
"""Several label columns: which they are, their values, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from equipoise.errors import InputError, TableWarning, TargetError
from equipoise.reading.blocks import read_blocks
from equipoise.reading.label_columns import (
    label_names,
    label_values,
    read_label_columns,
)
from equipoise.reading.new_rows import labelled_blocks
from equipoise.reading.read import read_features, read_table
from equipoise.reading.source import Notes, Raw
from equipoise.table.table import Table
from equipoise.task import label_matrix

NAN = float("nan")
SIX = np.array([[0.5], [0.1], [0.4], [0.2], [0.3], [0.9]])


def raw(columns: dict[str, Any], *, typed: bool = True) -> Raw:
    return Raw(pa.table(columns), "the test", typed, line=lambda row: row + 2)


def read(source: Any, *args: Any, **options: Any) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        return read_table(source, *args, **options)


def frame(rows: int = 60) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": random.normal(size=rows),
            "label_a": random.integers(0, 2, rows),
            "label_b": random.random(rows) < 0.3,
            "label_c": np.where(random.random(rows) < 0.2, "yes", "no"),
        }
    )


def test_words_numbers_and_booleans() -> None:
    columns = {
        "p": ["yes", "No", "unknown"],
        "q": [0, 1, None],
        "r": [True, False, None],
        "s": [1.0, 0.0, NAN],
        "t": ["1.0", "0", ""],
        "u": ["T", "f", " NA "],
        "v": [1, 0, -1],
    }
    y = label_values(raw(columns), list(columns), Notes())
    assert y.dtype == np.int8
    assert y.T.tolist() == [
        [1, 0, -1], [0, 1, -1], [1, 0, -1], [1, 0, -1], [1, 0, -1], [1, 0, -1],
        [1, 0, -1],
    ]  # fmt: skip


def test_unknown_labels_are_told() -> None:
    notes = Notes()
    columns = {"a": [1, 0, None, None], "b": [0, 1, 1, None]}
    read_label_columns(raw(columns), ["a", "b"], notes)
    text = " ".join(notes.sentences())
    assert "Column 'a': the label is unknown in 2 rows, which weigh nothing" in text
    assert "1 row of the test has no known label" in text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 2, 2], r"'q' of the test with '2' in 2 rows \(line 4, line 5\)\. Acc"),
        ([0, 1, 2, 3], "and 2 such values in all: '2', '3'"),
        ([0.0, 0.5, 1.0, 1.0], "with '0.5' in 1 row"),
        (["a", "b", "a", "b"], "with 'a' in 4 rows"),
        ([np.inf, 1.0, 0.0, 0.0], "'inf'"),
        ([-2, 1, 0, 0], "with '-2'"),
    ],
)
def test_other_values_are_refused(values: list[Any], message: str) -> None:
    columns = {"p": [0, 1, 0, 1], "q": values}
    with pytest.raises(TargetError, match=message):
        read_label_columns(raw(columns), ["p", "q"], Notes())
    with pytest.raises(TargetError, match="pass it alone as target="):
        read_label_columns(raw(columns), ["p", "q"], Notes())


def test_constant_labels_are_named_and_left_out() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, (40, 200))
    y[:, :30] = 0
    y[:, 30:50] = 1
    x = random.normal(size=(40, 2))
    table = read((x, y))
    assert len(table.classes) == 150
    assert table.classes[0] == "label_50"
    np.testing.assert_array_equal(table.y, y[:, 50:])
    text = " ".join(table.notes)
    assert "30 labels, 'label_0', 'label_1'" in text
    assert "22 more left out, each because all its known values are 0." in text
    assert "20 labels, 'label_30'" in text
    assert {entry.name for entry in table.dropped} == {f"label_{j}" for j in range(50)}
    assert table.names == ("f0", "f1")


def test_one_constant_label_is_named_in_a_sentence() -> None:
    notes = Notes()
    columns = {"a": [1, 0, 1], "b": [1, None, 1], "c": [None, None, None]}
    labels = read_label_columns(raw(columns), list("abc"), notes)
    assert labels.task.classes == ("a",)
    assert "Label 'b' left out because all its known values are 1." in notes.sentences()
    assert "Label 'c' left out because it is known in no row." in notes.sentences()


def test_all_constant() -> None:
    with pytest.raises(TargetError, match=r"2 label columns .*'a': all its known .* 1"):
        read_label_columns(raw({"a": [1, -1], "b": [-1, 1]}), ["a", "b"], Notes())
    labels = read_label_columns(raw({"a": [1, 0], "b": [0, 1]}), ["a", "b"], Notes())
    assert labels.y.tolist() == [[1, 0], [0, 1]]


def test_too_many_labels() -> None:
    y = np.random.default_rng(0).integers(0, 2, (30, 1001))
    x = np.random.default_rng(1).normal(size=(30, 1))
    with pytest.raises(TargetError, match="1,001 label columns"):
        read((x, y))
    assert len(read((x, y[:, :1000])).classes) == 1000


def test_rows_without_any_label_are_as_good_as_others() -> None:
    table = read(
        (np.arange(6.0)[:, None], [[0, 0], [1, 0], [0, 0], [0, 1], [0, 0], [1, 1]])
    )
    assert table.labels()[0].tolist() == [0, 0]
    assert not [note for note in table.notes if "known" in note]


def test_one_label_of_each_row_may_be_a_class() -> None:
    y = np.eye(3, dtype=int)[np.arange(30) % 3]
    with pytest.warns(TableWarning, match="exactly one of the 3 labels"):
        table = read_table((np.random.default_rng(1).normal(size=(30, 1)), y))
    assert table.task.kind == "multilabel"


def test_columns_are_named_or_matched() -> None:
    columns = ["x", "label_a", "label_b", "odd,name", "label_*"]
    assert label_names(["label_a", "x"], columns, "it") == ("label_a", "x")
    assert label_names(["label_?", "x"], columns[:3], "it") == (
        "label_a",
        "label_b",
        "x",
    )
    assert label_names(["label_*"], columns, "it") == ("label_*",)  # so it is called
    assert label_names(["label_*"], columns[:3], "it") == ("label_a", "label_b")
    assert label_names(["label_a, label_b"], columns, "it") == ("label_a", "label_b")
    assert label_names(["odd,name"], columns, "it") == ("odd,name",)
    with pytest.raises(TargetError, match=r"targets='lable_a'.*Did you mean 'label_a'"):
        label_names(["lable_a"], columns, "it")
    with pytest.raises(TargetError, match=r"targets='tag_\*', but it has no such"):
        label_names(["tag_*"], columns, "it")
    with pytest.raises(TargetError, match="no such"):
        label_names(["label_a,nothing"], columns, "it")


@pytest.mark.parametrize(
    "options",
    [
        {"targets": "label_*"},
        {"targets": ["label_a", "label_b", "label_c"]},
        {"targets": "label_a,label_b,label_c"},
        {"target": ["label_a", "label_b", "label_c"]},
        {"target": ["label_a", "label_b", "label_c"], "task": "multilabel"},
    ],
)
def test_ways_to_name_the_labels(options: dict[str, Any]) -> None:
    data = frame()
    table = read(data, **options)
    assert table.task.kind == "multilabel"
    assert table.classes == table.target_columns == ("label_a", "label_b", "label_c")
    assert table.target == "label_a, label_b, label_c"
    assert table.names == ("x",)
    expected = np.stack(
        [data["label_a"], data["label_b"], data["label_c"] == "yes"], axis=1
    ).astype(np.int8)
    np.testing.assert_array_equal(table.y, expected)


def test_one_label() -> None:
    for options in (
        {"targets": "label_a"},
        {"target": "label_a", "task": "multilabel"},
    ):
        table = read(frame().drop(columns=["label_b", "label_c"]), **options)
        assert (table.task.kind, table.labels().shape) == ("multilabel", (60, 1))


def test_arguments_that_contradict_each_other() -> None:
    with pytest.raises(InputError, match=r"target='x' and targets=\['label_\*'\]"):
        read(frame(), "x", targets="label_*")
    with pytest.raises(TargetError, match=r"3 target columns with positive='yes'"):
        read(frame(), targets="label_*", positive="yes")
    with pytest.raises(TargetError, match=r"with task='binary'"):
        read(frame(), targets="label_*", task="binary")
    table = read(frame(), targets="label_*")
    assert read(table, targets=["label_a", "label_b", "label_c"]) is not None
    with pytest.raises(InputError, match="a Table with target="):
        read(table, targets=["label_a"])


def test_labels_of_a_matrix_that_are_unknown() -> None:
    x = SIX[:4]
    y = np.array([[1, NAN], [0, 1], [NAN, 0], [1, 1]])
    table = read((x, y))
    np.testing.assert_array_equal(table.y, label_matrix(y))
    assert read((x, y), targets=["red", "round"]).classes == ("red", "round")


def test_rows_without_a_known_label_are_left_out_if_asked() -> None:
    x = SIX
    y = np.array([[1, NAN], [0, 1], [NAN, NAN], [NAN, 0], [-1, -1], [1, 1]])
    assert len(read((x, y))) == 6
    table = read((x, y), unlabelled="drop")
    assert table["f0"].values.tolist() == [0.5, 0.1, 0.2, 0.9]
    assert any("2 rows of the array" in note for note in table.notes), table.notes


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_later_files_have_the_labels_of_the_first(tmp_path: Path, suffix: str) -> None:
    data = frame()
    data["label_d"] = 0  # constant here
    first = read(data, targets="label_*")
    assert first.classes == ("label_a", "label_b", "label_c")
    later = data.iloc[:10].assign(label_a=1)  # constant there
    later["label_b"] = later["label_b"].astype(object)
    later.loc[later.index[0], "label_b"] = None
    path = tmp_path / f"later.{suffix}"
    if suffix == "csv":
        later.to_csv(path, index=False)
    else:
        later.to_parquet(path)
    table = read(path, like=first)
    assert table.task == first.task
    assert table.labels().shape == (10, 3)
    assert table.labels()[:, 0].tolist() == [1] * 10
    assert table.labels()[0, 1] == -1
    assert not [note for note in table.notes if "label_d" in note]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        for blocks in (
            [block.table for block in read_blocks(path, like=first, labelled=True)],
            [block.table for block in labelled_blocks(path, first)],
        ):
            np.testing.assert_array_equal(
                np.concatenate([block.labels() for block in blocks]), table.labels()
            )
    assert not read_features(later[["x"]], like=first).labelled
    with pytest.raises(TargetError, match="'label_b', but"):
        read(later.drop(columns="label_b"), like=first)
    with pytest.raises(TargetError, match="with '2' in 10 rows"):
        read(later.assign(label_c=2), like=first)


def test_matrices_like_an_earlier_one() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 2)), random.integers(0, 2, (40, 4))
    y[:, 1] = 0
    first = read((x, y))
    assert first.classes == ("label_0", "label_2", "label_3")
    again = read((x[:5], y[:5]), like=first)
    np.testing.assert_array_equal(again.y, y[:5, [0, 2, 3]])
    named = read((x, y[:, [0, 2, 3]]), targets=["p", "q", "r"])
    again = read((x[:5], y[:5, [0, 2, 3]]), like=named)
    np.testing.assert_array_equal(again.y, y[:5, [0, 2, 3]])


def test_label_columns_of_other_names() -> None:
    data = frame()
    first = read(data, targets="label_*")
    later = data.rename(columns={"label_a": "p", "label_b": "q", "label_c": "r"})
    for options in ({"targets": ["p", "q", "r"]}, {"target": ["p", "q", "r"]}):
        np.testing.assert_array_equal(read(later, like=first, **options).y, first.y)
    np.testing.assert_array_equal(
        read((data[["x"]], first.labels()), like=first).y, first.y
    )
    with pytest.raises(TargetError, match=r"2 label columns .*'p', 'q'.* the 3 of"):
        read(later, like=first, targets=["p", "q"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        (block,) = labelled_blocks(data, first)
    np.testing.assert_array_equal(block.table.labels(), first.y)
