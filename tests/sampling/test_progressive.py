# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import UnsupportedError
from equipoise.sampling import Progressive
from equipoise.strategies import Strategy

TOTALS = [70, 20, 0, 10]
LABELS = np.repeat(np.arange(4), TOTALS)


@pytest.mark.parametrize("passes", [1, 4, 7])
@pytest.mark.parametrize("totals", [(90, 10), (70, 20, 0, 10), (1, 1, 1), (5, 999)])
def test_passes_have_the_shares_of_the_formula(passes, totals):
    """Kang et al.: p_j(t) = (1 - t / T) n_j / n + (t / T) / K."""
    rows, present = sum(totals), np.array(totals) > 0
    for number in range(passes + 3):
        t = min(number, passes) / passes
        shares = (1 - t) * np.array(totals) / rows + t * present / present.sum()
        counts = np.array(Progressive(passes).per_pass(totals, number))
        assert counts.sum() == rows
        assert np.abs(counts - rows * shares).max() < 1
        assert ((counts > 0) == present).all()


def test_the_stream_holds_what_the_passes_say():
    sampler = Progressive(passes=5)
    draw = sampler.draw(LABELS, batch=100, steps=9, seed=3, epoch=0, classes=4)
    for number, rows in enumerate(LABELS[draw.index]):
        counts = np.bincount(rows, minlength=4).tolist()
        assert counts == sampler.per_pass(TOTALS, number)


def test_rows_of_a_class_take_turns_over_all_passes():
    draw = Progressive(4).draw(LABELS, batch=100, steps=11, seed=0, epoch=0, classes=4)
    counts = np.bincount(draw.index.ravel(), minlength=100)
    for label in (0, 1, 3):
        drawn = counts[label == LABELS]
        assert drawn.max() - drawn.min() <= 1


def test_it_starts_naturally_and_any_stretch_is_the_same():
    sampler = Progressive(3)
    long = sampler.draw(LABELS, batch=7, steps=120, seed=1, epoch=0, classes=4).index
    late = sampler.draw(LABELS, batch=7, steps=24, seed=1, epoch=4, classes=4).index
    np.testing.assert_array_equal(late, long[96:])
    first = LABELS[long.ravel()[:100]]
    assert np.bincount(first, minlength=4).tolist() == TOTALS


def test_its_probabilities_are_calibrated():
    correction = Strategy(sampling="progressive").correction([90, 10])
    assert correction.kind == "calibrate"
    assert correction.offset == pytest.approx((np.log(10 / 90),))
    assert "change from pass to pass" in correction.reason


def test_who_cannot_follow_it():
    with pytest.raises(UnsupportedError, match="learner='network'"):
        Strategy(sampling="progressive", learner="trees")
    with pytest.raises(UnsupportedError, match="multilabel"):
        Progressive().draw([[0, 1], [1, 0]], batch=1, steps=1, seed=0, epoch=0)
