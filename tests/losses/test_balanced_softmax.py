# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, softmax

from equipoise.losses import (
    BalancedSoftmax,
    balanced_softmax_loss,
    softmax_balanced_softmax_loss,
)

Z = np.random.default_rng(4).normal(size=(5, 4)) * 3
COUNTS = np.array([700, 200, 90, 10])


def test_against_the_formula() -> None:
    """Ren et al. (2020), equation 4: n_y exp(z_y) over the sum of n_k exp(z_k)."""
    labels = np.array([0, 1, 2, 3, 3])
    mass = COUNTS * np.exp(Z)
    expected = -np.log(mass[range(5), labels] / mass.sum(axis=1))
    values = softmax_balanced_softmax_loss(labels, Z, prior=COUNTS / COUNTS.sum())
    np.testing.assert_allclose(values, expected, rtol=1e-10)


def test_two_classes_are_two_logits_of_which_one_is_0() -> None:
    two = np.stack([np.zeros(5), Z[:, 0]], axis=1) + np.log([0.8, 0.2])
    values = balanced_softmax_loss(np.ones(5), Z[:, 0], prior=0.2)
    np.testing.assert_allclose(values, -log_softmax(two, axis=1)[:, 1], rtol=1e-10)


def test_its_link_puts_the_prior_back() -> None:
    loss = BalancedSoftmax((COUNTS / 1000).tolist(), link="softmax")
    np.testing.assert_allclose(loss.link(Z), softmax(Z + np.log(COUNTS), axis=1))
