# SPDX-License-Identifier: Apache-2.0
"""Arrays, lists and dictionaries as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse

from equipoise.errors import InputTypeError, TableError
from equipoise.reading.arrays import (
    read_columns,
    read_features_only,
    read_matrix,
    read_pair,
)
from equipoise.reading.read import read_features, read_table


def test_a_matrix_has_numbered_columns() -> None:
    raw = read_matrix(np.arange(6).reshape(3, 2))
    assert raw.data.to_pydict() == {"f0": [0, 2, 4], "f1": [1, 3, 5]}
    assert raw.targets == ()


def test_a_list_of_rows_keeps_the_types_of_its_columns() -> None:
    data = read_matrix([[1, "a"], [2, "b"]]).data
    assert data.schema.types == [pa.int64(), pa.string()]


def test_fields_of_a_structured_array_are_columns() -> None:
    rows = np.array([(1, 2.5), (2, 3.5)], dtype=[("n", "i8"), ("x", "f8")])
    assert read_matrix(rows).data.column_names == ["n", "x"]


def test_what_is_masked_is_missing() -> None:
    values = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[0, 1], [0, 0]])
    assert read_matrix(values).data.column("f1").to_pylist() == [None, 4.0]
    texts = np.ma.masked_array(["a", "b"], [True, False])
    assert read_columns({"t": texts}).data.column("t").to_pylist() == [None, "b"]


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        (np.zeros(3), TableError, r"X\.reshape\(-1, 1\)"),
        (np.zeros((2, 2, 2)), TableError, r"X\.reshape\(len\(X\), -1\)"),
        ([[1, 2], [3]], TableError, "2 different lengths"),
        (np.zeros((2, 1), complex), InputTypeError, "of type complex128"),
    ],
)
def test_what_is_not_a_matrix_is_refused(
    values: Any, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        read_matrix(values)


@pytest.mark.parametrize(
    "form", ["csr_matrix", "csc_matrix", "coo_matrix", "csr_array"]
)
def test_a_sparse_matrix_is_what_it_is_in_full(form: str) -> None:
    dense = np.array([[0.0, 2.0, 0.0], [1.5, 0.0, np.nan], [0.0, 0.0, -1.0]])
    raw = read_matrix(getattr(sparse, form)(dense))
    assert raw.data.column_names == ["f0", "f1", "f2"]
    for j, name in enumerate(raw.data.column_names):
        expected = [None if v != v else v for v in dense[:, j].tolist()]
        assert raw.data.column(name).to_pylist() == expected
    empty = sparse.csr_matrix((200_000, 10_000))
    with pytest.raises(TableError, match="Choose columns"):
        read_matrix(empty)


@pytest.mark.parametrize(
    "features",
    [
        np.zeros((4, 0)),
        [[]] * 4,
        {},
        pd.DataFrame(index=range(4)),
        sparse.csr_matrix((4, 0)),
    ],
    ids=["array", "list", "dictionary", "frame", "sparse"],
)
def test_zero_columns_are_called_so(features: Any) -> None:
    with pytest.raises(TableError, match=r"X, the .*, with zero columns"):
        read_pair(features, [0, 1, 0, 1], None)
    table = read_table((np.arange(60).reshape(30, 2) % 7, [0, 0, 1] * 10))
    with pytest.raises(TableError, match=r"the .* with zero columns"):
        read_features(features, like=table)


@pytest.mark.parametrize("labels", [np.zeros((2, 0)), pd.DataFrame(index=[0, 1])])
def test_labels_of_zero_columns(labels: Any) -> None:
    with pytest.raises(TableError, match="y with zero columns"):
        read_pair(np.zeros((2, 2)), labels, None)


def test_columns_have_one_length() -> None:
    with pytest.raises(TableError, match="equal lengths"):
        read_columns({"a": [1, 2], "b": [1]})
    with pytest.raises(TableError, match="one dimension"):
        read_columns({"a": np.zeros((2, 2))})


def test_a_pair_says_what_its_target_is_called() -> None:
    x = np.arange(4).reshape(2, 2)
    assert read_pair(x, [0, 1], None).targets == ("target",)
    assert read_pair(x, [0, 1], "y").targets == ("y",)
    assert read_pair(x, pd.Series([0, 1], name="label"), None).targets == ("label",)
    raw = read_pair(x, np.array([[0], [1]]), None)
    assert raw.data.column("target").to_pylist() == [0, 1]


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        ([0, 1, 1], "as many labels as rows"),
        (np.eye(3), "X with 2 rows and y with 3"),
        (pd.DataFrame({"f1": [0, 1], "b": [1, 0]}), "both have the column 'f1'"),
    ],
)
def test_labels_fit_the_rows(labels: Any, match: str) -> None:
    with pytest.raises(TableError, match=match):
        read_pair(np.zeros((2, 2)), labels, None)
    with pytest.raises(TableError, match="both have a column 'f0'"):
        read_pair(np.zeros((2, 2)), [0, 1], "f0")


@pytest.mark.parametrize(
    "labels",
    [
        np.array([[0, 1], [1, 1], [0, 0]]),
        [[0, 1], [1, 1], [0, 0]],
        np.ma.masked_array([[0, 1], [1, 1], [0, 0]]),
        np.array([[0, 1], [1, 1], [0, 0]], object),
        pd.DataFrame({"label_0": [0, 1, 0], "label_1": [1, 1, 0]}),
        pa.table({"label_0": [0, 1, 0], "label_1": [1, 1, 0]}),
    ],
    ids=lambda labels: type(labels).__name__,
)
def test_a_matrix_of_labels_becomes_columns(labels: Any) -> None:
    raw = read_pair(np.zeros((3, 2)), labels, None)
    assert raw.targets == ("label_0", "label_1")
    assert raw.data.column("label_0").to_pylist() == [0, 1, 0]
    assert raw.data.column("label_1").to_pylist() == [1, 1, 0]
    named = read_pair(np.zeros((3, 2)), labels, None, ("red", "round"))
    assert named.targets == ("red", "round")


def test_labels_that_a_mask_hides_are_missing() -> None:
    labels = np.ma.masked_array([[0, 1], [1, 1]], [[0, 1], [0, 0]])
    raw = read_pair(np.zeros((2, 2)), labels, None)
    assert raw.data.column("label_1").to_pylist() == [None, 1.0]


def test_a_sparse_matrix_of_labels_is_what_it_is_in_full() -> None:
    raw = read_pair(np.zeros((2, 2)), sparse.csr_matrix(np.eye(2)), None)
    assert raw.targets == ("label_0", "label_1")
    assert raw.data.column("label_1").to_pylist() == [0.0, 1.0]
    one = read_pair(np.zeros((2, 2)), sparse.csr_matrix([[0], [1]]), "y")
    assert one.data.column("y").to_pylist() == [0, 1]


def test_features_come_in_any_form() -> None:
    forms: list[Any] = [{"f0": [1, 2]}, pd.DataFrame({"f0": [1, 2]}), [[1], [2]]]
    for features in forms:
        assert read_features_only(features).data.to_pydict() == {"f0": [1, 2]}
