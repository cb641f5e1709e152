# SPDX-License-Identifier: Apache-2.0
"""A fitted model as a Keras model and as a SavedModel."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.decision.calibrator import Calibrator
from equipoise.errors import InputError, TrainingError, UnsupportedError
from equipoise.export import export, keras_model
from equipoise.export.check import checked_inputs
from equipoise.reading.read import read_table
from equipoise.strategies.strategy import Strategy
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel


def tensors(raw: dict[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    return {name: tf.constant(values) for name, values in raw.items()}


@pytest.mark.parametrize("kind", ["linear", "trees", "network"])
def test_the_keras_model_says_the_same(
    kind: str, request: pytest.FixtureRequest, make_rows: Callable[..., Any]
) -> None:
    model: FittedModel = request.getfixturevalue(kind)
    for table in (model.read(make_rows(100, seed=3)), checked_inputs(model)[0]):
        found = model.keras_model(tensors(table.raw())).numpy()
        assert found.shape == (len(table), 1)
        expected = model.predict_proba(table)[:, 1]
        atol = 2e-6 if kind == "network" else 1e-10
        np.testing.assert_allclose(found[:, 0], expected, rtol=0, atol=atol)


# Keras itself meets NumPy's new keyword when it writes variables.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", ["linear", "trees"])
def test_the_keras_model_survives_its_file(
    kind: str,
    request: pytest.FixtureRequest,
    make_rows: Callable[..., Any],
    tmp_path: Path,
) -> None:
    import keras

    model: FittedModel = request.getfixturevalue(kind)
    model.keras_model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    raw = tensors(model.read(make_rows(40, seed=4)).raw())
    np.testing.assert_array_equal(again(raw).numpy(), model.keras_model(raw).numpy())


def test_a_saved_model_takes_raw_columns(
    network: FittedModel, make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    import tensorflow as tf

    low, high = np.quantile(network.log_odds(make_rows(200, seed=5)), [0.5, 0.8])
    rule = dataclasses.replace(network.rule, threshold=float(high), lower=float(low))
    model = dataclasses.replace(network, rule=rule)
    folder = model.export(tmp_path / "served")
    assert folder == tmp_path / "served"
    assert [p.name for p in tmp_path.iterdir()] == ["served"]
    serve = tf.saved_model.load(folder).signatures["serve"]
    for rows in (1, 80):
        table = model.read(make_rows(rows, seed=6))
        found = serve(**tensors(table.raw()))
        np.testing.assert_allclose(
            found["probability"].numpy(),
            model.predict_proba(table)[:, 1],
            rtol=0,
            atol=2e-6,
        )
        np.testing.assert_array_equal(found["decision"].numpy(), model.decide(table))
    with pytest.raises(InputError, match="not empty"):
        model.export(folder)


def test_a_model_that_differs_is_not_left_behind(
    linear: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = dataclasses.replace(
        linear,
        rule=dataclasses.replace(
            linear.rule, calibrator=Calibrator("intercept", intercept=1.0)
        ),
    )
    from equipoise.export import saved_model as module

    monkeypatch.setattr(module, "keras_model", lambda m, **o: keras_model(other, **o))
    with pytest.raises(TrainingError, match="differ by up to"):
        export(linear, tmp_path / "served")
    assert list(tmp_path.iterdir()) == []


def test_the_default_model_is_served(
    make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    """Networks, both kinds of trees and a linear model, averaged."""
    import tensorflow as tf

    table = read_table(make_rows(200), "fraud")
    model = fit(table, folds=2, minutes=1e-6, seed=1)
    assert {c.strategy.learner for c in model.components} >= {"trees", "extra_trees"}
    folder = model.export(tmp_path / "served")
    serve = tf.saved_model.load(folder).signatures["serve"]
    new = model.read(make_rows(50, seed=8))
    np.testing.assert_allclose(
        serve(**tensors(new.raw()))["probability"].numpy(),
        model.predict_proba(new)[:, 1],
        rtol=0,
        atol=2e-6,
    )


def test_a_learner_that_is_no_layer_is_named(
    make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    table = read_table(make_rows(100), "fraud")
    model = fit(table, strategy="prior", folds=2, minutes=1e-6)
    with pytest.raises(UnsupportedError, match="'prior' as a Keras model"):
        _ = model.keras_model
    for name in ("served", "m.onnx"):
        with pytest.raises(UnsupportedError, match="'prior'"):
            model.export(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["m.h5", "m.keras", "m.TFLITE"])
def test_a_folder_is_not_called_like_another_format(
    name: str, linear: FittedModel, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"a SavedModel, which is a folder.*Try 'm'"):
        linear.export(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_refused(linear: FittedModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'saved_model', 'onnx'"):
        linear.export(tmp_path / "m", format="pickle")


ODD_COLUMNS = ("X", "x", "probability", "log_odds", "decision", "a b", "größe")


@pytest.fixture(scope="module")
def odd() -> FittedModel:
    """Columns and strategies of names that layers and signatures do not take."""
    random = np.random.default_rng(0)
    y = np.arange(200) % 4 == 0
    columns = {name: random.normal(size=200) + y for name in ODD_COLUMNS}
    table = read_table({**columns, "target": y.astype(int)}, "target")
    arms = [
        Strategy("my/arm: ü", learner="logistic"),
        Strategy("my/arm; ü", learner="extra_trees"),
        Strategy("1/2", learner="network"),
    ]
    model = fit(table, strategy=arms, folds=2, minutes=1e-6, seed=1, network="small")
    assert len(model.components) == 3
    return model


IN_ANOTHER_PROCESS = """
import sys

sys.modules["equipoise"] = None  # to import it fails
import numpy as np

given = dict(np.load(sys.argv[1]))
if sys.argv[2].endswith(".onnx"):
    import onnxruntime

    session = onnxruntime.InferenceSession(sys.argv[2])
    found = dict(zip(("probability", "decision"), session.run(None, given)))
else:
    import tensorflow as tf

    served = tf.saved_model.load(sys.argv[2]).signatures["serve"]
    found = {n: v.numpy() for n, v in served(**given).items()}
np.savez(sys.argv[1], **found)
"""


@pytest.mark.parametrize("name", ["served", "m.onnx"])
def test_odd_names_are_served_where_equipoise_is_not(
    odd: FittedModel, name: str, tmp_path: Path
) -> None:
    if name.endswith(".onnx"):
        pytest.importorskip("tf2onnx")
        pytest.importorskip("onnxruntime")
    table, given = checked_inputs(odd)
    path = odd.export(tmp_path / name)
    np.savez(tmp_path / "io.npz", **given)
    subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, tmp_path / "io.npz", path],
        check=True,
        capture_output=True,
    )
    found = np.load(tmp_path / "io.npz")
    expected = odd.predict_proba(table)[:, 1]
    np.testing.assert_allclose(found["probability"], expected, rtol=0, atol=1e-5)
    assert (found["decision"] == odd.decide(table)).mean() > 0.99
