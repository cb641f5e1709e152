# SPDX-License-Identifier: Apache-2.0
"""A network of the user's own from `fit` to a file and back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.errors import (
    BundleError,
    InputError,
    InputTypeError,
    TrialWarning,
    UnsupportedError,
)
from equipoise.learners.user_model.input import UserInput, array_hashes
from equipoise.models import pack, read_bundle, unpack, write_bundle
from equipoise.models.goal import Goal
from equipoise.training.settings import TrainingSettings
from equipoise.verbs.evaluate import evaluate
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel, load

# Keras itself meets NumPy's new keyword when it writes variables.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


def images(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise of 6 x 6 pixels; a fifth has a brighter corner."""
    random = np.random.default_rng(seed)
    y = random.random(rows) < 0.2
    x = random.normal(size=(rows, 6, 6, 1))
    x[y, :3, :3] += 1.0
    return x, np.where(y, "ill", "well")


def build() -> Any:
    import keras

    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1),
        ]
    )


def fitted(rows: Any, **options: Any) -> FittedModel:
    """Fit quickly: one epoch, two folds, a large step."""
    training = TrainingSettings(epochs=2, patience=1)
    return fit(rows, model=build, folds=2, repeats=1, training=training, **options)


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return fitted(images(300, 0), seed=1)


@pytest.fixture(scope="module")
def saved(model: FittedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("own") / "scan.equipoise")


def test_it_is_fitted_with_calibration_and_rule(model: FittedModel) -> None:
    assert [c.strategy.name for c in model.components] == ["plain"]
    assert len(model.components[0].scorers) == 2
    assert model.schema.classes == ("well", "ill")
    assert model.user_input == UserInput((6, 6, 1), "float32")
    assert model.evaluation.rows == 300
    x, y = images(400, 5)
    p = model.predict_proba(x)[:, 1]
    assert p[y == "ill"].mean() > p[y == "well"].mean()
    assert "an array of shape ['rows', 6, 6, 1]" in model.card()
    assert set(model.predict(x[:9])) <= {"ill", "well"}


def test_scores_are_those_of_the_networks(model: FittedModel) -> None:
    """Blocks and one row alone give what Keras' own `predict` gives."""
    x, _ = images(300, 6)
    scorers: Any = model.components[0].scorers
    expected = np.mean(
        [
            1
            / (
                1
                + np.exp(-scorer.correction.apply(network.predict(x, verbose=0)[:, 0]))
            )
            for scorer in scorers
            for network in scorer.models
        ],
        axis=0,
    )
    z = model.raw_log_odds(x)
    np.testing.assert_allclose(1 / (1 + np.exp(-z)), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(model.raw_log_odds(x[7:8]), z[7:8], rtol=0, atol=1e-5)


def test_it_is_the_same_after_loading(model: FittedModel, saved: Path) -> None:
    again = load(saved)
    x, _ = images(80, 7)
    np.testing.assert_array_equal(again.log_odds(x), model.log_odds(x))
    assert again.user_input == model.user_input
    assert again.card() == model.card()


def test_evaluation_knows_the_rows_it_has_seen(model: FittedModel) -> None:
    found = evaluate(model, images(200, 8))
    assert found.rows == 200
    assert not any("seen in training" in note for note in found.notes)
    with pytest.warns(TrialWarning, match=r"150 of 150 rows"):
        evaluate(model, tuple(part[:150] for part in images(300, 0)))


def test_two_strategies_and_a_certified_floor() -> None:
    model = fitted(
        images(400, 2),
        strategy=["plain", "class_weight"],
        goal=Goal(recall_floor=0.3, certify=0.8),
    )
    assert model.facts["certified"] == 0.8
    assert model.rule.certificates
    assert 260 < len(model.seen) < 270  # a third is set aside


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (np.zeros((2, 5, 5, 1)), InputError, r"\[5, 5, 1\]"),
        (np.full((1, 6, 6, 1), np.nan), InputError, "NaN"),
        (np.full((1, 6, 6, 1), 1e39), InputError, "an infinite number"),
        (np.zeros((1, 6, 6, 1), complex), InputTypeError, "complex"),
        ("scan.csv", InputTypeError, "str"),
    ],
    ids=["shape", "nan", "too large", "complex", "path"],
)
def test_other_rows_are_refused(
    model: FittedModel, rows: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.predict_proba(rows)


def test_files_and_tables_are_refused(model: FittedModel, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="predict_proba"):
        model.predict_file("x.csv", tmp_path / "o.csv")
    with pytest.raises(InputTypeError):
        evaluate(model, "x.csv")
    with pytest.raises(UnsupportedError, match="'trees'"):
        fit(images(60, 0), model=build, strategy="trees", folds=2)
    with pytest.raises(UnsupportedError, match="auc_margin"):
        fitted(images(60, 0), strategy="auc_margin", weights=np.ones(60))


def test_it_is_exported(model: FittedModel, tmp_path: Path) -> None:
    import tensorflow as tf

    x = images(20, 9)[0].astype("float32")
    folder = model.export(tmp_path / "served")
    serve = tf.saved_model.load(folder).signatures["serve"]
    found = serve(x=tf.constant(x))["probability"].numpy()
    expected = model.predict_proba(x)[:, 1]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    onnxruntime = pytest.importorskip("onnxruntime")
    path = model.export(tmp_path / "m.onnx")
    run = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found, decision = run.run(None, {"x": x})
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(decision, model.decide(x))
    x[3, 0, 0, 0] = np.nan  # which the model refuses
    with pytest.raises(tf.errors.InvalidArgumentError, match="NaN or infinities"):
        serve(x=tf.constant(x))
    found, decision = run.run(None, {"x": x})
    assert np.flatnonzero(np.isnan(found)).tolist() == [3]
    assert decision[3] == -1


def test_another_input_than_the_networks_is_refused(
    saved: Path, tmp_path: Path
) -> None:
    parts = read_bundle(saved)
    state = unpack(parts, "model")
    state["own"]["shape"] = [6, 7, 1]
    kept = {n: d for n, d in parts.items() if n != "model.json"}
    write_bundle(tmp_path / "odd.equipoise", kept | pack(state, "model"))
    with pytest.raises(BundleError, match=r"scorers/0/0.*in place of \(6, 7, 1\)"):
        load(tmp_path / "odd.equipoise")


def test_hashes_depend_on_values_shapes_and_types() -> None:
    x = np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]], np.float32)
    first, second, third = array_hashes(x)
    assert first == second != third
    assert array_hashes(x[:, :, None])[0] != first
    assert array_hashes(x.astype(np.float64))[0] != first
    assert array_hashes(np.asfortranarray(x))[0] == first
    assert array_hashes(x[::-1])[2] == first
    assert len(array_hashes(x[:0])) == 0


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float16", "float32"),
        ("float64", "float32"),
        ("uint8", "uint8"),
        ("int32", "int32"),
        ("int16", "int64"),
        ("bool", "bool"),
    ],
)
def test_types_that_networks_take(dtype: str, expected: str) -> None:
    own = UserInput.of(np.zeros((3, 2), dtype))
    assert own == UserInput((2,), expected)
    assert own.read(np.ones((1, 2), dtype)).dtype == expected
    assert UserInput.from_dict(own.to_dict()) == own


