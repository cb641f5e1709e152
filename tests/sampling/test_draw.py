# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise.sampling.draw import Draw


def test_targets_of_a_mixed_draw():
    draw = Draw(
        np.array([[0, 1]], np.int32),
        np.array([[1, 1]], np.int32),
        np.array([[0.25, 0.5]], np.float32),
    )
    found = draw.targets([0, 1])
    assert found.tolist() == [[0.25, 1.0]]
    assert found.dtype == np.float32


def test_targets_that_are_blended_otherwise():
    draw = Draw(
        np.array([[0, 1]], np.int32),
        np.array([[1, 0]], np.int32),
        np.array([[0.25, 0.5]], np.float32),
        target_mix=np.array([[0.0, 1.0]], np.float32),
    )
    assert draw.targets([0, 1]).tolist() == [[0.0, 0.0]]
    assert draw.targets([0, 2], classes=3).argmax(axis=2).tolist() == [[0, 0]]
    labels = Draw(draw.index, labels=np.array([[[1, -1], [0, 1]]], np.int8))
    expected = [[[1, np.nan], [0, 1]]]
    np.testing.assert_array_equal(labels.targets([[0, 0], [0, 0]]), expected)


def test_targets_of_classes_and_labels():
    draw = Draw(np.array([[0, 2], [1, 0]], np.int32))
    hot = draw.targets([2, 0, 1], classes=3)
    assert hot.dtype == np.float32
    assert hot.argmax(axis=2).tolist() == [[2, 1], [0, 2]]
    labels = draw.targets([[1, 0], [-1, 1], [0, 0]])
    assert labels.shape == (2, 2, 2)
    np.testing.assert_array_equal(labels[1, 0], [np.nan, 1])
    nans = draw.targets([[1, 0], [np.nan, 1], [0, 0]])
    np.testing.assert_array_equal(nans, labels)
