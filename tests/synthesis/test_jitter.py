# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from scipy import stats

from equipoise.errors import InputError
from equipoise.sampling import make_sampler
from equipoise.sampling.label_groups import label_groups
from equipoise.synthesis import Jitter
from equipoise.synthesis.jitter import bandwidth

RANDOM = np.random.default_rng(3)
Y = np.repeat([0, 1], [400, 50])
X = RANDOM.normal(size=(450, 3)) * [1, 5, 0.2] + Y[:, None]
X = np.c_[X, RANDOM.integers(0, 2, 450)]
EPOCH = {"batch": 60, "steps": 80, "seed": 0, "epoch": 0}


def examples(draw, x=X):
    flat = x[draw.index.ravel()]
    deviations = draw.noise.deviations(x)
    index, mix = draw.index.ravel(), draw.mix.ravel()
    return draw.noise.added(flat, index, mix, deviations)


def test_noise_is_that_of_imbalanced_learn():
    """Standard deviations by column, and the distribution of whole points."""
    near = Jitter(0.7).prepare(X[:, :3], None, Y, 0)
    draw = make_sampler("oversample").draw(Y, **EPOCH)
    made = Jitter(0.7).mix(draw, near, Y, 0, 0)
    wide = made.noise.deviations(X[:, :3])[1]
    theirs = 0.7 * (4 / (5 * 50)) ** (1 / 7) * X[Y == 1, :3].std(axis=0)
    np.testing.assert_allclose(wide, theirs, rtol=1e-6)
    synthetic = made.mix.ravel() > 0
    ours = examples(made, X[:, :3])[synthetic]
    noise = (ours - X[made.index.ravel()[synthetic], :3]) / wide
    for column in range(3):
        assert stats.kstest(noise[:, column], "norm").pvalue > 1e-4
    assert np.abs(np.corrcoef(noise.T) - np.eye(3)).max() < 0.07
    sampler = RandomOverSampler(
        sampling_strategy={1: 6000}, shrinkage=0.7, random_state=0
    )
    large = np.r_[X[Y == 0]] + np.zeros((16, 1, 4))
    x = np.r_[large.reshape(-1, 4), X[Y == 1]][:, :3]
    points = sampler.fit_resample(x, np.repeat([0, 1], [6400, 50]))[0][6450:]
    for column in range(3):
        assert stats.ks_2samp(ours[:, column], points[:, column]).statistic < 0.05


def test_flags_and_other_rows_stay():
    near = Jitter().prepare(X, None, Y, 0)
    draw = make_sampler("oversample").draw(Y, **EPOCH)
    made = Jitter().mix(draw, near, Y, 0, 0)
    points, rows = examples(made), X[made.index.ravel()]
    np.testing.assert_array_equal(points[:, 3], rows[:, 3])
    real = made.mix.ravel() == 0
    np.testing.assert_array_equal(points[real], rows[real])
    assert (points[~real, :3] != rows[~real, :3]).all()
    assert (Y[made.index][made.mix > 0] == 1).all()
    np.testing.assert_array_equal(made.targets(Y), Y[draw.index])


def test_epochs_and_seeds_have_noise_of_their_own():
    near = Jitter().prepare(X, None, Y, 0)
    draw = make_sampler("oversample").draw(Y, **EPOCH)
    noises = {
        Jitter().mix(draw, near, Y, s, e).noise.seed
        for s, e in ((0, 0), (0, 1), (1, 0))
    }
    assert len(noises) == 3


def test_classes_and_labels_by_group():
    classes = np.repeat([0, 1, 2, 3], [200, 40, 8, 1])
    x = RANDOM.normal(size=(249, 2))
    near = Jitter().prepare(x, None, classes, 0, classes=tuple("abcd"))
    expected = [0, bandwidth(40, 2), bandwidth(8, 2), 0]
    np.testing.assert_allclose(near.widths, expected, rtol=1e-6)
    assert near.notes == ("Jitter repeats a row that is alone as it is.",)
    draw = make_sampler("balanced").draw(classes, **EPOCH)
    made = Jitter().mix(draw, near, classes, 0, 0)
    assert set(classes[draw.index][made.mix > 0].tolist()) == {1, 2}
    labels = (RANDOM.random((249, 3)) < [0.6, 0.3, 0.05]).astype(np.int8)
    near = Jitter().prepare(x, None, labels, 0)
    groups = label_groups(labels)
    assert len(near.widths) == len(groups)
    assert near.widths[0] == 0
    draw = make_sampler("oversample").draw(labels, **EPOCH)
    made = Jitter().mix(draw, near, labels, 0, 0)
    assert not np.isin(draw.index[made.mix > 0], groups[0]).any()
    np.testing.assert_array_equal(made.targets(labels), labels[draw.index])


def test_a_lone_positive_is_repeated():
    near = Jitter().prepare(X, None, np.arange(450) == 3, 0)
    draw = make_sampler("balanced").draw(np.arange(450) == 3, **EPOCH)
    assert Jitter().mix(draw, near, np.arange(450) == 3, 0, 0) is draw
    assert near.notes


def test_the_spread_is_above_0():
    with pytest.raises(InputError, match="spread=0"):
        Jitter(0.0)
