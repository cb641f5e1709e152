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
    rule = dataclasses.replace(
        network.rule, threshold_log_odds=float(high), lower_log_odds=float(low)
    )
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


TASKS = [("multiclass", 3), ("multiclass", 10), ("multilabel", 4)]


@pytest.fixture(scope="module")
def task_models(
    make_task_table: Callable[..., Any],
) -> Callable[..., tuple[Any, Any, Any]]:
    """A function that fits every learner with layers, two folds each, and a rule."""
    fitted: dict[Any, Any] = {}

    def make(kind: str, width: int, numeric: bool = False) -> tuple[Any, Any, Any]:
        key = kind, width, numeric
        if key not in fitted:
            fitted[key] = task_model(make_task_table(width, kind), numeric)
        return fitted[key]

    return make


def task_model(table: Any, numeric: bool) -> tuple[Any, Any, Any]:
    """Return a model, the scores that it pools by task, and its rule."""
    from equipoise.decision.class_calibration import fit_class_calibrator
    from equipoise.decision.class_rule_making import fit_class_rule
    from equipoise.decision.label_rule_making import fit_label_rule
    from equipoise.ensembles.blend import mean_log_odds, pool
    from equipoise.jobs import Job
    from equipoise.learners.linear.logistic import LogisticLearner
    from equipoise.learners.network import NetworkLearner
    from equipoise.learners.trees.extra import ExtraTreesLearner
    from equipoise.learners.trees.histogram import TreesLearner
    from equipoise.models.model import Component, ModelRecord
    from equipoise.training.settings import TrainingSettings

    if numeric:
        table = dataclasses.replace(table, columns=table.columns[:3])
    learners = {
        "logistic": LogisticLearner(strengths=(0.1,)),
        "trees": TreesLearner(most_trees=10, members=2),
        "extra_trees": ExtraTreesLearner(trees=24, leaves=(3, 10)),
        "network": NetworkLearner("small", TrainingSettings(batch=64, epochs=2)),
    }
    order = np.random.default_rng(0).permutation(len(table))
    components = []
    for (name, learner), weight in zip(
        learners.items(), [0.1, 0.4, 0.3, 0.2], strict=True
    ):
        strategy = Strategy(learner=name)
        jobs = [
            Job(strategy, *(np.sort(p) for p in (one[80:], one[:80], one[:40])), k, k)
            for k, one in enumerate((order[:300], order[100:]))
        ]
        scorers = [o.scorer for o in learner.run(table, jobs, keep=True)]
        components.append(Component(strategy, weight, tuple(scorers)))

    def scores_of(rows: Any) -> np.ndarray:
        link = table.task.link
        each = {
            c.strategy.learner: mean_log_odds(c.each(rows), link) for c in components
        }
        return pool(each, {c.strategy.learner: c.weight for c in components}, link)

    scores, y = scores_of(table), table.labels()
    calibrator: Any = fit_class_calibrator(table.task, scores, y, exact=False)
    p = calibrator.probability(scores)
    making = fit_class_rule if table.task.kind == "multiclass" else fit_label_rule
    rule = making("macro_f1", table.task, p, y, calibrator=calibrator)
    schema = table.take(np.arange(0))
    record: Any = ModelRecord(
        schema, tuple(components), rule, None, {}, np.empty(0, np.uint64)
    )
    return record, scores_of, rule


