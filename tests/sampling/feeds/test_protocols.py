# SPDX-License-Identifier: Apache-2.0
"""What is promised to a feed, and by it, is what samplers, syntheses and feeds have."""

from __future__ import annotations

import numpy as np

from equipoise.sampling import Balanced, Draw, Feed, StreamFeed, feed_from
from equipoise.sampling.feeds.protocols import (
    BatchSource,
    Draws,
    Mixing,
    StreamSource,
)
from equipoise.sampling.feeds.tf_data import as_dataset
from equipoise.synthesis import Smote

SAMPLER: Draws = Balanced()
SYNTHESIS: Mixing = Smote()


class Rows:
    """A source that is no feed: the same rows again and again."""

    batch, steps, mixing = 2, 3, None

    def draw(self, epoch: int) -> Draw:
        return Draw(np.array([[0, 1], [1, 2], [2, 0]], np.int32))

    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(3.0), np.array([0.0, 1.0, 0.0])


def test_a_feed_is_a_source_of_batches() -> None:
    source: BatchSource = feed_from(SAMPLER, np.eye(4), [0, 1, 0, 1], batch=2)
    assert isinstance(source, Feed)
    assert source.draw(0).index.shape == (source.steps, source.batch)


def test_any_source_makes_a_data_set() -> None:
    batches = [x.numpy().tolist() for x, _ in as_dataset(Rows())]
    assert batches == [[0.0, 1.0], [1.0, 2.0], [2.0, 0.0]]


def test_a_stream_feed_is_a_source_of_a_stream() -> None:
    source: StreamSource = StreamFeed([(1.0, 0), (2.0, 1)] * 3, batch=2)
    assert source.first_row() == (1.0, 0)
    assert sum(1 for _ in source.batches()) == 3
