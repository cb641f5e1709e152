# SPDX-License-Identifier: Apache-2.0
"""The end of an exported model says what NumPy says, also at the extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.decision.calibrator import Calibrator
from equipoise.decision.class_calibrator import ClassCalibrator
from equipoise.decision.class_rule import ClassRule
from equipoise.ensembles.blend import mean_log_odds, pool
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


Made = Callable[..., Any]
TASKS = [("softmax", 3), ("softmax", 10), ("sigmoid", 4)]


@pytest.mark.parametrize("models", [1, 2, 5])
@pytest.mark.parametrize(("link", "width"), TASKS)
def test_the_mean_of_tasks_is_that_of_the_probabilities(
    link: Any, width: int, models: int, reloaded: Made, traced: Made
) -> None:
    """Also if a class is a thousand logits away, where its probability is 0."""
    from equipoise.export.layers import MeanLogOdds

    z = np.random.default_rng(0).normal(0, 5, (200, models, width))
    z[0], z[1], z[2] = 0.0, 1000 * np.eye(width)[0], -700 * np.eye(width)[1]
    layer = reloaded(MeanLogOdds(link=link), (models, width))
    expected = mean_log_odds(z.swapaxes(0, 1), link)
    for each in (layer, traced(layer)):
        scores = np.asarray(each(z))
        assert scores.shape == (200, width)
        np.testing.assert_allclose(scores, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("link", "width"), TASKS)
def test_the_pool_of_tasks_is_the_weighted_mean(
    link: Any, width: int, reloaded: Made
) -> None:
    from equipoise.export.layers import PooledLogOdds

    z = np.random.default_rng(1).normal(0, 300, (100, 3, width))
    shares = dict(zip("abc", [0.2, 0.5, 0.3], strict=True))
    layer = PooledLogOdds(list(shares.values()), link=link)
    expected = pool({name: z[:, j] for j, name in enumerate("abc")}, shares, link)
    scores = np.asarray(reloaded(layer, (3, width))(z))
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
    classes: int, method: str, scale: str, reloaded: Made, traced: Made
) -> None:
    from equipoise.export.layers import ClassCalibration, Probability

    calibrator = class_calibrator(classes, method, scale)
    z = class_logits(classes)
    z[3, 0], z[4, 1] = np.inf, -np.inf
    layer = reloaded(ClassCalibration(calibrator), (classes,))
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


def test_the_probabilities_of_classes_are_a_softmax(reloaded: Made) -> None:
    """Also of infinite logits, as `ClassRule.probability` takes them."""
    from equipoise.export.layers import Probability

    z = class_logits(10)
    z[3, 0], z[4, :9] = np.inf, -np.inf
    p = np.asarray(reloaded(Probability(link="softmax"), (10,))(z))
    expected = ClassRule(tuple("abcdefghij"), (1.0,) * 10).probability(z)
    np.testing.assert_allclose(p, expected, rtol=1e-12, atol=1e-15)
