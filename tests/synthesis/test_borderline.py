# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from imblearn.over_sampling import BorderlineSMOTE
from scipy import stats

from equipoise.errors import UnsupportedError
from equipoise.sampling import make_sampler
from equipoise.synthesis import BorderlineSmote, BorderlineSmote2

RANDOM = np.random.default_rng(2)
Y = np.repeat([0, 1], [300, 40])
X = RANDOM.normal(size=(340, 2)) + 1.2 * Y[:, None]
THREE = np.repeat([0, 1, 2], [260, 50, 30])
EPOCH = {"batch": 64, "steps": 150, "seed": 0, "epoch": 0}


def made(smote, y=Y, **named):
    near = smote.prepare(X, None, y, 0, **named)
    draw = make_sampler("oversample").draw(y, **EPOCH)
    return near, smote.mix(draw, near, y, 0, 0)


@pytest.mark.parametrize(("y", "nearby"), [(Y, 10), (Y, 5), (THREE, 10)])
def test_the_rows_in_danger_are_those_of_imbalanced_learn(y, nearby):
    theirs = BorderlineSMOTE(m_neighbors=nearby, random_state=0)
    theirs.fit_resample(X, y)
    named = {"classes": ("a", "b", "c")} if y is THREE else {}
    near, draw = made(BorderlineSmote(5, nearby), y, **named)
    expected = np.concatenate(list(theirs.in_danger_indices.values()))
    assert 5 < len(expected) < (y > 0).sum()
    np.testing.assert_array_equal(np.flatnonzero(near.starts), np.sort(expected))
    synthetic = draw.mix > 0
    assert set(draw.index[synthetic].tolist()) == set(expected.tolist())


def test_every_row_in_danger_and_every_neighbour_is_as_likely():
    near, draw = made(BorderlineSmote())
    synthetic = draw.mix > 0
    one, other = draw.index[synthetic], draw.partner[synthetic]
    assert stats.chisquare(np.unique(one, return_counts=True)[1]).pvalue > 1e-4
    place = (near.index[near.of[one]] == other[:, None]).argmax(axis=1)
    assert (near.index[near.of[one], place] == other).all()
    assert stats.chisquare(np.bincount(place, minlength=5)).pvalue > 1e-4
    assert stats.kstest(draw.mix[synthetic], "uniform").pvalue > 1e-4


@pytest.mark.parametrize("kind", [1, 2])
def test_points_are_spread_as_those_of_imbalanced_learn(kind):
    theirs = BorderlineSMOTE(
        sampling_strategy={1: 8000}, kind=f"borderline-{kind}", random_state=1
    ).fit_resample(np.r_[X, X[Y == 0] + 1e3].repeat(1, 0), np.r_[Y, [0] * 300])[0]
    theirs = theirs[640:]
    smote = BorderlineSmote() if kind == 1 else BorderlineSmote2()
    near = smote.prepare(X, None, Y, 0)
    draw = make_sampler("oversample").draw(Y, **(EPOCH | {"steps": 300}))
    mixed = smote.mix(draw, near, Y, 0, 0)
    one, other, mix = mixed.index, mixed.partner, mixed.mix[..., None]
    ours = (X[one] + mix * (X[other] - X[one]))[mixed.mix > 0]
    assert len(ours) > 5000
    for column in range(2):
        test = stats.ks_2samp(ours[:, column], theirs[:, column])
        assert test.statistic < 0.035
    if kind == 2:
        crossing = (Y[other] == 0) & (mixed.mix > 0)
        assert crossing.mean() > 0.1
        assert mixed.mix[crossing].max() < 0.5
        assert stats.kstest(2 * mixed.mix[crossing], "uniform").pvalue > 1e-4


def test_points_towards_negatives_are_positive():
    _, draw = made(BorderlineSmote2())
    np.testing.assert_array_equal(draw.targets(Y), Y[draw.index])
    _, draw = made(BorderlineSmote2(), THREE, classes=("a", "b", "c"))
    assert (THREE[draw.partner] != THREE[draw.index]).any()
    targets = draw.targets(THREE, classes=3)
    np.testing.assert_array_equal(targets, np.eye(3)[THREE[draw.index]])


def test_neighbours_of_any_class_against_brute_force():
    near, _ = made(BorderlineSmote2(4), THREE, classes=("a", "b", "c"))
    for label in (1, 2):
        rows = np.flatnonzero(label == THREE)
        apart = np.linalg.norm(X[rows][:, None] - X[None], axis=2)
        apart[np.arange(len(rows)), rows] = np.inf
        expected = np.argsort(apart, axis=1)[:, :4]
        np.testing.assert_array_equal(near.others[near.of[rows]], expected)


def test_several_labels_are_refused_by_name():
    with pytest.raises(UnsupportedError, match="synthesis='borderline_smote'"):
        BorderlineSmote().prepare(X[:2], None, [[0, 1], [1, 1]], 0)


def test_a_lone_positive_is_repeated():
    near = BorderlineSmote2().prepare(X, None, (np.arange(340) == 3) * 1, 0)
    assert near.k == 0
    assert "only 1 positive" in near.notes[0]
