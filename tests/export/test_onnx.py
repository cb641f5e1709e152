# SPDX-License-Identifier: Apache-2.0
"""ONNX files: the same answers in another runtime, or a refusal by name."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from equipoise.errors import (
    InputError,
    MissingExtraError,
    TrainingError,
    UnsupportedError,
)
from equipoise.export.check import (
    checked_inputs,
    encoding_of,
    require_same,
    sample_rows,
)
from equipoise.export.formats import export
from equipoise.export.odd_rows import as_read
from equipoise.networks.encoding import input_names
from equipoise.priors import log_odds
from equipoise.reading.read import read_table
from equipoise.strategies import Strategy
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel

NAMES = {"amount": "amount", "paid": "paid", "age (years)": "column_age__years_"}


def rows(count: int, seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    y = random.random(count) < 0.2
    amount = random.normal(y * 1.5, 1.0)
    return pa.table(
        {
            "amount": np.where(random.random(count) < 0.1, np.nan, amount),
            "paid": random.random(count) < 0.4 + 0.3 * y,
            "age (years)": random.integers(18, 90, count) - 10.0 * y,
            "fraud": np.where(y, "yes", "no"),
        }
    )


def fitted(strategy: Any) -> FittedModel:
    table = read_table(rows(300, 0), "fraud")
    return fit(table, strategy=strategy, folds=2, minutes=1e-6, seed=1)


@pytest.fixture(scope="module")
def numeric() -> FittedModel:
    return fitted("logistic")


def session(path: Path) -> Any:
    onnxruntime = pytest.importorskip("onnxruntime")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def feed(model: FittedModel, table: Any) -> dict[str, Any]:
    raw = model.read(table).raw()
    return {NAMES[name]: values for name, values in raw.items()}


@pytest.mark.parametrize(
    "strategy", ["logistic", "trees", "extra_trees", ["plain", "focal"]], ids=str
)
def test_another_runtime_says_the_same(strategy: Any, tmp_path: Path) -> None:
    model = fitted(strategy)
    path = model.export(tmp_path / "m.onnx")
    run = session(path)
    assert {i.name: i.type for i in run.get_inputs()} == dict.fromkeys(
        NAMES.values(), "tensor(double)"
    )
    assert [o.name for o in run.get_outputs()] == ["probability", "decision"]
    for table in (rows(1, 5), rows(400, 6), checked_inputs(model)[0]):
        found, decision = run.run(None, feed(model, table))
        expected = model.log_odds(table)
        np.testing.assert_allclose(log_odds(found), expected, rtol=0, atol=1e-4)
        np.testing.assert_array_equal(decision, model.decide(table))
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


def test_undecided_rows_are_minus_one(numeric: FittedModel, tmp_path: Path) -> None:
    low, high = np.quantile(numeric.log_odds(rows(200, 5)), [0.5, 0.8])
    rule = dataclasses.replace(
        numeric.rule, threshold_log_odds=float(high), lower_log_odds=float(low)
    )
    model = dataclasses.replace(numeric, rule=rule)
    run = session(model.export(tmp_path / "m.onnx"))
    _, decision = run.run(None, feed(model, rows(300, 7)))
    assert set(decision.tolist()) == {-1, 0, 1}
    np.testing.assert_array_equal(decision, model.decide(rows(300, 7)))


def test_the_file_says_what_it_is(numeric: FittedModel, tmp_path: Path) -> None:
    meta = session(numeric.export(tmp_path / "m.onnx")).get_modelmeta()
    assert meta.producer_name == "equipoise"
    assert "NaN if missing" in meta.description
    facts = meta.custom_metadata_map
    assert (facts["target"], facts["positive_class"]) == ("fraud", "yes")
    assert json.loads(facts["columns"]) == NAMES
    assert 0 < float(facts["threshold"]) < 1


def odd_columns(count: int, seed: int) -> dict[str, Any]:
    """Raw columns: missing and unseen values, nearly the same ones, far away ones."""
    random = np.random.default_rng(seed)
    cities = ["Bonn", "Lima", "Oslo", "bonn", "LIMA", " Oslo", "Bonn\t", "\u3000Lima "]
    cities += ["", " ", "B onn", "Bonn.", ".*", "Zürich", "東京", "NA", "\u00a0\u2003"]
    amounts = [0.0, 1.5, -2.0, 1e-320, 1e300, -1e300, np.inf, -np.inf, np.nan]
    moments = ["0001-01-01", "1677-09-22T00:12:44", "1899-12-31T23:59:59.999999"]
    moments += ["1969-12-31T23:00", "1970-01-01", "2000-02-29T12:30", "2023-06-01"]
    moments += ["2261-01-01", "9999-12-31", "NaT"]
    values = {
        "amount": np.array(amounts),
        "city": np.array(cities, object),
        "paid": np.array([0.0, 1.0, np.nan]),
        "when": np.array(moments, "datetime64[us]").astype(np.int64),
    }
    columns = {n: random.choice(choices, count) for n, choices in values.items()}
    usual = random.random(count) < 0.4
    columns["amount"] = np.where(usual, random.normal(size=count), columns["amount"])
    year = 365 * 86_400_000_000
    near = random.integers(-60 * year, 60 * year, count)
    columns["when"] = np.where(random.random(count) < 0.4, near, columns["when"])
    return columns


@pytest.mark.parametrize("which", ["linear", "trees", "network", "rounds"])
def test_columns_of_every_kind(
    which: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    onnx = pytest.importorskip("onnx")
    model: FittedModel = request.getfixturevalue(which)
    path = model.export(tmp_path / "m.onnx")
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    assert {one.domain: one.version for one in proto.opset_import}[""] == 20
    run = session(path)
    assert {i.name: (i.type, i.shape) for i in run.get_inputs()} == {
        "amount": ("tensor(double)", ["rows"]),
        "city": ("tensor(string)", ["rows"]),
        "paid": ("tensor(double)", ["rows"]),
        "when": ("tensor(int64)", ["rows"]),
    }
    raw = odd_columns(1_500, 3)
    table = as_read(raw, model.schema)
    p, decided = run.run(None, raw)
    expected = model.predict_proba(table)[:, 1]
    assert len(np.unique(expected.round(6))) > 50
    np.testing.assert_allclose(p, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(decided, model.decide(table))
    one = {name: values[:1] for name, values in raw.items()}
    np.testing.assert_allclose(run.run(None, one)[0], expected[:1], rtol=0, atol=1e-6)
    described = run.get_modelmeta().description
    assert 'strings, "" if missing; times are int64 microseconds' in described
    assert "table_initializer" not in capfd.readouterr().err  # a line of TensorFlow's


@pytest.fixture(scope="module")
def rounds(make_rows: Callable[..., Any]) -> FittedModel:
    """An ensemble of networks by rounds, and one detector."""
    arms = [
        Strategy("bags", plan="under_bagging", options={"members": 2}),
        Strategy("far", learner="isolation_forest"),
    ]
    table = read_table(make_rows(), "fraud")
    return fit(table, strategy=arms, folds=2, repeats=1, minutes=1e-6, seed=1)


def test_a_category_that_is_too_long_is_refused(
    tmp_path: Path, make_rows: Callable[..., Any]
) -> None:
    data = make_rows()
    city = data["city"].to_pylist()
    long = pa.array(["é" * 2_001 if text == "Bonn" else text for text in city])
    place = data.column_names.index("city")
    table = read_table(data.set_column(place, "city", long), "fraud")
    model = fit(table, strategy="logistic", folds=2, repeats=1, seed=1)
    with pytest.raises(UnsupportedError, match="4,002 bytes in the column 'city'"):
        model.export(tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_name_must_tell_what_it_is(numeric: FittedModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Try 'm\.onnx'"):
        numeric.export(tmp_path / "m.bin", format="onnx")


def test_a_missing_extra_gives_the_command(
    numeric: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n == "tf2onnx" else real(n)
    )
    with pytest.raises(MissingExtraError, match=r'pip install "equipoise\[onnx\]"'):
        numeric.export(tmp_path / "m.onnx")


def test_a_file_that_differs_is_not_left_behind(
    numeric: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from equipoise.export import onnx as module

    own = module.scores_model
    coefficients = 1.01 * numeric.components[0].scorers[0].coefficients  # type: ignore[attr-defined]  # a logistic model
    scorers = tuple(
        dataclasses.replace(scorer, coefficients=coefficients)  # type: ignore[type-var]  # a dataclass
        for scorer in numeric.components[0].scorers
    )
    part = dataclasses.replace(numeric.components[0], scorers=scorers)
    other = dataclasses.replace(numeric, components=(part,))
    monkeypatch.setattr(module, "scores_model", lambda m, dtypes: own(other, dtypes))
    with pytest.raises(TrainingError, match="differ by up to"):
        numeric.export(tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_extra_input_is_refused(
    numeric: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Converters have been seen to ask for tensors of the graph's inside."""
    from equipoise.export import onnx as module

    own: Callable[..., Any] = module._converted

    def with_one_more(model: FittedModel, twin: Any) -> Any:
        from onnx import TensorProto, helper

        proto = own(model, twin)
        more = helper.make_tensor_value_info("inside", TensorProto.DOUBLE, [None])
        proto.graph.input.append(more)
        return proto

    monkeypatch.setattr(module, "_converted", with_one_more)
    with pytest.raises(TrainingError, match="'inside'"):
        numeric.export(tmp_path / "m.onnx")


