# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from imblearn.over_sampling import ADASYN
from scipy import stats

from equipoise.sampling import make_sampler
from equipoise.synthesis import Adasyn

RANDOM = np.random.default_rng(2)
Y = np.repeat([0, 1], [300, 40])
X = RANDOM.normal(size=(340, 2)) + 1.2 * Y[:, None]
EPOCH = {"batch": 64, "steps": 300, "seed": 0, "epoch": 0}


@pytest.mark.parametrize("k", [5, 3])
def test_weights_are_the_numbers_of_imbalanced_learn(k):
    """Which makes as many points of each row as its rounded share says."""
    near = Adasyn(k).prepare(X, None, Y, 0)
    wanted = 20_000
    theirs, _ = ADASYN(
        sampling_strategy={0: 300, 1: 40 + wanted}, n_neighbors=k, random_state=0
    ).fit_resample(X, Y)
    share = near.starts / near.starts.sum()
    counts = np.rint(share[Y == 1] * wanted)
    assert counts.sum() == len(theirs) - 340
    # Their points are in the order of the rows that they are made from.
    ends = np.cumsum(counts).astype(int)
    made = theirs[340:]
    for row, (first, last) in enumerate(zip(np.r_[0, ends[:-1]], ends, strict=True)):
        if last > first:
            start = X[300 + row]
            neighbours = X[near.index[near.of[300 + row]]]
            way = neighbours - start
            points = made[first:last] - start
            cross = points[:, None, 0] * way[:, 1] - points[:, None, 1] * way[:, 0]
            assert (np.abs(cross).min(axis=1) < 1e-9).all()


def test_rows_are_started_from_in_proportion():
    near = Adasyn().prepare(X, None, Y, 0)
    draw = Adasyn().mix(make_sampler("balanced").draw(Y, **EPOCH), near, Y, 0, 0)
    synthetic = draw.mix > 0
    counts = np.bincount(draw.index[synthetic], minlength=340)
    some = near.starts > 0
    assert not counts[~some].any()
    expected = near.starts[some] / near.starts.sum() * synthetic.sum()
    assert stats.chisquare(counts[some], expected).pvalue > 1e-4
    assert stats.kstest(draw.mix[synthetic], "uniform").pvalue > 1e-4
    near_rows = near.index[near.of[draw.index[synthetic]]]
    assert (near_rows == draw.partner[synthetic][:, None]).any(axis=1).all()


def test_shares_of_other_classes_by_hand():
    x = np.array([0.0, 1.0, 1.1, 2.0, 5.0, 5.1, 9.0])[:, None]
    y = [0, 1, 2, 1, 0, 0, 0]
    near = Adasyn(2).prepare(x, None, y, 0, classes=("a", "b", "c"))
    # of row 1 (class 1): rows 2 and 3 (1.0 and .9 away), row 0 as far as row 3
    assert near.starts[3] == 0.5
    assert near.starts[[0, 4, 5, 6]].tolist() == [0, 0, 0, 0]
    assert near.starts[2] == 0  # alone in its class
