# SPDX-License-Identifier: Apache-2.0
"""The end of an exported model says what NumPy says, also at the extremes."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision.calibrator import Calibrator
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
