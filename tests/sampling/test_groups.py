# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.sampling import GroupBalanced

GROUPS = np.repeat(["a", "b", "c", "d"], [60, 25, 10, 5])
RANDOM = np.random.default_rng(0)
Y = (RANDOM.random(100) < 0.3).astype(int)
DRAWS = {"batch": 20, "seed": 1, "epoch": 0}


@pytest.mark.parametrize("classes", ["natural", "balanced"])
def test_groups_of_a_class_count_alike(classes):
    sampler = GroupBalanced(GROUPS, classes)
    index = sampler.draw(Y, steps=600, **DRAWS).index.ravel()
    for label in (0, 1):
        drawn = GROUPS[index[Y[index] == label]]
        counts = np.unique(drawn, return_counts=True)[1]
        assert counts.max() - counts.min() <= 1
        assert len(counts) == len(np.unique(GROUPS[label == Y]))
    share = Y.mean() if classes == "natural" else 0.5
    assert Y[index].mean() == pytest.approx(share, abs=1e-3)
    assert sampler.prior(np.bincount(Y).tolist())[1] == pytest.approx(share)


def test_rows_of_a_group_take_turns():
    index = GroupBalanced(GROUPS).draw(Y, steps=600, **DRAWS).index.ravel()
    counts = np.bincount(index, minlength=100)
    for label in (0, 1):
        for group in "abcd":
            drawn = counts[(label == Y) & (group == GROUPS)]
            assert drawn.max() - drawn.min() <= 1


def test_rates_by_brute_force_and_as_drawn():
    sampler = GroupBalanced(GROUPS, "balanced")
    rates = sampler.rates(Y)
    for row in range(100):
        alike = Y[row] == Y
        groups = len(np.unique(GROUPS[alike]))
        mine = (alike & (GROUPS[row] == GROUPS)).sum()
        assert rates[row] == pytest.approx(100 * 0.5 / groups / mine)
    index = sampler.draw(Y, steps=20_000, **DRAWS).index.ravel()
    drawn = np.bincount(index, minlength=100) / 4000
    np.testing.assert_allclose(drawn, rates, atol=0.02)
    assert rates.mean() == pytest.approx(1)


def test_several_classes_and_labels():
    several = np.arange(100) % 3
    index = GroupBalanced(GROUPS).draw(several, steps=300, **DRAWS).index.ravel()
    counts = [np.bincount(several[index])[c] for c in range(3)]
    np.testing.assert_allclose(counts, [2040, 1980, 1980], atol=3)
    labels = np.stack([Y, np.arange(100) % 9 == 0], axis=1).astype(int)
    sampler = GroupBalanced(GROUPS)
    index = sampler.draw(labels, steps=20_000, **DRAWS).index.ravel()
    weights = sampler.importance(labels)[index]
    shares = (weights[:, None] * labels[index]).mean(axis=0)
    np.testing.assert_allclose(shares, labels.mean(axis=0), atol=5e-3)


def test_epochs_continue_one_stream():
    sampler = GroupBalanced(GROUPS)
    long = sampler.draw(Y, batch=7, steps=40, seed=0, epoch=0).index
    short = [
        sampler.draw(Y, batch=7, steps=10, seed=0, epoch=e).index for e in range(4)
    ]
    np.testing.assert_array_equal(np.concatenate(short), long)


def test_it_says_that_no_shift_corrects_it():
    correction = GroupBalanced(GROUPS).correction(Y)
    assert correction.kind == "calibrate"
    assert "groups" in correction.reason


def test_what_is_refused():
    with pytest.raises(InputError, match="classes='even'"):
        GroupBalanced(GROUPS, "even")
    with pytest.raises(InputError, match="99 labels and the groups of 100"):
        GroupBalanced(GROUPS).draw(Y[1:], steps=1, **DRAWS)
    with pytest.raises(InputError, match="groups"):
        GroupBalanced([1.0, np.nan])
