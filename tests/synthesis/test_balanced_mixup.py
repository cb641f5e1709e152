# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.sampling import Natural
from equipoise.sampling.label_groups import label_groups
from equipoise.synthesis import BalancedMixup

Y = np.repeat([0, 1, 2], [300, 60, 15])
EPOCH = {"batch": 45, "steps": 200, "seed": 0, "epoch": 0}


def mixed(a, y=Y, epoch=0):
    mixup = BalancedMixup(a)
    near = mixup.prepare(np.zeros((len(y), 1)), None, y, 0)
    return mixup.mix(Natural().draw(y, **EPOCH), near, y, 0, epoch)


@pytest.mark.parametrize("a", [0.3, 1.0, 3.0])
def test_mixes_follow_beta_and_partners_are_even(a):
    draw = mixed(a)
    assert stats.kstest(draw.mix.ravel(), stats.beta(a, 1).cdf).pvalue > 1e-4
    shares = np.bincount(Y[draw.partner].ravel()) / draw.index.size
    np.testing.assert_allclose(shares, 1 / 3, atol=0.01)
    # the two are drawn independently
    table = np.zeros((3, 3))
    np.add.at(table, (Y[draw.index].ravel(), Y[draw.partner].ravel()), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-4


@pytest.mark.parametrize("a", [0.2, 1.0])
def test_targets_are_evened_out_by_the_mean_mix(a):
    targets = mixed(a).targets(Y, classes=3).mean(axis=(0, 1))
    mean = a / (a + 1)
    expected = (1 - mean) * np.bincount(Y) / len(Y) + mean / 3
    np.testing.assert_allclose(targets, expected, atol=0.01)


def test_labels_are_drawn_by_their_rarest():
    random = np.random.default_rng(0)
    y = (random.random((300, 3)) < [0.6, 0.2, 0.03]).astype(np.int8)
    draw = mixed(0.5, y)
    groups = label_groups(y)
    shares = [np.isin(draw.partner, rows).mean() for rows in groups]
    np.testing.assert_allclose(shares, 1 / len(groups), atol=0.01)
    targets = draw.targets(y)
    expected = y[draw.index] + draw.mix[..., None] * (
        y[draw.partner].astype(float) - y[draw.index]
    )
    np.testing.assert_allclose(targets, expected, atol=1e-6)


def test_epochs_differ():
    assert (mixed(0.5).partner != mixed(0.5, epoch=1).partner).any()
