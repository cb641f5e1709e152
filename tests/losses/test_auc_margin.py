# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

from equipoise.losses import auc_margin_loss

RANDOM = np.random.default_rng(0)
TARGETS = (np.arange(40) % 4 == 0).astype(float)
LOGITS = RANDOM.normal(size=40) + TARGETS


@pytest.mark.parametrize("margin", [0.1, 1.0, 2.0])
def test_against_moments_of_the_classes(margin):
    h = expit(LOGITS)
    positive, negative = h[TARGETS == 1], h[TARGETS == 0]
    gap = max(margin + negative.mean() - positive.mean(), 0)
    expected = positive.var() + negative.var() + gap**2
    found = float(auc_margin_loss(TARGETS, LOGITS, margin=margin))
    assert found == pytest.approx(expected)


def test_against_the_saddle_point_of_the_min_max_form():
    h = expit(LOGITS)
    positive, negative = h[TARGETS == 1], h[TARGETS == 0]

    def inner(ab):
        a, b = ab
        pull = 1.0 + negative.mean() - positive.mean()
        worst = minimize_scalar(
            lambda s: -(2 * s * pull - s**2), bounds=(0, 10), method="bounded"
        )
        apart = ((positive - a) ** 2).mean() + ((negative - b) ** 2).mean()
        return apart - worst.fun

    found = float(auc_margin_loss(TARGETS, LOGITS))
    assert found == pytest.approx(minimize(inner, [0.5, 0.5]).fun, rel=1e-5)


def test_it_is_not_the_misplaced_parenthesis():
    """With the share of negatives on E-(h) the value would be another."""
    h = expit(LOGITS)
    positive, negative = h[TARGETS == 1], h[TARGETS == 0]
    misplaced = max(1 + 0.75 * negative.mean() - positive.mean(), 0)
    wrong = positive.var() + negative.var() + misplaced**2
    assert abs(float(auc_margin_loss(TARGETS, LOGITS)) - wrong) > 0.1


def test_weighted_moments():
    weights = RANDOM.integers(0, 3, 40).astype(float)
    h = expit(LOGITS)
    mean, variance = {}, {}
    for c in (0, 1):
        w = weights * (c == TARGETS)
        mean[c] = np.average(h, weights=w)
        variance[c] = np.average((h - mean[c]) ** 2, weights=w)
    expected = variance[0] + variance[1] + (1 + mean[0] - mean[1]) ** 2
    found = float(auc_margin_loss(TARGETS, LOGITS, weights))
    assert found == pytest.approx(expected)


def test_margins_of_each_member():
    found = auc_margin_loss(
        np.tile(TARGETS, (2, 1)), np.tile(LOGITS, (2, 1)), margin=np.array([0.3, 1.0])
    )
    for i, margin in enumerate((0.3, 1.0)):
        alone = float(auc_margin_loss(TARGETS, LOGITS, margin=margin))
        assert float(found[i]) == pytest.approx(alone)
