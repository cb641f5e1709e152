# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import tensorflow as tf

from equipoise.encoding.encoding import Encoded, Encoding, learn_encoding
from equipoise.errors import InputError
from equipoise.networks.encoding import (
    EncodingLayer,
    input_names,
    raw_inputs,
    stripped,
)
from equipoise.table.table import Column, Table
from equipoise.task import Task

ROWS = 10_000
EXTREMES = [1e308, -1e308, 1.7e308, 5e-324, -1e-310, 2.3e-308, 1e-40, 0.0, -0.0, 1e15]


def raw(table: Table) -> dict[str, Any]:
    """Raw columns, written out here so that the test stands on its own."""
    columns: dict[str, Any] = {}
    for column in table.columns:
        if column.kind == "categorical":
            texts = np.array([*column.categories, ""], object)
            columns[column.name] = texts[column.values].astype(str)
        elif column.kind == "datetime":
            columns[column.name] = column.values.astype(np.int64)
        else:
            columns[column.name] = column.values
    return columns


@pytest.fixture(scope="module")
def table() -> Table:
    rng = np.random.default_rng(11)
    half = ROWS // 2

    def number(name: str, values: np.ndarray, late: list[float]) -> Column:
        values = values.astype(np.float64)
        values[rng.random(ROWS) < 0.05] = np.nan
        places = half + rng.choice(half, 40 * len(late), replace=False)
        values[places] = np.repeat(late, 40)
        return Column(name, "numeric", values)

    texts = ("b", "grün", "日本", "only later", "rare", "a b ")
    early = rng.choice([0, 1, 2, 5, -1], half, p=[0.5, 0.2, 0.1, 0.1, 0.1])
    early[:3] = 4
    late = rng.choice([0, 1, 2, 3, 4, 5, -1], half)
    moments = rng.integers(-(2**58), 2**58, ROWS)
    moments[::40] = np.iinfo(np.int64).min
    moments[1::400] = [np.iinfo(np.int64).max, np.iinfo(np.int64).min + 1] * 12 + [0]
    only_late = np.zeros(ROWS)
    only_late[half:] = np.nan
    columns = (
        number("normal", rng.normal(size=ROWS), EXTREMES),
        number("heavy", rng.standard_cauchy(ROWS) * 1e300, EXTREMES),
        number("small", rng.normal(size=ROWS) * 1e-307, EXTREMES),
        number("count", rng.poisson(0.2, ROWS), EXTREMES),
        number("zeros", np.zeros(ROWS), EXTREMES),
        Column("only late", "numeric", only_late + rng.normal(size=ROWS)),
        Column("flag", "boolean", (rng.random(ROWS) < 0.1).astype(np.float64)),
        Column("group", "categorical", np.r_[early, late].astype(np.int32), texts),
        Column("none", "categorical", np.full(ROWS, -1, np.int32), ()),
        Column("when", "datetime", moments.view("M8[us]")),
    )
    return Table(
        columns, (np.arange(ROWS) % 2).astype(np.int8), Task("binary", ("no", "yes"))
    )


