# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from equipoise.losses import (
    VectorScaling,
    logit_adjusted_loss,
    softmax_vector_scaling_loss,
    vector_scaling_loss,
)

Z = np.random.default_rng(4).normal(size=(5, 3)) * 3


def test_against_the_formula_of_two_classes() -> None:
    """Kini et al. (2021), equation 5: log(1 + exp(i_y) exp(-d_y y z))."""
    z, gamma, tau, prior = Z[:, 0], 0.3, 0.8, 0.05
    counts = {1: prior, -1: 1 - prior}
    for y in (1, -1):
        slope = (counts[y] / max(counts.values())) ** gamma
        shift = -y * tau * np.log(prior / (1 - prior))
        expected = np.log1p(np.exp(shift - slope * y * z))
        values = vector_scaling_loss(
            np.full(5, float(y > 0)), z, prior=prior, tau=tau, gamma=gamma
        )
        np.testing.assert_allclose(values, expected, rtol=1e-10)


def test_against_the_formula_of_several_classes() -> None:
    prior, labels = np.array([0.7, 0.2, 0.1]), np.array([0, 1, 2, 2, 0])
    scaled = Z * (prior / 0.7) ** 0.2 + 1.2 * np.log(prior)
    values = softmax_vector_scaling_loss(labels, Z, prior=prior, tau=1.2, gamma=0.2)
    expected = -log_softmax(scaled, axis=1)[range(5), labels]
    np.testing.assert_allclose(values, expected, rtol=1e-10)


def test_without_slopes_it_is_the_logit_adjustment() -> None:
    t = np.array([1.0, 0, 0.5, 1, 0])
    values = vector_scaling_loss(t, Z[:, 1], prior=0.2, tau=0.7, gamma=0.0)
    expected = logit_adjusted_loss(t, Z[:, 1], prior=0.2, tau=0.7)
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_a_prior_of_the_common_class() -> None:
    """If positives are the larger class, the negatives are scaled."""
    mirrored = vector_scaling_loss(np.zeros(5), -Z[:, 0], prior=0.9)
    values = vector_scaling_loss(np.ones(5), Z[:, 0], prior=0.1)
    np.testing.assert_allclose(values, mirrored, rtol=1e-10)
    assert VectorScaling(prior=0.1).options["gamma"] == pytest.approx(0.3)
