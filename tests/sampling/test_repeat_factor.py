# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.sampling import RepeatFactor


def test_the_formula():
    factors = RepeatFactor(0.001).factors([9_000, 999, 1])
    assert factors.tolist() == pytest.approx([1, 1, math.sqrt(0.001 / 0.0001)])
    assert RepeatFactor(1.0).factors([0, 1, 3]).tolist() == [1, 2, math.sqrt(4 / 3)]


def test_classes_have_rows_times_factors():
    shares = RepeatFactor(0.2).prior([80, 15, 5])
    weights = np.array([80, 15 * math.sqrt(0.2 / 0.15), 5 * 2])
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=2e-6)
    two = RepeatFactor(0.4).prior([90, 10])
    np.testing.assert_allclose(two, [90 / 110, 20 / 110], atol=2e-6)


def test_rows_of_labels_have_the_largest_factor_by_brute_force():
    random = np.random.default_rng(0)
    labels = (random.random((400, 5)) < [0.5, 0.3, 0.1, 0.02, 0]).astype(float)
    labels[3, 3] = np.nan  # taken as absent
    sampler = RepeatFactor(0.25)
    expected = []
    for row in labels:
        factor = 1.0
        for label in range(5):
            share = (labels[:, label] == 1).mean()
            if row[label] == 1:
                factor = max(factor, math.sqrt(0.25 / share))
        expected.append(factor)
    np.testing.assert_allclose(sampler.row_factors(labels), expected)
    rates = sampler.rates(labels)
    np.testing.assert_allclose(rates, expected / np.mean(expected), rtol=1e-4)
    draw = sampler.draw(labels, batch=100, steps=4000, seed=0, epoch=0)
    drawn = np.bincount(draw.index.ravel(), minlength=400) / 1000
    np.testing.assert_allclose(drawn, rates, atol=0.01)


def test_a_threshold_below_all_shares_changes_nothing():
    sampler = RepeatFactor(0.01)
    np.testing.assert_allclose(sampler.prior([90, 10]), [0.9, 0.1])
    np.testing.assert_allclose(sampler.rates([[0, 1]] * 5), 1)


@pytest.mark.parametrize("threshold", [0, -1, 1.5, math.nan])
def test_thresholds_are_shares(threshold):
    with pytest.raises(InputError, match="threshold"):
        RepeatFactor(threshold)
