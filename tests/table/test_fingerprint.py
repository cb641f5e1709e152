# SPDX-License-Identifier: Apache-2.0
"""What tells the rows of an array apart."""

from __future__ import annotations

import numpy as np

from equipoise.table.fingerprint import directions, fingerprint, projected


def test_equal_rows_have_equal_parts() -> None:
    x = np.random.default_rng(0).normal(size=(5, 4, 3))
    x[3] = x[1]
    x[4] = x[1]
    x[4, 0, 0] += 1
    parts = fingerprint(x).parts
    assert (parts[1] == parts[3]).all()
    # One number differs: one part of several.
    assert (parts[1] != parts[4]).sum() == 1


def test_a_negative_zero_is_a_zero() -> None:
    parts = fingerprint(np.array([[0.0], [-0.0]])).parts
    assert parts[0] == parts[1]


def test_only_quantities_have_axes() -> None:
    rows = np.arange(12).reshape(4, 3)
    assert fingerprint(rows.astype(np.float32)).axes.shape == (4, 3)
    assert fingerprint(rows.astype(np.uint8)).axes.shape == (4, 3)
    for tokens in (rows, rows > 4):
        assert fingerprint(tokens).axes.shape == (4, 0)


def test_many_features_are_projected_in_units_of_one() -> None:
    x = np.random.default_rng(0).normal(3.0, 7.0, size=(2_000, 100))
    axes = projected(x)
    assert axes.shape == (2_000, 24)
    np.testing.assert_allclose(axes.std(0), 1.0, atol=0.15)
    turn = directions(100)
    np.testing.assert_allclose((turn**2).sum(0), 1.0)
    np.testing.assert_array_equal(directions(3), np.eye(3))


def test_constant_features_have_no_axis() -> None:
    x = np.ones((4, 3))
    assert projected(x).shape == (4, 0)
    x[0, 1] = 2.0
    assert projected(x).shape == (4, 1)


def test_rows_are_taken() -> None:
    whole = fingerprint(np.arange(8.0).reshape(4, 2))
    some = whole.take([2, 0])
    np.testing.assert_array_equal(some.parts, whole.parts[[2, 0]])
    np.testing.assert_array_equal(some.axes, whole.axes[[2, 0]])