@pytest.fixture(scope="module")
def encoding(table: Table) -> Encoding:
    return learn_encoding(table, np.arange(ROWS // 2))


@pytest.fixture(scope="module")
def expected(table: Table, encoding: Encoding) -> Encoded:
    return encoding.transform(table)


def assert_equal(tensors: Any, expected: Encoded) -> None:
    for tensor, (name, array) in zip(tensors, vars(expected).items(), strict=True):
        np.testing.assert_array_equal(np.asarray(tensor), array, err_msg=name)


def named(encoding: Encoding, columns: dict[str, Any]) -> dict[str, Any]:
    names = input_names(encoding)
    return {names[column]: tf.constant(values) for column, values in columns.items()}


def model_of(encoding: Encoding) -> keras.Model:
    inputs = raw_inputs(encoding)
    numbers, positions, codes = EncodingLayer(encoding)(inputs)
    outputs = {"numbers": numbers, "positions": positions, "codes": codes}
    return keras.Model(inputs, outputs)


def test_the_table_covers_every_case(encoding: Encoding, expected: Encoded) -> None:
    assert encoding.categories[0].vocabulary == ("b", "grün", "日本", "a b")
    assert set(np.unique(expected.codes[:, 0])) == {0, 1, 2, 3, 4, 5}
    assert encoding.numbers[4].constant
    assert "only late" not in encoding.indicators
    assert [f.origin for f in encoding.numbers if f.column == "when"] == [
        "days",
        "hour",
        "weekday",
        "month",
    ]
    assert np.isfinite(expected.numbers).all()
    assert np.isfinite(expected.positions).all()


def test_eager_equals_numpy(
    table: Table, encoding: Encoding, expected: Encoded
) -> None:
    assert_equal(EncodingLayer(encoding)(raw(table)), expected)


def test_graph_equals_numpy(
    table: Table, encoding: Encoding, expected: Encoded
) -> None:
    layer = EncodingLayer(encoding)
    assert_equal(tf.function(layer.__call__)(raw(table)), expected)


def test_columns_of_one_element_rows(
    table: Table, encoding: Encoding, expected: Encoded
) -> None:
    columns = {name: values[:, None] for name, values in raw(table).items()}
    assert_equal(EncodingLayer(encoding)(columns), expected)


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_model_before_and_after_keras_file(
    table: Table, encoding: Encoding, expected: Encoded, tmp_path: Path
) -> None:
    model = model_of(encoding)
    columns = named(encoding, raw(table))
    assert_equal(model(columns).values(), expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("equipoise-encoding").encoding == encoding
    assert_equal(loaded(columns).values(), expected)
    batches = tf.data.Dataset.from_tensor_slices(columns).batch(3_000)
    assert_equal(loaded.predict(batches, verbose=0).values(), expected)


def test_saved_model_equals_numpy(
    table: Table, encoding: Encoding, expected: Encoded, tmp_path: Path
) -> None:
    model_of(encoding).export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    columns = named(encoding, raw(table))
    result = served.serve(columns)
    assert_equal([result[n] for n in ("numbers", "positions", "codes")], expected)


@pytest.mark.parametrize("kept", [("normal",), ("group",), ("when", "none")])
def test_tables_of_one_kind(table: Table, kept: tuple[str, ...]) -> None:
    part = dataclasses.replace(table, columns=tuple(table[name] for name in kept))
    encoding = learn_encoding(part, np.arange(ROWS // 2))
    tensors = EncodingLayer(encoding)(raw(part))
    assert_equal(tensors, encoding.transform(part))


def test_no_precision_policy_touches_the_encoding(
    table: Table, encoding: Encoding, expected: Encoded
) -> None:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = model_of(encoding)
    finally:
        keras.config.set_dtype_policy(policy)
    columns = named(encoding, raw(table))
    assert_equal(model(columns).values(), expected)


def test_infinities_are_missing(encoding: Encoding, table: Table) -> None:
    ends = table.take([0, 0])
    infinite = Table(
        tuple(
            dataclasses.replace(column, values=np.array([-np.inf, np.inf]))
            if column.kind in ("numeric", "boolean")
            else column
            for column in ends.columns
        ),
        ends.y,
        ends.task,
    )
    expected = encoding.transform(infinite)
    nothing = Table(
        tuple(
            dataclasses.replace(column, values=np.full(2, np.nan))
            if column.kind in ("numeric", "boolean")
            else column
            for column in ends.columns
        ),
        ends.y,
        ends.task,
    )
    assert_equal(vars(encoding.transform(nothing)).values(), expected)
    layer = EncodingLayer(encoding)
    assert_equal(layer(raw(infinite)), expected)
    values = [f.origin == "value" for f in encoding.numbers]
    assert np.isnan(layer.features(raw(infinite)).numpy()[:, values]).all()


def test_spaces_are_those_of_python_and_arrow() -> None:
    points = [c for c in range(1, 0x11000) if not 0xD800 <= c < 0xE000]
    texts = [f"{chr(c)}a {chr(c)} b{chr(c)}" for c in points]
    found = [text.decode() for text in stripped(tf.constant(texts)).numpy()]
    assert found == [text.strip() for text in texts]
    trimmed = pc.utf8_trim_whitespace(pa.array(texts)).to_pylist()
    assert found == trimmed
    odd = ["", " ", "\u00a0\u2003 ", "a\0", "\0", " " * 9_000 + "b" + "\n" * 9_000]
    found = [text.decode() for text in stripped(tf.constant(odd)).numpy()]
    assert found == ["", "", "", "a\0", "\0", "b"]


def test_categories_do_not_differ_by_spaces_around_them() -> None:
    texts = ("a", " a", "a\u00a0", "b", "\u2003b\t", " ", "a a", "A")
    codes = np.repeat(np.arange(len(texts), dtype=np.int32), 5)
    table = Table(
        (Column("c", "categorical", codes, texts),),
        np.zeros(len(codes), np.int8),
        Task("binary", ("no", "yes")),
    )
    encoding = learn_encoding(table, np.arange(len(codes)))
    assert encoding.categories[0].vocabulary == ("a", "b", "A", "a a")
    expected = encoding.transform(table)
    assert expected.codes[::5, 0].tolist() == [2, 2, 2, 3, 3, 0, 5, 4]
    assert encoding.transform(table, [1]).codes.tolist() == [[2]]
    assert_equal(EncodingLayer(encoding)(raw(table)), expected)
    # An encoding of an earlier version may hold texts with spaces around them.
    older = dataclasses.replace(encoding.categories[0], vocabulary=(" b", "b", "a"))
    encoding = dataclasses.replace(encoding, categories=(older,))
    expected = encoding.transform(table)
    assert expected.codes[::5, 0].tolist() == [4, 4, 4, 2, 2, 0, 1, 1]
    assert_equal(EncodingLayer(encoding)(raw(table)), expected)


def test_names_of_inputs_are_fit_and_distinct() -> None:
    columns = ["age", "a b", "column_a_b", "class", "self", "_u", "2x", "Größe", "a?b"]
    columns += ["X", "x", "Column_X", "log_odds", "Decision"]
    features = tuple(Column(name, "numeric", np.array([0.0, 1.0])) for name in columns)
    table = Table(features, np.array([0, 1], np.int8), Task("binary", ("no", "yes")))
    encoding = learn_encoding(table, np.arange(2))
    names = input_names(encoding)
    assert len({name.lower() for name in names.values()}) == len(columns)
    assert names["age"] == "age"
    assert names["column_a_b"] == "column_a_b"
    assert names["a b"] == "column_a_b_2"
    assert names["X"] == "X"
    assert names["x"] == "column_x_2"
    assert names["Decision"] == "column_Decision"
    assert_equal(
        model_of(encoding)(named(encoding, raw(table))).values(),
        encoding.transform(table),
    )


def test_an_encoding_without_columns_is_refused() -> None:
    with pytest.raises(InputError, match="without columns"):
        EncodingLayer({"numbers": [], "categories": []})
