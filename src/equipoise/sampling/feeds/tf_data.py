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

from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.made import MadeBatches, blended, needs_more
from equipoise.sampling.feeds.protocols import BatchSource
from equipoise.sampling.feeds.sequences import Sequences

GATHERED_BYTES = 1 << 21
"""Bytes gathered at a time, at most, unless a batch holds more: about what a cache
holds, and for images no more memory than a batch."""


def as_dataset(
    feed: BatchSource,
    first_epoch: int = 0,
    first_step: int = 0,
    *,
    rows: bool = False,
    starts: Iterator[int] | None = None,
) -> tf.data.Dataset:
    """Return batches of (features, targets) or (features, targets, weights).

    One pass is one epoch of `feed.steps` batches. Each new pass goes on to the next
    epoch, so `model.fit(dataset, epochs=10)` sees ten different draws.

    Args:
        feed: What is drawn from what.
        first_epoch: The epoch of the first pass, from 0.
        first_step: The batch that it begins with, from 0 to below `steps`.
        rows: Whether weights and row numbers follow, whatever parts there are.
        starts: Where each pass begins: the number of its first batch, counted from the
            start of epoch 0. By default `steps` further each time.
    """
    first = first_epoch * feed.steps + first_step
    passes = count(first, feed.steps) if starts is None else starts
    at_once = batches_at_once(feed)
    parts = feed.parts()
    if rows and len(parts) == 2:
        parts = (*parts, np.ones(len(parts[1]), np.float32))
    tensors = tuple(tf.nest.map_structure(_tensor, part) for part in parts)
    paddings = tuple(tf.nest.map_structure(_padding, part) for part in parts)
    mixed = feed.mixing is not None
    made = MadeBatches(feed) if needs_more(feed) else None

    def blocks() -> Iterator[Any]:
        epoch, step = divmod(next(passes), feed.steps)
        for number, low, high in ((epoch, step, feed.steps), (epoch + 1, 0, step)):
            if low == high:
                continue
            draw = feed.draw(number)
            arrays = _arrays(draw, mixed) if made is None else made.arrays(draw)
            for start in range(low, high, at_once):
                end = min(start + at_once, high)
                yield tuple(array[start:end] for array in arrays)

    shape = (None, feed.batch)
    index = tf.TensorSpec(shape, tf.int32)
    mixing = (index, tf.TensorSpec(shape, tf.float32)) if mixed else ()

    signature = (index, *mixing) if made is None else made.specs

    def gather(*places: tf.Tensor) -> Any:
        examples = gathered(*places)
        return (*examples, places[0]) if rows else examples

    def gathered(*places: tf.Tensor) -> tuple[Any, ...]:
        if made is not None:
            return made.examples(tensors, *places)
        return tuple(
            tf.nest.map_structure(lambda v, pad: _take(v, pad, *places), part, padding)
            for part, padding in zip(tensors, paddings, strict=True)
        )

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
    parts: list[Any] = tf.nest.flatten(feed.parts())
    if any(isinstance(part, Sequences) for part in parts):
        return 1  # so that each batch is padded to its own longest
    row = sum(part[:1].nbytes for part in parts)
    return max(1, GATHERED_BYTES // (int(row) * feed.batch))


def _arrays(draw: Draw, mixed: bool) -> tuple[Any, ...]:
    if not mixed:
        return (draw.index,)
    if draw.partner is None or draw.mix is None:  # a synthesis without neighbours
        return draw.index, draw.index, np.zeros(draw.index.shape, np.float32)
    return draw.index, draw.partner, draw.mix


def _tensor(part: Any) -> Any:
    if isinstance(part, Sequences):
        return tf.RaggedTensor.from_row_splits(part.values, part.ends)
    return tf.constant(part)


def _padding(part: Any) -> Any:
    return part.padding if isinstance(part, Sequences) else 0


def _take(
    values: tf.Tensor,
    padding: float | str,
    index: tf.Tensor,
    partner: tf.Tensor | None = None,
    mix: tf.Tensor | None = None,
) -> tf.Tensor:
    """Gather rows, and move each towards its partner by its mix."""
    if partner is not None:
        return blended(values, index, partner, mix)
    first = tf.gather(values, index)
    if isinstance(values, tf.RaggedTensor):
        return first.to_tensor(tf.cast(padding, values.dtype))
    return first
