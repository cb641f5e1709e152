# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError
from equipoise.sampling.classes import (
    Classes,
    interleaved,
    interleaved_classes,
    shuffled_class_passes,
    shuffled_passes,
)

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
    "labels", [[], [[0], [1]], [0, 2], [0.5, 1.0], [0.0, np.nan], [-1, 0, 1], 1]
)
def test_labels_are_zeros_and_ones(labels):
    with pytest.raises(InputError, match="labels"):
        Classes.of(labels)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.float32])
def test_labels_of_any_type(dtype):
    assert Classes.of(LABELS.astype(dtype)).positives.tolist() == [30, 31, 32, 33]


@given(
    st.lists(st.integers(0, 50), min_size=3, max_size=12),
    st.integers(0, 5_000),
    st.integers(1, 300),
    st.integers(1, 60),
)
def test_any_stretch_of_several_classes_is_near_its_shares(
    quotas, start, count, window
):
    quotas = [quotas[0] + 1, *quotas[1:]]
    labels = np.repeat(np.arange(len(quotas)), 3)
    classes = Classes.of(labels)
    index = interleaved_classes(classes, quotas, start=start, count=count, seed=0)
    shares = np.array(quotas) / sum(quotas)
    counts = (labels[index][:, None] == np.arange(len(quotas))).cumsum(axis=0)
    counts = np.concatenate([np.zeros((1, len(quotas))), counts])
    window = min(window, count)
    within = counts[window:] - counts[:-window]
    assert np.abs(within - window * shares).max() < 3
    assert (counts[-1][np.array(quotas) == 0] == 0).all()
    # The first rows of the stream, whatever they are, are within two rows.
    if start == 0:
        places = np.arange(len(counts))[:, None]
        assert np.abs(counts - places * shares).max() < 2


@given(st.integers(0, 500), st.integers(1, 200))
def test_stretches_of_several_classes_are_slices_of_one_stream(start, count):
    labels = np.repeat([0, 1, 2, 3], [30, 4, 9, 1])
    classes = Classes.of(labels)
    draws = {"seed": 2}
    for draw, numbers in (
        (interleaved_classes, (7, 1, 1, 3)),
        (shuffled_class_passes, (10, 6, 9, 2)),
    ):
        whole = draw(classes, numbers, start=0, count=start + count, **draws)
        part = draw(classes, numbers, start=start, count=count, **draws)
        np.testing.assert_array_equal(part, whole[start:])


@pytest.mark.parametrize("fresh", [True, False])
def test_passes_of_several_classes_hold_what_they_should(fresh):
    labels = np.repeat([0, 1, 3], [30, 4, 9])
    classes = Classes.of(labels, 4)
    rows = (10, 6, 0, 9)
    drawn = shuffled_class_passes(
        classes, rows, start=0, count=25 * 9, seed=0, fresh=fresh
    ).reshape(9, 25)
    for one in drawn:
        assert np.bincount(labels[one], minlength=4).tolist() == list(rows)
        assert set(one[labels[one] == 3]) == set(range(34, 43))
    first = [frozenset(one[labels[one] == 0].tolist()) for one in drawn]
    assert all(len(one) == 10 for one in first)
    assert len(set(first)) == (1 if not fresh else len(set(first)))
    if fresh:
        assert first[0] | first[1] | first[2] == set(range(30))


def test_labels_of_several_classes_and_matrices():
    assert [len(g) for g in Classes.of([0, 2, 1, 2]).groups] == [1, 1, 2]
    assert [len(g) for g in Classes.of([0, 1, 1], 4).groups] == [1, 2, 0, 0]
    matrix = Classes.of([[1, 0], [1, 1], [0, 0], [1, 0]])
    assert [g.tolist() for g in matrix.groups] == [[0, 3], [2], [1]]
    assert len(Classes.of([[1], [0], [0]], 1).groups) == 2
    assert len(matrix) == 4


def test_one_class_of_several_is_not_enough():
    with pytest.raises(InputError, match="rows of one class only for sampling='rate'"):
        Classes.of([1, 1], 3).require_both("rate")
    Classes.of([1, 0], 3).require_both("rate")
