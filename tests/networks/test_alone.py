# SPDX-License-Identifier: Apache-2.0
"""A network alone has the bits that it has in a stack, whatever the processor."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from equipoise.networks import alone
from equipoise.networks.alone import (
    FEW_ROWS,
    alone_differs,
    doubled,
    first_of,
    needs_company,
    rows_at_once,
)
from equipoise.networks.bfloat16 import cuts_bfloat16


def test_a_stack_of_two_is_never_alone() -> None:
    """Two small products have the bits of many, on every processor."""
    random = np.random.default_rng(1)
    for rows, inner, columns in [(32, 8, 24), (16, 24, 16), (48, 16, 8)]:
        left = tf.constant(random.normal(size=(7, rows, inner)), tf.float32)
        right = tf.constant(random.normal(size=(7, inner, columns)), tf.float32)
        whole = tf.matmul(left, right).numpy()
        np.testing.assert_array_equal(tf.matmul(left[:2], right[:2]), whole[:2])
        if not alone_differs():
            np.testing.assert_array_equal(tf.matmul(left[:1], right[:1]), whole[:1])


@pytest.mark.parametrize("differs", [False, True])
def test_only_a_lone_network_gets_company(
    differs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "alone_differs", lambda: differs)
    assert [needs_company(members) for members in (0, 1, 2, 9)] == [
        False,
        differs,
        False,
        False,
    ]


def test_tensors_are_doubled_along_the_members() -> None:
    steps = {"index": tf.reshape(tf.range(6), (2, 1, 3)), "rates": tf.ones((2, 1))}
    twice = doubled(steps, axis=1)
    assert twice["index"].shape == (2, 2, 3)
    np.testing.assert_array_equal(twice["index"][:, 0], twice["index"][:, 1])
    state = {"m": {"bias": tf.constant([[1.0, 2.0], [3.0, 4.0]])}}
    assert first_of(state)["m"]["bias"].numpy().tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("question", [alone_differs, cuts_bfloat16])
def test_the_processor_is_asked_once_also_in_a_trace(question) -> None:
    """The first who asks may be a function that TensorFlow traces."""
    expected = question()
    question.cache_clear()

    @tf.function
    def traced() -> tf.Tensor:
        return tf.constant(question())

    assert bool(traced()) is expected
    assert question() is expected
    assert question.cache_info().misses == 1


@pytest.mark.parametrize(("differs", "rows"), [(False, 1024), (True, FEW_ROWS)])
def test_few_rows_are_scored_at_once_if_the_processor_minds(
    differs: bool, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "alone_differs", lambda: differs)
    assert rows_at_once(1024) == rows


def test_a_row_has_the_same_bits_at_each_place() -> None:
    """Of products of the rows that are scored at once if the processor minds."""
    random = np.random.default_rng(2)
    for inner, columns in [(3, 16), (8, 5), (17, 3), (100, 24)]:
        row = random.normal(size=(1, 1, inner)).astype(np.float32)
        weights = random.normal(size=(2, inner, columns)).astype(np.float32)
        scores = tf.matmul(np.tile(row, (2, FEW_ROWS, 1)), weights).numpy()
        np.testing.assert_array_equal(scores, np.tile(scores[:, :1], (1, FEW_ROWS, 1)))
