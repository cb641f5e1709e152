# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import Balanced, Sequences

RANDOM = np.random.default_rng(0)
ROWS = [RANDOM.integers(1, 9, RANDOM.integers(0, 7)) for _ in range(40)]
Y = np.arange(40) % 5 == 0


def padded(which, padding=0):
    longest = max(len(ROWS[row]) for row in which)
    return [[*ROWS[row], *[padding] * (longest - len(ROWS[row]))] for row in which]


@pytest.mark.parametrize("padding", [0, -1])
def test_both_faces_pad_to_the_longest_of_the_batch(padding):
    feed = Balanced().over(Sequences(ROWS, padding), Y, batch=7)
    sequence = feed.sequence()
    for step, (features, targets) in enumerate(feed.dataset()):
        rows = feed.draw(0).index[step]
        np.testing.assert_array_equal(features, padded(rows, padding))
        np.testing.assert_array_equal(sequence[step][0], features)
        np.testing.assert_array_equal(targets, Y[rows])


def test_a_list_of_sequences_beside_other_features():
    feed = Balanced().over({"words": ROWS, "size": np.arange(40)}, Y, batch=6)
    features, _ = next(iter(feed.dataset()))
    rows = feed.draw(0).index[0]
    np.testing.assert_array_equal(features["words"], padded(rows))
    np.testing.assert_array_equal(features["size"], rows)


def test_steps_may_be_arrays():
    rows = [np.full((n, 2), n, float) for n in (3, 0, 1)]
    sequences = Sequences(rows, padding=np.nan)
    assert sequences.take([0, 2]).shape == (2, 3, 2)
    assert np.isnan(sequences.take([0, 2])[1, 1:]).all()
    assert sequences.take([1]).shape == (1, 0, 2)
    assert sequences.lengths.tolist() == [3, 0, 1]
    assert len(sequences) == 3


def test_types_are_joined():
    assert Sequences([[1], [0.5, 2]]).take([0, 1]).tolist() == [[1, 0], [0.5, 2]]
    assert Sequences([[], [3, 4]]).dtype.kind == "i"


@pytest.mark.parametrize("rows", [[], [1, 2], [[1], [[1, 2]]]])
def test_what_is_refused(rows):
    with pytest.raises(InputError, match="sequences of shapes"):
        Sequences(rows)


def test_lengths_must_fit_the_labels():
    with pytest.raises(InputError, match="39 labels"):
        Balanced().over(Sequences(ROWS), Y[1:])


def test_strings_are_padded_with_empty_ones():
    texts = [["ab"] * (n % 3) for n in range(9)]
    feed = Balanced().over(Sequences(texts), np.arange(9) % 2, batch=4)
    for one, other in zip(feed.batches(), feed.dataset(), strict=True):
        read = np.char.decode(np.asarray(other[0], "S"))
        np.testing.assert_array_equal(one.features, read)
        assert set(one.features.ravel()) <= {"ab", ""}


@pytest.mark.parametrize(
    ("rows", "padding", "words"),
    [([["a"], []], 1, "a string"), ([[1], []], "", "a number")],
)
def test_padding_of_another_type(rows, padding, words):
    with pytest.raises(InputTypeError, match=f"padding=.*Accepted: {words}"):
        Sequences(rows, padding)
