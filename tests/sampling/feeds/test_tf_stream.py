# SPDX-License-Identifier: Apache-2.0
"""What is the same as `StreamFeed.batches` is tested there; here the parts."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.sampling import StreamFeed
from equipoise.sampling.feeds.tf_stream import stream_dataset

ROWS = [((np.float32(n), np.ones((2, 2))), n % 3, 0.5) for n in range(60)]


@pytest.mark.parametrize("rows", [True, False])
def test_parts_and_their_types(rows):
    feed = StreamFeed(lambda: iter(ROWS), classes=3, batch=6, buffer=10)
    dataset = stream_dataset(feed, rows=rows)
    assert int(dataset.cardinality()) < 0
    (one, two), targets, weights, *numbers = next(iter(dataset))
    assert one.shape == (6,)
    assert two.shape == (6, 2, 2)
    assert targets.dtype == "int32"
    np.testing.assert_array_equal(weights, 0.5)
    assert len(numbers) == int(rows)
    for number in numbers:
        np.testing.assert_array_equal(number, one)
        np.testing.assert_array_equal(number % 3, targets)


def test_it_begins_where_told():
    feed = StreamFeed(lambda: iter(ROWS), classes=3, batch=6, buffer=10)
    expected = [b.rows.tolist() for b in feed.batches(2, 4)]
    dataset = stream_dataset(feed, 2, 4, rows=True)
    assert [r.numpy().tolist() for *_, r in dataset] == expected
    later = [b.rows.tolist() for b in feed.batches(3)]
    assert [r.numpy().tolist() for *_, r in dataset] == later