# Keras itself meets NumPy's new keyword when it writes variables.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("kind", "width"), TASKS)
def test_classes_and_labels_are_served_from_raw_columns(
    kind: str,
    width: int,
    task_models: Callable[..., Any],
    make_task_table: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """All learners, averaged; missing values and an unseen category too."""
    import keras
    import tensorflow as tf

    from equipoise.export.keras import serving, signature_of

    model, scores_of, rule = task_models(kind, width)
    rows = make_task_table(width, kind, seed=5, unseen=True)
    scores, raw = scores_of(rows), tensors(rows.raw())
    twin = keras_model(model, output="log_odds")
    assert twin.output.shape == (None, width)
    expected = rule.probability(scores)
    probabilities = keras_model(model)
    np.testing.assert_allclose(probabilities(raw), expected, rtol=0, atol=1e-5)
    probabilities.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_array_equal(again(raw), probabilities(raw))
    archive = keras.export.ExportArchive()
    archive.track(twin)
    archive.add_endpoint(
        "serve", serving(twin, rule), input_signature=[signature_of(twin)]
    )
    archive.write_out(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(tmp_path / "saved").signatures["serve"](**raw)
    p, decisions = (served[name].numpy() for name in ("probability", "decision"))
    np.testing.assert_allclose(p, expected, rtol=0, atol=1e-5)
    assert decisions.shape == rule.decide_scores(scores).shape
    # The graph decides on its own probabilities, which differ in the last digits.
    np.testing.assert_array_equal(decisions, decided(rule, p))


def decided(rule: Any, p: np.ndarray) -> np.ndarray:
    """The decisions of a rule on probabilities that have been calibrated."""
    return np.asarray(rule.decide(p))


@pytest.mark.parametrize(("kind", "width"), [("multiclass", 3), ("multilabel", 4)])
def test_classes_and_labels_are_served_by_another_runtime(
    kind: str,
    width: int,
    task_models: Callable[..., Any],
    make_task_table: Callable[..., Any],
) -> None:
    import tensorflow as tf

    from equipoise.export import onnx as module
    from equipoise.export.keras import serving, signature_of

    tf2onnx = pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    model, scores_of, rule = task_models(kind, width, True)
    twin = keras_model(model, output="log_odds")
    serve = serving(twin, rule)
    names, signature = zip(*signature_of(twin).items(), strict=True)
    traced = tf.function(
        lambda *columns: serve(dict(zip(names, columns, strict=True))),
        input_signature=signature,
    )
    with module._unlogged():
        proto, _ = tf2onnx.convert.from_function(
            traced,
            input_signature=list(signature),
            opset=module.OPSET,
            custom_op_handlers=module.HANDLERS,
        )
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    table = make_task_table(width, kind, seed=5)
    rows = dataclasses.replace(table, columns=table.columns[:3])
    for part in (rows, rows.take(np.arange(1))):
        p, decisions = session.run(["probability", "decision"], part.raw())
        expected = rule.probability(scores_of(part))
        np.testing.assert_allclose(p, expected, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(decisions, decided(rule, p))


@pytest.mark.parametrize(("kind", "width"), TASKS)
def test_a_network_of_the_user_s_has_an_output_per_class(kind: str, width: int) -> None:
    import keras

    from equipoise.ensembles.blend import mean_log_odds
    from equipoise.export.keras import component_scores
    from equipoise.learners.user_model.input import ArrayRows, UserInput
    from equipoise.learners.user_model.model import UserModelScorer
    from equipoise.models.model import Component
    from equipoise.priors import Correction
    from equipoise.task import Task

    link = Task(kind, tuple("abcdefghij"[:width])).link
    random = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    offset = tuple(random.normal(size=width).tolist())
    scorers = [
        UserModelScorer(
            tuple(
                keras.Sequential([keras.Input((5,)), keras.layers.Dense(width)])
                for _ in range(models)
            ),
            Correction("focal", offset, 2.0, link=link),
        )
        for models in (1, 2)
    ]
    x = random.normal(size=(30, 5)).astype(np.float32)
    for chosen in (scorers[:1], scorers):
        user_input = UserInput((5,), "float32")
        component = Component(Strategy(), 1.0, tuple(chosen), user_input)
        entry = keras.Input((5,), name="x")
        scores = component_scores(component, {"x": entry}, "mine-0", link)
        assert scores.shape == (None, width)
        expected = mean_log_odds(component.each(ArrayRows(x)), link)
        layers = np.asarray(keras.Model(entry, scores)(x))
        np.testing.assert_allclose(layers, expected, rtol=0, atol=2e-5)