@pytest.mark.parametrize("fails", [False, True])
def test_the_graph_is_copied_only_after_a_failed_step(
    numeric: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """On copies the converter leaves a failed step out; they take most of the time."""
    optimizer = pytest.importorskip("tf2onnx.optimizer")
    monkeypatch.delenv("TF2ONNX_CATCH_ERRORS", raising=False)
    optimize, copies = optimizer.optimize_graph, []

    def spied(graph: Any, catch_errors: bool, optimizers: Any = None) -> Any:
        copies.append(catch_errors)
        if fails and not catch_errors:
            raise KeyError("a step")
        return optimize(graph, catch_errors, optimizers=optimizers)

    monkeypatch.setattr(optimizer, "optimize_graph", spied)
    run = session(numeric.export(tmp_path / "m.onnx"))
    assert copies == ([False, True] if fails else [False])
    assert "TF2ONNX_CATCH_ERRORS" not in os.environ
    found, _ = run.run(None, feed(numeric, rows(50, 5)))
    expected = numeric.log_odds(rows(50, 5))
    np.testing.assert_allclose(log_odds(found), expected, rtol=0, atol=1e-4)


def test_an_export_says_what_it_is_doing(numeric: FittedModel, tmp_path: Path) -> None:
    said: list[str] = []
    export(numeric, tmp_path / "m.onnx", say=said.append)
    export(numeric, tmp_path / "served", say=said.append)
    assert said == [
        "converting the model to ONNX",
        "checking that m.onnx gives the same results",
        "writing the model as a SavedModel",
        "checking that served gives the same results",
    ]


def test_the_root_logger_is_left_alone(numeric: FittedModel, tmp_path: Path) -> None:
    before = list(logging.getLogger().handlers)
    numeric.export(tmp_path / "m.onnx")
    assert logging.getLogger().handlers == before


@pytest.fixture(scope="module")
def several() -> dict[str, FittedModel]:
    """Models of three classes and of four labels."""
    options: dict[str, Any] = {"repeats": 1, "folds": 2}
    classes = make_classes(
        240, counts=[150, 60, 30], numeric=3, categories=2, seed=1
    ).table
    labels = make_labels(240, shares=[0.4, 0.3, 0.2, 0.1], categories=2, seed=1).table
    arms = ["logistic", "trees"]
    return {
        "multiclass": fit(classes, strategy=arms, **options),
        "multilabel": fit(labels, strategy="logistic", **options),
    }


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_models_of_several_classes_and_labels(
    several: dict[str, FittedModel], kind: str, tmp_path: Path
) -> None:
    model = several[kind]
    target = model.export(tmp_path / "model.onnx")
    onnx = pytest.importorskip("onnx")
    rows = sample_rows(model, 50)
    names = input_names(encoding_of(model))
    raw = {names[name]: v for name, v in rows.raw().items() if name in names}
    assert "U" in {values.dtype.kind for values in raw.values()}
    p, decision = session(target).run(["probability", "decision"], raw)
    assert p == pytest.approx(model.predict_proba(rows), abs=1e-6)
    assert np.array_equal(decision, model.decide(rows))
    described = {entry.key: entry.value for entry in onnx.load(target).metadata_props}
    noun = "classes" if kind == "multiclass" else "labels"
    assert json.loads(described[noun]) == list(model.schema.classes)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_a_wrong_copy_of_several_classes_is_refused(
    several: dict[str, FittedModel], kind: str
) -> None:
    model = several[kind]
    rows = sample_rows(model, 50)
    right = {"probability": model.predict_proba(rows), "decision": model.decide(rows)}
    require_same(model, rows, right)
    moved = {**right, "probability": right["probability"] + 1e-3}
    with pytest.raises(TrainingError, match="differ by up to"):
        require_same(model, rows, moved)
    turned = {**right, "decision": 1 - right["decision"]}
    with pytest.raises(TrainingError):
        require_same(model, rows, turned)
