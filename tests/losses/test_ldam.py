# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
from scipy.special import log_softmax

from equipoise.losses import LDAM, ldam_loss, softmax_ldam_loss

Z = np.random.default_rng(4).normal(size=(6, 3)) * 2
COUNTS = np.array([5000.0, 500.0, 20.0])


def margins(counts: np.ndarray, most: float) -> np.ndarray:
    """As the authors' code: 1 / sqrt(sqrt(n)), scaled to the largest margin."""
    each = 1 / np.sqrt(np.sqrt(counts))
    return each * most / each.max()


def test_against_the_authors_recipe() -> None:
    labels = np.array([0, 1, 2, 2, 1, 0])
    lowered = Z.copy()
    lowered[range(6), labels] -= margins(COUNTS, 0.4)[labels]
    expected = -log_softmax(30 * lowered, axis=1)[range(6), labels]
    options = {"prior": COUNTS / COUNTS.sum(), "max_margin": 0.4, "scale": 30.0}
    values = softmax_ldam_loss(labels, Z, **options)
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)


def test_one_logit_is_the_difference_of_two() -> None:
    two = np.stack([np.zeros(6), Z[:, 0]], axis=1)
    for label in (0, 1):
        expected = softmax_ldam_loss([label] * 6, two, prior=[0.9, 0.1], scale=3.0)
        values = ldam_loss(np.full(6, float(label)), Z[:, 0], prior=0.1, scale=3.0)
        np.testing.assert_allclose(values, expected, rtol=1e-9)


def test_a_blend_has_the_blend_of_the_losses() -> None:
    prior = (COUNTS / COUNTS.sum()).tolist()
    one, other = (softmax_ldam_loss([c] * 6, Z, prior=prior) for c in (0, 2))
    blend = softmax_ldam_loss(np.tile([0.3, 0.0, 0.7], (6, 1)), Z, prior=prior)
    np.testing.assert_allclose(blend, 0.3 * one + 0.7 * other, rtol=1e-12)


def test_the_naive_softmax_of_a_margin_is_wrong() -> None:
    """At equal logits a class of a larger margin is the less probable one."""
    p = LDAM((COUNTS / COUNTS.sum()).tolist(), link="softmax").link(np.zeros((1, 3)))
    assert p[0, 0] > 1 / 3 > p[0, 2]
