# SPDX-License-Identifier: Apache-2.0
"""A sampler's batches as a `tf.data.Dataset`.

The rows of an epoch are drawn as indices, and gathered in the graph a block of
batches at a time: nothing is filtered, rejected or read twice, so a rare class costs
no more than a common one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import tensorflow as tf

from equipoise._core.types import AnyArray
from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.made import MadeBatches, blended, needs_more
from equipoise.sampling.feeds.protocols import BatchSource

GATHERED_BYTES = 1 << 21
"""Bytes gathered at a time, at most, unless a batch holds more: about what a cache
holds, and for images no more memory than a batch."""


def as_dataset(feed: BatchSource, first_epoch: int = 0) -> tf.data.Dataset:
    """Return batches of (features, targets) or (features, targets, weights).

    One pass is one epoch of `feed.steps` batches. Each new pass goes on to the next
    epoch, so `model.fit(dataset, epochs=10)` sees ten different draws.

    Args:
        feed: What is drawn from what.
        first_epoch: The epoch of the first pass, from 0.
    """
    epochs = count(first_epoch)
    at_once = batches_at_once(feed)
    tensors = tf.nest.map_structure(tf.constant, feed.parts())
    mixed = feed.mixing is not None
    made = MadeBatches(feed) if needs_more(feed) else None

    def blocks() -> Iterator[Any]:
        draw = feed.draw(next(epochs))
        arrays = _arrays(draw, mixed) if made is None else made.arrays(draw)
        for start in range(0, feed.steps, at_once):
            yield tuple(array[start : start + at_once] for array in arrays)

    shape = (None, feed.batch)
    rows = tf.TensorSpec(shape, tf.int32)
    mixing = (rows, tf.TensorSpec(shape, tf.float32)) if mixed else ()
    signature = (rows, *mixing) if made is None else made.specs

    def gather(*places: tf.Tensor) -> Any:
        if made is not None:
            return made.examples(tensors, *places)
        return tf.nest.map_structure(lambda part: _take(part, *places), tensors)

    return (
        tf.data.Dataset.from_generator(blocks, output_signature=signature)
        .map(gather)
        .unbatch()
        .apply(tf.data.experimental.assert_cardinality(feed.steps))
        .prefetch(tf.data.AUTOTUNE)
    )


def batches_at_once(feed: BatchSource) -> int:
    """Return how many batches are gathered at a time, to stay below `GATHERED_BYTES`.

    Args:
        feed: What is drawn from what.
    """
    parts: list[AnyArray] = tf.nest.flatten(feed.parts())
    row = sum(part[:1].nbytes for part in parts)
    return max(1, GATHERED_BYTES // (row * feed.batch))


def _arrays(draw: Draw, mixed: bool) -> tuple[Any, ...]:
    if not mixed:
        return (draw.index,)
    if draw.partner is None or draw.mix is None:  # a synthesis without neighbours
        return draw.index, draw.index, np.zeros(draw.index.shape, np.float32)
    return draw.index, draw.partner, draw.mix


def _take(
    values: tf.Tensor,
    index: tf.Tensor,
    partner: tf.Tensor | None = None,
    mix: tf.Tensor | None = None,
) -> tf.Tensor:
    """Gather rows, and move each towards its partner by its mix."""
    if partner is None:
        return tf.gather(values, index)
    return blended(values, index, partner, mix)
