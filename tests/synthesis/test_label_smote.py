# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import UnsupportedError
from equipoise.sampling import make_sampler
from equipoise.sampling.label_groups import label_groups, rarest_labels
from equipoise.synthesis import LabelSmote
from equipoise.synthesis.label_smote import rare_labels

RANDOM = np.random.default_rng(1)
ROWS = 400
Y = (RANDOM.random((ROWS, 4)) < [0.6, 0.5, 0.08, 0.05]).astype(np.int8)
Y[RANDOM.random(Y.shape) < 0.03] = -1
X = RANDOM.normal(size=(ROWS, 3)) + np.maximum(Y[:, :3], 0)
CODES = RANDOM.integers(0, 3, (ROWS, 1))
EPOCH = {"batch": 50, "steps": 60, "seed": 0, "epoch": 0}


def made(smote=None, y=Y, codes=CODES):
    smote = smote or LabelSmote()
    near = smote.prepare(X[: len(y)], codes[: len(y)], y, 0, classes=tuple("abcd"))
    draw = make_sampler("oversample").draw(y, **EPOCH)
    return near, draw, smote.mix(draw, near, y, 0, 0)


def test_rare_labels_by_the_paper_s_measures():
    totals = (Y == 1).sum(axis=0)
    irlbl = totals.max() / totals
    np.testing.assert_array_equal(rare_labels(Y), irlbl > irlbl.mean())
    assert rare_labels(Y).tolist() == [False, False, True, True]
    assert rare_labels(np.zeros((3, 2))).tolist() == [False, False]
    assert rare_labels([[1, 0, 0], [1, 1, 0]]).tolist() == [False, True, False]


def test_neighbours_have_the_rarest_label_against_brute_force():
    near, _, _ = made(codes=np.zeros((ROWS, 1), int))
    rarest = rarest_labels(Y)
    np.testing.assert_array_equal(near.of >= 0, np.isin(rarest, [2, 3]))
    for row in np.flatnonzero(near.of >= 0):
        bag = np.flatnonzero((Y[:, rarest[row]] == 1) & (np.arange(ROWS) != row))
        apart = np.linalg.norm(X[bag] - X[row], axis=1)
        expected = bag[np.argsort(apart)[:5]]
        np.testing.assert_array_equal(near.index[near.of[row]], expected)


def test_labels_are_those_that_more_than_half_have():
    near, _, _ = made()
    rarest = rarest_labels(Y)
    for row in np.flatnonzero(near.of >= 0):
        line = near.of[row]
        votes = Y[[row, *near.index[line]]]
        for label in range(4):
            heard = votes[votes[:, label] >= 0, label]
            expected = -1 if not len(heard) else int(heard.sum() * 2 > len(heard))
            assert near.labels[line, label] == expected
        assert near.labels[line, rarest[row]] == 1


def test_made_rows_have_the_voted_labels_and_others_their_own():
    near, draw, mixed = made()
    np.testing.assert_array_equal(mixed.index, draw.index)
    synthetic = mixed.mix > 0
    assert synthetic.mean() > 0.2
    np.testing.assert_array_equal(mixed.labels[~synthetic], Y[draw.index[~synthetic]])
    lines = near.of[draw.index[synthetic]]
    np.testing.assert_array_equal(mixed.labels[synthetic], near.labels[lines])
    targets = mixed.targets(Y)
    np.testing.assert_array_equal(np.isnan(targets), mixed.labels == -1)
    assert (near.index[lines] == mixed.partner[synthetic][:, None]).any(axis=1).all()


def test_as_many_rows_of_a_group_stay_as_natural_frequency_draws():
    _, draw, mixed = made()
    groups = label_groups(Y)
    of = np.empty(ROWS, int)
    for number, rows in enumerate(groups):
        of[rows] = number
    rare = np.isin(rarest_labels(Y), [2, 3])
    largest = (of[draw.index] == 0).sum()
    for number, rows in enumerate(groups):
        mine = of[draw.index] == number
        real = (mine & (mixed.mix == 0)).sum()
        if rare[rows[0]]:
            expected = largest * len(rows) / len(groups[0])
            assert abs(real - expected) < 4.5 * np.sqrt(expected) + 1
        else:
            assert real == mine.sum()


def test_few_rows_shrink_k_with_a_note():
    y = np.zeros((60, 3), np.int8)
    y[:, 0] = 1
    y[:3, 1] = 1
    y[5, 2] = 1
    near = LabelSmote().prepare(X[:60], None, y[:, :2], 0)
    assert near.counts.tolist() == [2, 2, 2]
    assert near.notes == (
        "MLSMOTE uses 2 neighbours instead of 5 for label 1: only 3 rows have it.",
    )
    near = LabelSmote().prepare(X[:60], None, y[:, [0, 2]], 0, classes=("a", "b"))
    assert near.notes == ("MLSMOTE repeats the only row with 'b' as it is.",)
    draw = make_sampler("oversample").draw(y[:, [0, 2]], **EPOCH)
    assert LabelSmote().mix(draw, near, y[:, [0, 2]], 0, 0) is draw


def test_the_categories_are_those_of_a_vote():
    near, _, _ = made()
    assert near.voters.shape == (len(near.index), 1)
    for line, others in enumerate(near.index):
        seen = CODES[others, 0].tolist()
        most = max(map(seen.count, seen))
        assert seen.count(CODES[near.voters[line, 0], 0]) == most


def test_classes_are_refused_and_the_advice_works():
    with pytest.raises(UnsupportedError, match="Use synthesis='smote'"):
        LabelSmote().prepare(X, None, Y[:, 0] == 1, 0)
