# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
from scipy import stats

from equipoise.sampling.noise import Noise


def noise(seed=7, groups=1):
    of = np.arange(100, dtype=np.int32) % groups
    return Noise(seed, of, np.full(groups, 0.5, np.float32))


def test_numbers_are_normal_and_independent():
    each = noise().normals(np.arange(20_000), 6)
    assert each.dtype == np.float32
    assert np.isfinite(each).all()
    assert stats.kstest(each.ravel(), "norm").pvalue > 1e-4
    for column in range(6):
        assert stats.kstest(each[:, column], "norm").pvalue > 1e-4
    assert np.abs(np.corrcoef(each.T) - np.eye(6)).max() < 0.03
    # neighbouring examples, and their squares
    for power in (1, 2):
        a, b = each[:-1] ** power, each[1:] ** power
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.015


def test_seeds_are_streams_of_their_own():
    one, other = (noise(seed).normals(np.arange(5000), 2) for seed in (1, 2))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.04
    apart = noise(1).normals(np.arange(3000, 5000), 2)
    np.testing.assert_array_equal(one[3000:], apart)


def test_deviations_are_by_group_and_none_for_two_values():
    values = np.random.default_rng(0).normal(size=(100, 2, 2))
    values[:, 0, 0] = np.arange(100) % 4 > 1
    wide = noise(groups=2).deviations(values)
    assert wide.shape == (2, 2, 2)
    assert (wide[:, 0, 0] == 0).all()
    for group in range(2):
        expected = 0.5 * values[group::2].std(axis=0)
        np.testing.assert_allclose(wide[group].ravel()[1:], expected.ravel()[1:])


def test_only_made_examples_of_a_group_get_noise():
    of = np.array([0, -1, 0], np.int32)
    some = Noise(3, of, np.ones(1, np.float32))
    x = np.array([[1.0], [2.0], [4.0]])
    wide = np.array([[1.0]])
    index, mix = np.array([0, 1, 2, 0]), np.array([1.0, 1.0, 0.0, 1.0])
    made = some.added(x[index], index, mix, wide)
    assert (made[[1, 2], 0] == [2.0, 4.0]).all()
    assert (made[[0, 3], 0] != 1.0).all()
    assert made[0, 0] != made[3, 0]
    later = some.added(x[index[3:]], index[3:], mix[3:], wide, first=3)
    np.testing.assert_array_equal(later, made[3:])
