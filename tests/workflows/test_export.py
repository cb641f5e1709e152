# SPDX-License-Identifier: Apache-2.0
"""A fitted model as a Keras model and as a SavedModel."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.decision.calibration import Calibrator
from equipoise.errors import InputError, TrainingError, UnsupportedError
from equipoise.workflows.export import export, keras_model, sample_rows
from equipoise.workflows.model import FittedModel


def tensors(raw: dict[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    return {name: tf.constant(values) for name, values in raw.items()}


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_the_keras_model_says_the_same(
    kind: str, request: pytest.FixtureRequest, make_rows: Callable[..., Any]
) -> None:
    model: FittedModel = request.getfixturevalue(kind)
    for table in (model.read(make_rows(100, seed=3)), sample_rows(model, 100)):
        found = model.keras_model(tensors(table.raw())).numpy()
        assert found.shape == (100, 1)
        expected = model.predict_proba(table)[:, 1]
        atol = 1e-10 if kind == "linear" else 2e-6
        np.testing.assert_allclose(found[:, 0], expected, rtol=0, atol=atol)


# Keras itself meets NumPy's new keyword when it writes variables.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_keras_model_survives_its_file(
    linear: FittedModel, make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    import keras

    linear.keras_model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    raw = tensors(linear.read(make_rows(40, seed=4)).raw())
    np.testing.assert_array_equal(again(raw).numpy(), linear.keras_model(raw).numpy())


@pytest.mark.parametrize(
    "calibrator",
    [
        Calibrator(),
        Calibrator("intercept", intercept=-0.5, smoothing=0.01, base_rate=0.2),
        Calibrator("platt", slope=0.7, intercept=0.3, smoothing=0.002, base_rate=0.1),
        Calibrator("isotonic", knots=(-3.0, -1.0, 0.5), levels=(-4.0, -0.5, 2.0)),
        Calibrator("isotonic", knots=(0.0,), levels=(-1.5,)),
    ],
    ids=lambda c: f"{c.method} {len(c.knots)}",
)
def test_every_calibrator_is_in_the_graph(calibrator: Calibrator) -> None:
    from equipoise.workflows.layers import CalibratedLogOdds

    z = np.linspace(-50, 50, 401)[:, None]
    found = CalibratedLogOdds(calibrator, 0.25)(z).numpy()
    np.testing.assert_allclose(found, calibrator.apply(z) + 0.25, rtol=1e-12, atol=1e-9)


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
    from equipoise.workflows import export as module

    monkeypatch.setattr(module, "keras_model", lambda m, **o: keras_model(other, **o))
    with pytest.raises(TrainingError, match="differ by up to"):
        export(linear, tmp_path / "served")
    assert list(tmp_path.iterdir()) == []


def test_trees_say_what_to_do(trees: FittedModel, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="strategy='plain'"):
        _ = trees.keras_model
    with pytest.raises(UnsupportedError, match="'trees'"):
        trees.export(tmp_path / "served")
    assert list(tmp_path.iterdir()) == []
