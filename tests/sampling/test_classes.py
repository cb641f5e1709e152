# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError
from equipoise.sampling.classes import Classes, interleaved, shuffled_passes

LABELS = np.array([0] * 30 + [1] * 4)


@given(
    st.integers(1, 99), st.integers(0, 10_000), st.integers(1, 300), st.integers(1, 50)
)
def test_any_stretch_is_within_one_row_of_the_share(percent, start, count, window):
    classes = Classes.of(LABELS)
    index = interleaved(classes, percent, 100, start=start, count=count, seed=0)
    positive = np.concatenate([[0], np.cumsum(LABELS[index])])
    window = min(window, count)
    within = positive[window:] - positive[:-window]
    assert np.abs(within - window * percent / 100).max() < 1 + 1e-9


@given(st.integers(0, 500), st.integers(1, 200))
def test_interleaved_stretches_are_slices_of_one_stream(start, count):
    classes = Classes.of(LABELS)
    whole = interleaved(classes, 1, 3, start=0, count=start + count, seed=2)
    part = interleaved(classes, 1, 3, start=start, count=count, seed=2)
    np.testing.assert_array_equal(part, whole[start:])


@pytest.mark.parametrize("fresh", [True, False])
def test_passes_hold_what_they_should(fresh):
    classes = Classes.of(LABELS)
    index = shuffled_passes(
        classes, 6, 10, start=0, count=16 * 9, seed=0, fresh=fresh
    ).reshape(9, 16)
    assert (LABELS[index].sum(axis=1) == 6).all()
    negatives = [set(one[LABELS[one] == 0].tolist()) for one in index]
    assert all(len(one) == 10 for one in negatives)
    if fresh:
        assert negatives[0] | negatives[1] | negatives[2] == set(range(30))
    else:
        assert len({frozenset(one) for one in negatives}) == 1


def test_passes_are_shuffled_each_in_an_order_of_its_own():
    classes = Classes.of(LABELS)
    passes = 900  # more than one generator shuffles
    drawn = shuffled_passes(classes, 6, 10, start=0, count=16 * passes, seed=0)
    positive = LABELS[drawn].reshape(passes, 16)
    # at each place 6 in 16, within 4.5 standard deviations
    assert np.abs(positive.sum(axis=0) - passes * 6 / 16).max() < 4.5 * 14.5
    # of 8,008 orders of the classes, 900 passes take about 850
    assert len(np.unique(positive, axis=0)) > 800
    other = shuffled_passes(classes, 6, 10, start=0, count=16 * passes, seed=1)
    assert (LABELS[other].reshape(passes, 16) != positive).any(axis=1).mean() > 0.99


@pytest.mark.parametrize(
    "labels", [[], [[0, 1]], [0, 1, 2], [0.5, 1.0], [0.0, np.nan], 1]
)
def test_labels_are_zeros_and_ones(labels):
    with pytest.raises(InputError, match="labels"):
        Classes.of(labels)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.float32])
def test_labels_of_any_type(dtype):
    assert Classes.of(LABELS.astype(dtype)).positives.tolist() == [30, 31, 32, 33]
