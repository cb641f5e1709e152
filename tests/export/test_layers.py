# SPDX-License-Identifier: Apache-2.0
"""The end of an exported model says what NumPy says, also at the extremes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.decision.calibrator import Calibrator
from equipoise.decision.class_calibrator import ClassCalibrator
from equipoise.decision.class_floors import ClassFloor
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.rule import DecisionRule
from equipoise.ensembles.blend import mean_log_odds, pool
from equipoise.errors import InputError
from equipoise.priors import probability


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
    from equipoise.export.layers import CalibratedLogOdds

    z = np.linspace(-50, 50, 401)[:, None]
    found = CalibratedLogOdds(calibrator, 0.25)(z).numpy()
    np.testing.assert_allclose(found, calibrator.apply(z) + 0.25, rtol=1e-12, atol=1e-9)


def test_the_mean_is_that_of_the_probabilities() -> None:
    from equipoise.export.layers import MeanLogOdds

    z = np.random.default_rng(0).normal(0, 4, (200, 5))
    z[:4] = [[0.0] * 5, [800.0] * 5, [-800.0] * 5, [np.inf, -np.inf, 1.0, 2.0, 3.0]]
    found = MeanLogOdds()(z).numpy()[:, 0]
    np.testing.assert_allclose(found, mean_log_odds(z.T), rtol=1e-12, atol=1e-12)


def test_the_pool_is_the_weighted_mean_of_log_odds() -> None:
    from equipoise.export.layers import PooledLogOdds

    z = np.random.default_rng(1).normal(0, 300, (100, 3))
    shares = [0.2, 0.5, 0.3]
    found = PooledLogOdds(shares)(z).numpy()[:, 0]
    names = "abc"
    expected = pool(
        dict(zip(names, z.T, strict=True)), dict(zip(names, shares, strict=True))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_probabilities_stay_double() -> None:
    from equipoise.export.layers import Probability

    z = np.array([[-40.0], [0.0], [40.0]])
    found = Probability()(z).numpy()
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, probability(z), rtol=1e-12)


TASKS = [("softmax", 3), ("softmax", 10), ("sigmoid", 4)]


def reloaded(layer: Any, shape: tuple[int, ...], folder: Path) -> Any:
    """Return a model of one layer, from a `.keras` file."""
    import keras

    entry = keras.Input(shape, dtype="float64")
    output = layer(entry)
    model = keras.Model(entry, output)
    model.save(folder / "m.keras")
    again = keras.saving.load_model(folder / "m.keras", safe_mode=True)
    assert again.output.shape == output.shape
    assert again.output.dtype == output.dtype
    return again


def traced(layer: Any) -> Any:
    """Return a layer as a graph, whose optimiser may reorder what it computes."""
    import tensorflow as tf

    return tf.function(lambda x: layer(tf.convert_to_tensor(x)), autograph=False)


@pytest.mark.parametrize("models", [1, 2, 5])
@pytest.mark.parametrize(("link", "width"), TASKS)
def test_the_mean_of_tasks_is_that_of_the_probabilities(
    link: Any, width: int, models: int, tmp_path: Path
) -> None:
    """Also if a class is a thousand logits away, where its probability is 0."""
    from equipoise.export.layers import MeanLogOdds

    z = np.random.default_rng(0).normal(0, 5, (200, models, width))
    z[0], z[1], z[2] = 0.0, 1000 * np.eye(width)[0], -700 * np.eye(width)[1]
    layer = reloaded(MeanLogOdds(link=link), (models, width), tmp_path)
    expected = mean_log_odds(z.swapaxes(0, 1), link)
    for each in (layer, traced(layer)):
        scores = np.asarray(each(z))
        assert scores.shape == (200, width)
        np.testing.assert_allclose(scores, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("link", "width"), TASKS)
def test_the_pool_of_tasks_is_the_weighted_mean(
    link: Any, width: int, tmp_path: Path
) -> None:
    from equipoise.export.layers import PooledLogOdds

    z = np.random.default_rng(1).normal(0, 300, (100, 3, width))
    shares = dict(zip("abc", [0.2, 0.5, 0.3], strict=True))
    layer = PooledLogOdds(list(shares.values()), link=link)
    expected = pool({name: z[:, j] for j, name in enumerate("abc")}, shares, link)
    scores = np.asarray(reloaded(layer, (3, width), tmp_path)(z))
    np.testing.assert_allclose(scores, expected, rtol=1e-12, atol=1e-10)


def test_configurations_of_two_classes_are_as_ever() -> None:
    from equipoise.export.layers import MeanLogOdds, PooledLogOdds, Probability

    assert MeanLogOdds("m").get_config() == {"name": "m"}
    assert Probability("p").get_config() == {"name": "p"}
    pooled = PooledLogOdds([1.0], "w").get_config()
    assert pooled == {"name": "w", "shares": [1.0]}


def class_logits(classes: int, rows: int = 400) -> np.ndarray:
    z = np.random.default_rng(classes).normal(0, 4, (rows, classes))
    z[0], z[1] = 0.0, 400 * np.eye(classes)[0]
    z[2] = -400 * np.eye(classes)[1]
    return z


def class_calibrator(classes: int, method: Any, scale: Any = "log_probability") -> Any:
    random = np.random.default_rng(classes)
    one = method == "temperature"
    slopes = np.full(classes, 0.7) if one else random.uniform(0.5, 1.5, classes)
    rates = random.dirichlet(np.ones(classes))
    return ClassCalibrator(
        method,
        tuple(slopes.tolist()),
        tuple(random.normal(size=classes).tolist()),
        scale,
        0.0 if one else 0.003,
        tuple(rates.tolist()),
    )


@pytest.mark.parametrize("scale", ["log_probability", "centred"])
@pytest.mark.parametrize("method", ["temperature", "shifts", "vector"])
@pytest.mark.parametrize("classes", [3, 10])
def test_every_class_calibrator_is_in_the_graph(
    classes: int, method: str, scale: str, tmp_path: Path
) -> None:
    from equipoise.export.layers import ClassCalibration, Probability

    calibrator = class_calibrator(classes, method, scale)
    z = class_logits(classes)
    z[3, 0], z[4, 1] = np.inf, -np.inf
    layer = reloaded(ClassCalibration(calibrator), (classes,), tmp_path)
    expected = calibrator.apply(z)
    share = Probability(link="softmax")
    for each in (layer, traced(layer)):
        logits = each(z)
        np.testing.assert_allclose(np.asarray(logits), expected, rtol=1e-9, atol=1e-9)
        p = np.asarray(share(logits))
        np.testing.assert_allclose(p, calibrator.probability(z), rtol=0, atol=1e-12)


def test_uncalibrated_classes_pass_as_they_are() -> None:
    from equipoise.export.layers import ClassCalibration

    z = class_logits(3)
    logits = np.asarray(ClassCalibration(ClassCalibrator())(z))
    np.testing.assert_array_equal(logits, z)


def test_the_probabilities_of_classes_are_a_softmax(tmp_path: Path) -> None:
    """Also of infinite logits, as `ClassRule.probability` takes them."""
    from equipoise.export.layers import Probability

    z = class_logits(10)
    z[3, 0], z[4, :9] = np.inf, -np.inf
    p = np.asarray(reloaded(Probability(link="softmax"), (10,), tmp_path)(z))
    expected = ClassRule(tuple("abcdefghij"), (1.0,) * 10).probability(z)
    np.testing.assert_allclose(p, expected, rtol=1e-12, atol=1e-15)


def class_rule(classes: int, kind: str) -> ClassRule:
    names = tuple(f"class {k}" for k in range(classes))
    random = np.random.default_rng(classes)
    if kind in ("costs", "abstaining"):
        table = random.uniform(0.5, 5, (classes, classes))
        np.fill_diagonal(table, 0.0)
        rows = tuple(map(tuple, table.tolist()))
        least = 0.8 if kind == "abstaining" else None
        return ClassRule(names, costs=CostMatrix(names, rows, least))
    multipliers = tuple(random.uniform(0.5, 4, classes).tolist())
    floors = {
        "multipliers": (),
        "recall": (ClassFloor(names[1], -1.5, recall=0.9),),
        "precision": (ClassFloor(names[0], 1.0, precision=0.8),),
        "several": (
            ClassFloor(names[2], -1.0, recall=0.9),
            ClassFloor(names[1], 0.3, recall=0.7, precision=0.6),
            ClassFloor(names[0], math.inf, precision=0.9),
        ),
        "all strict": tuple(ClassFloor(n, 0.5, precision=0.5) for n in names),
        "always": (ClassFloor(names[1], -math.inf, recall=1.0),),
    }[kind]
    return ClassRule(names, multipliers, floors=floors)


@pytest.mark.parametrize(
    "kind",
    [
        *("multipliers", "costs", "abstaining", "recall", "precision", "several"),
        *("all strict", "always"),
    ],
)
@pytest.mark.parametrize("classes", [3, 10])
def test_the_decision_among_classes_is_in_the_graph(
    classes: int, kind: str, tmp_path: Path
) -> None:
    from equipoise.export.layers import ClassDecision

    rule = class_rule(classes, kind)
    p = np.random.default_rng(0).dirichlet(np.full(classes, 0.4), 5_000)
    p[:classes], p[classes] = np.eye(classes), 1 / classes
    decisions = rule.decide(p)
    assert len(np.unique(decisions)) > 1 or kind == "always"
    layer = reloaded(ClassDecision(rule), (classes,), tmp_path)
    for each in (layer, traced(layer)):
        by_graph = np.asarray(each(p))
        assert by_graph.dtype == np.int32
        np.testing.assert_array_equal(by_graph, decisions)


def test_the_first_of_equal_classes_is_decided_and_nan_is_undecided() -> None:
    from equipoise.export.layers import ClassDecision

    layer = ClassDecision(ClassRule(("a", "b", "c"), (1.0, 1.0, 1.0)))
    p = np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [np.nan, 0.5, 0.5]])
    assert np.asarray(layer(p)).tolist() == [0, 1, -1]


def test_a_rule_of_other_classes_is_refused() -> None:
    from equipoise.export.layers import (
        ClassCalibration,
        ClassDecision,
        LabelCalibration,
        LabelDecision,
    )

    wrong = np.zeros((2, 4))
    classes, labels = class_rule(3, "multipliers"), label_rule()
    labels = LabelRule(labels.labels[:3], labels.rules[:3])
    for layer in (
        ClassDecision(classes),
        ClassCalibration(class_calibrator(3, "vector")),
    ):
        with pytest.raises(InputError, match=r"shape \(2, 4\) for 3 classes"):
            layer(wrong)
    for layer in (LabelCalibration(labels), LabelDecision(labels)):
        with pytest.raises(InputError, match=r"shape \(2, 4\) for 3 labels"):
            layer(wrong)


def label_rule() -> LabelRule:
    """Four labels: a bounded line, a curve, none at all, all undecided."""
    line = Calibrator(
        "platt",
        slope=0.7,
        intercept=0.3,
        smoothing=0.002,
        base_rate=0.1,
        support=(-8.0, 6.0),
        bounds=(-9.0, 7.0),
    )
    curve = Calibrator("isotonic", knots=(-3.0, -1.0, 0.5), levels=(-4.0, -0.5, 2.0))
    rules = (
        DecisionRule(-1.0, calibrator=line, offset=0.25),
        DecisionRule(0.1, lower=-2.0, calibrator=curve),
        DecisionRule(math.inf),
        DecisionRule(1.0, lower=-math.inf, offset=-0.5),
    )
    return LabelRule(("a", "b", "c", "d"), rules)


def test_labels_are_calibrated_and_decided_in_the_graph(tmp_path: Path) -> None:
    from equipoise.export.layers import LabelCalibration, LabelDecision

    rule = label_rule()
    z = np.random.default_rng(0).normal(0, 5, (2_000, 4))
    z[0], z[1] = 50.0, -50.0
    calibration = reloaded(LabelCalibration(rule), (4,), tmp_path)
    decision = reloaded(LabelDecision(rule), (4,), tmp_path)
    expected, decisions = rule.log_odds(z), rule.decide_scores(z)
    assert set(decisions[:, 1].tolist()) == {-1, 0, 1}
    assert set(decisions[:, 2].tolist()) == {0}
    for calibrate, decide in (
        (calibration, decision),
        (traced(calibration), traced(decision)),
    ):
        odds = np.asarray(calibrate(z))
        np.testing.assert_allclose(odds, expected, rtol=1e-12, atol=1e-9)
        np.testing.assert_array_equal(np.asarray(decide(odds)), decisions)


def test_labels_without_undecided_rows() -> None:
    from equipoise.export.layers import LabelDecision

    rule = LabelRule(("a", "b"), (DecisionRule(0.0), DecisionRule(-math.inf)))
    z = np.array([[-0.1, -9.0], [0.0, 3.0]])
    assert np.asarray(LabelDecision(rule)(z)).tolist() == [[0, 1], [1, 1]]
    assert rule.decide_scores(z).tolist() == [[0, 1], [1, 1]]
