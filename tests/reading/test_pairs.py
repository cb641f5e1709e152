# SPDX-License-Identifier: Apache-2.0
"""Features and labels as two arguments, and datasets of TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import equipoise as eq
from equipoise.errors import InputTypeError, TableError
from equipoise.reading.pairs import from_dataset, is_dataset, paired

X = np.random.default_rng(0).normal(size=(40, 2))
Y = (np.arange(40) % 4 == 0).astype(int)
WORDS = np.where(Y == 1, "ill", "well")


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        (X, Y),
        (X, Y.tolist()),
        (X.tolist(), Y),
        (X, WORDS.tolist()),
        (pd.DataFrame(X, columns=["a", "b"]), pd.Series(WORDS, name="state")),
        (pd.DataFrame(X, columns=["a", "b"]), WORDS.tolist()),
        (pd.DataFrame(X, columns=["a", "b"]), pd.DataFrame({"state": WORDS})),
        (pl.DataFrame(X, schema=["a", "b"]), pl.Series("state", WORDS)),
        ({"a": X[:, 0], "b": X[:, 1]}, WORDS),
    ],
)
def test_two_arguments_are_one_pair(features: Any, labels: Any) -> None:
    two, one = eq.read_table(features, labels), eq.read_table((features, labels))
    assert two.target == one.target
    assert two.classes == one.classes
    np.testing.assert_array_equal(two.labels(), one.labels())
    np.testing.assert_array_equal(two.labels(), Y)
    for column in two.columns:
        np.testing.assert_array_equal(column.values, one[column.name].values)


def test_names_of_columns_stay_names() -> None:
    frame = pd.DataFrame({"a": X[:, 0], "p": Y, "q": 1 - Y})
    assert paired(frame, ["p", "q"]) == (frame, ["p", "q"])
    assert paired("f.csv", ["p", "q"]) == ("f.csv", ["p", "q"])
    assert paired(X, 1)[1] == 1
    short = frame.iloc[:2]
    assert paired(short, ["p", "q"])[1] == ["p", "q"]
    assert paired(short, ["no", "yes"]) == ((short, ["no", "yes"]), None)


@pytest.mark.parametrize("source", ["f.csv", (X, Y), "example:digits"])
def test_labels_beside_something_else_are_refused(source: Any) -> None:
    with pytest.raises(InputTypeError, match="labels of type ndarray"):
        eq.read_table(source, Y)


def test_a_matrix_of_labels_is_several() -> None:
    table = eq.read_table(X, np.stack([Y, 1 - Y], axis=1))
    assert table.task.kind == "multilabel"


@pytest.mark.parametrize("batch", [None, 7, 40])
def test_a_dataset_is_its_rows(batch: int | None) -> None:
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, WORDS))
    data = data if batch is None else data.batch(batch)
    assert is_dataset(data)
    x, y = from_dataset(data)
    np.testing.assert_array_equal(x, X)
    assert y.tolist() == WORDS.tolist()
    table = eq.read_table(data, positive="ill")
    np.testing.assert_array_equal(table.labels(), Y)


@pytest.mark.parametrize("batch", [None, 8])
def test_a_dataset_of_columns_and_of_images(batch: int | None) -> None:
    import tensorflow as tf

    city = np.where(X[:, 0] > 0, "Bern", "Rom")
    data = tf.data.Dataset.from_tensor_slices(({"city": city, "b": X[:, 1:]}, Y))
    images = tf.data.Dataset.from_tensor_slices((np.zeros((6, 6, 4, 4)), np.arange(6)))
    if batch is not None:
        data, images = data.batch(batch), images.batch(3)
    table = eq.read_table(data)
    assert table["city"].kind == "categorical"
    np.testing.assert_allclose(table["b"].values, X[:, 1])
    x, y = from_dataset(images)
    assert x.shape == (6, 6, 4, 4)
    assert y.tolist() == [0, 1, 2, 3, 4, 5]


def test_datasets_that_are_no_rows() -> None:
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y))
    for wrong, match in (
        (data.repeat(), "repeats without end"),
        (data.take(0), "without elements"),
        (tf.data.Dataset.from_tensor_slices(X), "1 part"),
        (tf.data.Dataset.from_tensor_slices((X, Y, Y)), "as weights="),
        (tf.data.Dataset.from_tensor_slices(((X, X), Y)), "2 arrays of features"),
        (tf.data.Dataset.from_tensor_slices(({"a": X}, Y)), "the column 'a'"),
    ):
        with pytest.raises(TableError, match=match):
            eq.read_table(wrong)


def test_verbs_take_two_arguments() -> None:
    shifted = X + 2.0 * Y[:, None]
    model = eq.fit(shifted, Y, strategy="logistic", folds=2, repeats=1)
    both = eq.fit((shifted, Y), strategy="logistic", folds=2, repeats=1)
    np.testing.assert_array_equal(model.log_odds(shifted), both.log_odds(shifted))
    assert model.predict(shifted).dtype == Y.dtype
    new = shifted + 0.01
    one, two = eq.evaluate(model, new, Y), eq.evaluate(model, (new, Y))
    assert one["average_precision"] == two["average_precision"]
    assert eq.diagnose(shifted, Y).facts["positives"] == 10
    again = eq.fit(shifted, Y, strategy="logistic", folds=2, repeats=1, random_state=3)
    assert again.facts["seed"] == 3