def test_texts_are_refused() -> None:
    with pytest.raises(InputTypeError, match="type <U1"):
        UserInput.of(np.array([["a"]]))
    with pytest.raises(InputError, match="shape"):
        UserInput.from_dict({"shape": [0], "dtype": "float32"})


def test_one_seed_gives_one_model(model: FittedModel) -> None:
    again = fitted(images(300, 0), seed=1)
    x, _ = images(30, 3)
    np.testing.assert_array_equal(again.log_odds(x), model.log_odds(x))
    assert dataclasses.replace(again.rule) == model.rule


def test_weights_are_copies_and_zero_is_absent() -> None:
    """Their equality in training is held in the learners' tests."""
    x, y = images(300, 5)
    weights = np.where(np.arange(300) % 5 == 0, 0.0, 1.0)
    found = fitted((x, y), weights=weights, strategy=["plain", "class_weight"])
    kept = weights > 0
    wanted = fitted(
        (x[kept], y[kept]), weights=np.ones(240), strategy=["plain", "class_weight"]
    )
    np.testing.assert_array_equal(found.predict_proba(x), wanted.predict_proba(x))
    assert found.facts["rows"] == 240
    assert any("All weights above 0 are equal" in note for note in found.notes)
    heavy = fitted((x, y), weights=np.where(y == "ill", 8.0, 1.0))
    plain = fitted((x, y), weights=np.ones(300))
    rise = heavy.log_odds(x).mean() - plain.log_odds(x).mean()
    assert rise == pytest.approx(np.log(8), abs=0.5)


def own_step() -> Any:
    import keras

    class Own(keras.Model):  # type: ignore[misc]  # keras is untyped
        """Not registered, with a training step and a layer that runs code."""

        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    inputs = keras.Input((6, 6, 1))
    twice = keras.layers.Lambda(lambda x: 2.0 * x)(inputs)
    logit = keras.layers.Dense(1)(keras.layers.Flatten()(twice))
    return Own(inputs, logit)


def test_a_network_that_keras_cannot_load_is_fitted_but_not_saved(
    tmp_path: Path,
) -> None:
    x, y = images(300, 0)
    training = TrainingSettings(epochs=1)
    model = fit((x, y), model=own_step, folds=2, repeats=1, training=training)
    assert np.ptp(model.predict_proba(x)[:, 1]) > 0
    (component,) = model.components
    scorers: Any = component.scorers
    assert not any(one.compiled for scorer in scorers for one in scorer.models)
    with pytest.raises(UnsupportedError, match="'Lambda'"):
        model.save(tmp_path / "m.equipoise")
    assert list(tmp_path.iterdir()) == []
    assert (model.export(tmp_path / "served") / "saved_model.pb").exists()


def test_layers_of_one_s_own_are_saved_and_loaded_where_they_are_known(
    tmp_path: Path,
) -> None:
    import keras

    class Twice(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
        def call(self, x: Any) -> Any:
            return 2.0 * x

    def twice() -> Any:
        layers = [Twice(), keras.layers.Flatten(), keras.layers.Dense(1)]
        return keras.Sequential(layers)  # without an input layer

    x, y = images(300, 0)
    training = TrainingSettings(epochs=1)
    model = fit((x, y), model=twice, folds=2, repeats=1, training=training)
    path = model.save(tmp_path / "m.equipoise")
    with pytest.raises(BundleError, match="custom_object_scope"):
        load(path)
    with keras.saving.custom_object_scope({"Twice": Twice}):
        again = load(path)
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))
