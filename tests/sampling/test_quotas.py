# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.sampling import Quotas

RANDOM = np.random.default_rng(1)
LABELS = (RANDOM.random((300, 4)) < [0.4, 0.2, 0.05, 0.0]).astype(np.int8)
LABELS[7] = [1, -1, 0, 0]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_shares_of_classes_lie_between_even_and_natural(share):
    expected = share * np.array([1, 1, 0, 1]) / 3 + (1 - share) * np.array(
        [0.8, 0.15, 0, 0.05]
    )
    np.testing.assert_allclose(Quotas(share).prior([80, 15, 0, 5]), expected, atol=2e-6)


def test_no_batch_falls_below_a_label_quota():
    """A third of the quota's share for each of the three labels that rows have."""
    draw = Quotas(0.6).draw(LABELS, batch=100, steps=50, seed=2, epoch=1)
    counts = (LABELS[draw.index] == 1).sum(axis=1)
    assert counts[:, :3].min() >= 20 - 3
    assert counts[:, 3].max() == 0


def test_rates_are_the_mixture_by_brute_force():
    share, rates = 0.6, Quotas(0.6).rates(LABELS)
    expected = []
    for row in LABELS:
        rate = 1 - share
        for label in range(3):
            if row[label] == 1:
                rate += share / 3 * 300 / (LABELS[:, label] == 1).sum()
        expected.append(rate)
    np.testing.assert_allclose(rates, expected, rtol=1e-5)
    draw = Quotas(0.6).draw(LABELS, batch=100, steps=3000, seed=0, epoch=0)
    drawn = np.bincount(draw.index.ravel(), minlength=300) / 1000
    np.testing.assert_allclose(drawn, rates, atol=0.01)


def test_importance_gives_back_the_share_of_each_label():
    sampler = Quotas(0.8)
    index = sampler.draw(LABELS, batch=100, steps=3000, seed=0, epoch=0).index.ravel()
    weights = sampler.importance(LABELS)[index]
    shares = [(weights * (LABELS[index, k] == 1)).mean() for k in range(4)]
    np.testing.assert_allclose(shares, (LABELS == 1).mean(axis=0), atol=1e-3)


@pytest.mark.parametrize("share", [0, 1, 1.2])
def test_a_part_is_always_drawn_naturally(share):
    with pytest.raises(InputError, match="share"):
        Quotas(share)
