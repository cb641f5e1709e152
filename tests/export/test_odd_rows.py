# SPDX-License-Identifier: Apache-2.0
"""An exported model is the model, on every value that the model accepts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise._core.seeds import generator
from equipoise.errors import TableError
from equipoise.export.check import knots_of, sample_rows
from equipoise.export.odd_rows import as_read, odd_values
from equipoise.reading.read import read_table
from equipoise.table.table import Column
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel

# What the reader says of infinities and new categories is not at issue here.
pytestmark = pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")


def odd_rows(model: FittedModel, rows: int = 300, seed: int = 1) -> dict[str, Any]:
    """Columns as a frame has them; each value is odd with a chance of one half."""
    random = generator(seed, "test")
    found = {}
    usual = sample_rows(model, rows, seed).raw()
    for column in model.schema.columns:
        odd = odd_values(column, knots_of(model).get(column.name, ()))
        values = usual[column.name].astype(odd.dtype)
        # Each odd value comes once at least, beside usual ones.
        places = random.permutation(rows)[: len(odd)]
        values[places] = odd[: len(places)]
        drawn = random.random(rows) < 0.3
        values[drawn] = random.choice(odd, rows)[drawn]
        found[column.name] = values
    return found


def for_frames(model: FittedModel, raw: dict[str, Any]) -> dict[str, Any]:
    moments = [c.name for c in model.schema.columns if c.kind == "datetime"]
    return {
        name: values.astype("datetime64[us]") if name in moments else values
        for name, values in raw.items()
    }


@pytest.fixture(scope="module")
def forest(make_rows: Callable[..., Any]) -> FittedModel:
    return fit(make_rows(), "fraud", strategy="extra_trees", folds=2, minutes=1e-6)


@pytest.mark.parametrize("kind", ["linear", "trees", "forest", "network"])
def test_odd_values_are_served_as_they_are_read(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    import tensorflow as tf

    model: FittedModel = request.getfixturevalue(kind)
    raw = odd_rows(model)
    frame = for_frames(model, raw)
    expected, decision = model.predict_proba(frame)[:, 1], model.decide(frame)
    tensors = {name: tf.constant(values) for name, values in raw.items()}
    found = model.keras_model(tensors).numpy()[:, 0]
    atol = 1e-6 if kind == "network" else 1e-12
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
    if kind != "trees":  # the copy's own check sees odd rows of the others
        return
    serve = tf.saved_model.load(model.export(tmp_path / "m")).signatures["serve"]
    served = serve(**tensors)
    np.testing.assert_allclose(served["probability"], expected, rtol=0, atol=atol)
    np.testing.assert_array_equal(served["decision"], decision)


def test_odd_values_do_say_something(linear: FittedModel) -> None:
    """Spaces and infinities would move these probabilities if they counted."""
    row = {"amount": [1.0], "city": ["Bonn"], "paid": [1.0], "when": ["2021-01-01"]}
    row["when"] = np.array(row["when"], "datetime64[us]")
    known = linear.predict_proba(row)
    for city in (" Bonn", "Bonn\u00a0", "\u3000Bonn\n"):
        np.testing.assert_array_equal(
            linear.predict_proba({**row, "city": [city]}), known
        )
    assert abs(linear.predict_proba({**row, "city": ["bonn"]}) - known).max() > 1e-3
    missing = linear.predict_proba({**row, "amount": [np.nan]})
    assert abs(missing - known).max() > 1e-3
    for amount in (np.inf, -np.inf):
        found = linear.predict_proba({**row, "amount": [amount]})
        np.testing.assert_array_equal(found, missing)


def test_what_the_model_refuses_is_refused(linear: FittedModel, tmp_path: Path) -> None:
    import tensorflow as tf

    raw = sample_rows(linear, 3).raw()
    raw["paid"] = np.array([0.0, 0.5, 1.0])
    with pytest.raises(TableError, match="'paid'"):
        linear.predict_proba(for_frames(linear, raw))
    tensors = {name: tf.constant(values) for name, values in raw.items()}
    with pytest.raises(tf.errors.InvalidArgumentError, match="other than 0 and 1"):
        linear.keras_model(tensors)
    serve = tf.saved_model.load(linear.export(tmp_path / "m")).signatures["serve"]
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"0 and 1 in the column .*paid"
    ):
        serve(**tensors)


def test_rows_are_read_as_a_frame_is(linear: FittedModel) -> None:
    raw = odd_rows(linear)
    read, table = linear.read(for_frames(linear, raw)), as_read(raw, linear.schema)
    for name in table.names:
        np.testing.assert_array_equal(read[name].values, table[name].values)
        assert read[name].categories == table[name].categories


def test_a_table_made_by_hand_says_the_same(linear: FittedModel) -> None:
    """A `Table` is not read: what a model says of it is settled in the encoding."""
    raw = odd_rows(linear)
    table = as_read(raw, linear.schema)
    columns = []
    for column in table.columns:
        values: Any = raw[column.name]
        categories: tuple[str, ...] = ()
        if column.kind == "categorical":
            categories, codes = np.unique(values, return_inverse=True)
            values, categories = codes.astype(np.int32), tuple(categories.tolist())
        elif column.kind == "datetime":
            values = values.astype("datetime64[us]")
        columns.append(Column(column.name, column.kind, values, categories))
    by_hand = dataclasses.replace(table, columns=tuple(columns))
    np.testing.assert_array_equal(
        linear.predict_proba(by_hand), linear.predict_proba(table)
    )


@pytest.mark.parametrize("strategy", ["logistic", "trees"])
def test_another_runtime_says_the_same_of_odd_numbers(
    strategy: str, tmp_path: Path
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    random = np.random.default_rng(0)
    y = random.random(300) < 0.3
    columns = {
        "usual": random.normal(size=300) + y,
        "wide": np.exp(random.normal(size=300) * 200) * (1 + y),
        "tiny": np.where(random.random(300) < 0.5, 0.0, random.random(300) * 1e-300),
        "paid": np.where(random.random(300) < 0.1, np.nan, random.random(300) < 0.5),
    }
    flag = np.array([None if np.isnan(v) else bool(v) for v in columns["paid"]], object)
    table = read_table({**columns, "paid": flag, "y": y.astype(int)}, "y")
    model = fit(table, strategy=strategy, folds=2, minutes=1e-6, seed=1)
    assert model.schema["paid"].kind == "boolean"
    path = model.export(tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    raw = odd_rows(model)
    probability, decision = session.run(None, raw)
    expected = model.predict_proba(raw)[:, 1]
    np.testing.assert_allclose(probability, expected, rtol=0, atol=1e-7)
    np.testing.assert_array_equal(decision, model.decide(raw))
    refused = {**raw, "paid": np.where(np.arange(300) == 7, 0.5, raw["paid"])}
    with pytest.raises(TableError, match="'paid'"):
        model.predict_proba(refused)
    probability, decision = session.run(None, refused)
    assert np.flatnonzero(np.isnan(probability)).tolist() == [7]
    assert decision[7] == -1
