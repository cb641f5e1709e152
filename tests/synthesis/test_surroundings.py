# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.sampling import make_sampler
from equipoise.synthesis import Adasyn, BorderlineSmote
from equipoise.synthesis.surroundings import foreign_shares, nearest_rows

RANDOM = np.random.default_rng(5)
Y = np.repeat([0, 1, 2], [120, 30, 12])
X = RANDOM.normal(size=(162, 3)) + Y[:, None]
CODES = RANDOM.integers(0, 3, (162, 2))
CODES[Y == 0, 0] += 2  # levels that no row of another class has
EPOCH = {"batch": 60, "steps": 60, "seed": 0, "epoch": 0}


def smote_nc_distances(members):
    median = np.median(X[members].std(axis=0))
    apart = ((X[members][:, None] - X[None]) ** 2).sum(axis=2)
    differ = (CODES[members][:, None] != CODES[None]).sum(axis=2)
    return apart + median**2 * differ


@pytest.mark.parametrize("label", [1, 2])
@pytest.mark.parametrize("codes", [None, CODES])
def test_nearest_rows_against_brute_force(label, codes):
    members = label == Y
    near = nearest_rows(X, codes, members, 7)
    apart = ((X[members][:, None] - X[None]) ** 2).sum(axis=2)
    apart = apart if codes is None else smote_nc_distances(members)
    apart[np.arange(len(apart)), np.flatnonzero(members)] = np.inf
    np.testing.assert_array_equal(near, np.argsort(apart, axis=1)[:, :7])
    shares = foreign_shares(Y, members, near)
    np.testing.assert_allclose(shares, (Y[near] != label).mean(axis=1))


def test_duplicates_are_neighbours_and_no_row_is_its_own():
    members = np.arange(9) < 5
    near = nearest_rows(np.zeros((9, 2)), None, members, 3)
    assert near.shape == (5, 3)
    assert (near != np.arange(5)[:, None]).all()
    assert nearest_rows(np.zeros((3, 1)), None, np.ones(3, bool), 8).shape == (3, 2)


@pytest.mark.parametrize("smote", [BorderlineSmote(5, 10), Adasyn(5)])
def test_as_many_stay_real_and_no_class_is_drawn_more_often(smote):
    near = smote.prepare(X, CODES, Y, 0, classes=("a", "b", "c"))
    draw = make_sampler("balanced").draw(Y, **EPOCH)
    made = smote.mix(draw, near, Y, 0, 0)
    np.testing.assert_array_equal(Y[made.index], Y[draw.index])
    np.testing.assert_array_equal(Y[made.partner], Y[draw.index])
    for label, total in ((1, 30), (2, 12)):
        mine = Y[draw.index] == label
        real = (mine & (made.mix == 0)).sum()
        expected = (Y[draw.index] == 0).sum() * total / 120
        assert abs(real - expected) < 4.5 * np.sqrt(expected)
    assert (made.mix[Y[draw.index] == 0] == 0).all()


@pytest.mark.parametrize("smote", [BorderlineSmote(2, 3), Adasyn(2)])
def test_classes_that_lie_apart_are_repeated_with_a_note(smote):
    far = Y * 100.0 + np.arange(162) / 1000
    near = smote.prepare(far[:, None], None, Y, 0, classes=("a", "b", "c"))
    assert f"{smote.title} repeats 'b', 'c' unchanged" in near.notes[-1]
    draw = make_sampler("balanced").draw(Y, **EPOCH)
    assert smote.mix(draw, near, Y, 0, 0) is draw
    two = smote.prepare(far[:, None], None, (Y == 2).astype(int), 0)
    assert "repeats positives unchanged" in two.notes[-1]


def test_few_rows_shrink_both_searches_with_notes():
    y = np.array([0, 0, 0, 1, 1])
    near = BorderlineSmote(5, 10).prepare([[0.0], [2], [4], [1], [3]], None, y, 0)
    assert near.k == 1
    assert "Borderline-SMOTE uses 1 neighbour instead of 5" in near.notes[0]
    assert "looks at the 4 nearest rows instead of 10" in near.notes[1]
    assert near.starts.tolist() == [0, 0, 0, 1, 1]
