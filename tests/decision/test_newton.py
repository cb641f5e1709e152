# SPDX-License-Identifier: Apache-2.0
"""The regression under calibration: against scikit-learn, from far away."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from equipoise.decision.newton import fit_logistic


@pytest.mark.parametrize("start", [[0.0, 0.0], [30.0, -30.0], [-50.0, 5.0]])
def test_it_finds_the_minimum_from_anywhere(start) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = (rng.random(400) < 1 / (1 + np.exp(2 - 1.5 * x))).astype(float)
    w = rng.uniform(0, 3, 400)
    got = fit_logistic(np.stack([x, np.ones(400)], 1), y, w, start=start)
    reference = LogisticRegression(C=1e12, tol=1e-10, max_iter=500)
    reference.fit(x[:, None], y, sample_weight=w)
    expected = [reference.coef_[0, 0], reference.intercept_[0]]
    np.testing.assert_allclose(got.coefficients, expected, atol=1e-5)


def test_the_information_is_the_second_derivative_of_the_loss() -> None:
    rng = np.random.default_rng(1)
    x, y, w = rng.normal(size=50), rng.integers(0, 2, 50).astype(float), np.ones(50)
    got = fit_logistic(x[:, None], y, w, 0.3)

    def loss(c: float) -> float:
        z = c * x + 0.3
        return float(np.sum(np.logaddexp(0, z) - y * z))

    c, h = float(got.coefficients[0]), 1e-3
    second = (loss(c + h) - 2 * loss(c) + loss(c - h)) / h**2
    assert got.information[0, 0] == pytest.approx(second, rel=1e-4)
    assert got.loss == pytest.approx(loss(c))
