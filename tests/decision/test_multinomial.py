# SPDX-License-Identifier: Apache-2.0
"""The scaling of a softmax equals SciPy's minimum of the same loss."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from equipoise.decision.multinomial import ScalingPrior, fit_scaling


def problem(seed: int, rows: int, classes: int, scale: float = 1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    x = scale * (1.5 * np.eye(classes)[y] + rng.normal(size=(rows, classes)))
    return x, y, rng.random(rows) + 0.1, rng.normal(size=classes)


def loss(theta, x, y, w, offset, targets, prior):
    own, shifted = np.flatnonzero(prior.own_slope), np.flatnonzero(prior.shift)
    slopes, shifts = np.full(x.shape[1], theta[0]), np.zeros(x.shape[1])
    slopes[own] += theta[1 : 1 + own.size]
    shifts[shifted] = theta[1 + own.size :]
    z = offset + slopes * x + shifts
    log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    data = -float(w @ (targets[y] * log_p).sum(axis=1))
    return (
        data
        + prior.slope_precision * (theta[0] - prior.slope_mean) ** 2 / 2
        + prior.own_precision * (theta[1 : 1 + own.size] ** 2).sum() / 2
        + prior.shift_precision * (theta[1 + own.size :] ** 2).sum() / 2
    )


@pytest.mark.parametrize(
    ("own", "shift"),
    [
        ([0, 0, 0, 0], [0, 0, 0, 0]),
        ([0, 0, 0, 0], [1, 1, 1, 1]),
        ([1, 0, 1, 1], [1, 1, 0, 1]),
        ([1, 1, 1, 1], [1, 1, 1, 1]),
    ],
)
@pytest.mark.parametrize("scale", [0.3, 4.0])
def test_the_fit_is_the_minimum(own, shift, scale) -> None:
    x, y, w, offset = problem(3, 150, 4, scale)
    prior = ScalingPrior(
        1.0, 0.25, np.array(own, bool), 16.0, np.array(shift, bool), 4.0
    )
    targets = 0.9 * np.eye(4) + 0.025
    fit = fit_scaling(x, y, w, offset, targets, prior)
    arguments = (x, y, w, offset, targets, prior)
    start = np.zeros(1 + sum(own) + sum(shift))
    reference = minimize(
        loss, start, arguments, method="BFGS", options={"gtol": 1e-7, "maxiter": 2000}
    )
    assert fit.loss == pytest.approx(reference.fun, rel=1e-8)
    slopes = np.full(4, reference.x[0])
    slopes[np.flatnonzero(own)] += reference.x[1 : 1 + sum(own)]
    assert fit.slopes == pytest.approx(slopes, abs=2e-4)
    shifts = np.zeros(4)
    shifts[np.flatnonzero(shift)] = reference.x[1 + sum(own) :]
    assert fit.shifts == pytest.approx(shifts, abs=2e-4)


def test_separable_classes_and_absent_ones_have_a_minimum() -> None:
    y = np.repeat([0, 1, 2], 20)
    x = 30.0 * np.eye(4)[y] - 15
    on = np.ones(4, bool)
    prior = ScalingPrior(1.0, 0.25, on, 16.0, on, 4.0)
    fit = fit_scaling(x, y, np.ones(60), np.zeros(4), np.eye(4), prior)
    assert np.isfinite([*fit.slopes, *fit.shifts, fit.loss]).all()
    assert fit.slopes == pytest.approx(1.0, abs=0.1)


def test_weights_are_copies() -> None:
    x, y, _, offset = problem(5, 40, 3)
    on = np.ones(3, bool)
    prior = ScalingPrior(1.0, 0.25, on, 16.0, on, 4.0)
    w = np.arange(40) % 3
    weighted = fit_scaling(x, y, w.astype(float), offset, np.eye(3), prior)
    rows = np.repeat(np.arange(40), w)
    copies = fit_scaling(x[rows], y[rows], np.ones(len(rows)), offset, np.eye(3), prior)
    assert weighted.slopes == pytest.approx(copies.slopes)
    assert weighted.shifts == pytest.approx(copies.shifts)
