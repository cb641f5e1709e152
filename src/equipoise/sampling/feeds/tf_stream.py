# SPDX-License-Identifier: Apache-2.0
"""A stream feed's batches as a `tf.data.Dataset`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import numpy as np
import tensorflow as tf

from equipoise.sampling.feeds.batch import Batch, mapped
from equipoise.sampling.feeds.protocols import StreamSource
from equipoise.sampling.feeds.stream_rows import require_castable


def stream_dataset(
    feed: StreamSource,
    first_epoch: int = 0,
    first_step: int = 0,
    *,
    rows: bool = False,
    starts: Iterator[int] | None = None,
) -> tf.data.Dataset:
    """Return batches of (features, targets) or (features, targets, weights).

    With `feed.steps`, passes that follow one another share one reading of the source;
    one that begins elsewhere reads it from the start.

    Args:
        feed: The stream.
        first_epoch: The epoch of the first pass, from 0.
        first_step: The batch that it begins with, from 0.
        rows: Whether weights and row numbers follow, whatever parts there are.
        starts: Where each pass begins, as a number of batches from the start; for feeds
            with `steps`.

    Raises:
        InputError: The source has no rows.
    """
    first = feed.first_row()
    weighted = len(first) > 2
    steps = feed.steps
    passes = starts
    if passes is None and steps is not None:
        passes = count(first_epoch * steps + first_step, steps)
    epochs = count(first_epoch)
    going: dict[int, Iterator[Batch]] = {}

    def next_pass() -> Iterator[Batch]:
        if steps is None or passes is None:
            epoch = next(epochs)
            yield from feed.batches(epoch, first_step if epoch == first_epoch else 0)
            return
        start = next(passes)
        stream = going.pop(start) if start in going else None
        if stream is None:
            stream = feed.batches(*divmod(start, steps))
        going.clear()
        for number, batch in enumerate(islice(stream, steps)):
            if number == steps - 1:  # whoever breaks off before must read again
                going[start + steps] = stream
            yield batch

    def batches() -> Iterator[Any]:
        for batch in next_pass():
            require_castable(batch.features, types)
            parts = batch.parts()
            if rows:
                one = np.ones(feed.batch, np.float32)
                parts = (*parts, *(() if weighted else (one,)), batch.rows)
            yield parts

    types = mapped(lambda values: np.asarray(values).dtype, first[0])
    targets = tf.float32 if feed.classes == 2 else tf.int32
    each = [_spec(first[0], feed), tf.TensorSpec((feed.batch,), targets)]
    if weighted or rows:
        each.append(tf.TensorSpec((feed.batch,), tf.float32))
    if rows:
        each.append(tf.TensorSpec((feed.batch,), tf.int64))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=tuple(each))
    if steps is not None:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(tf.data.AUTOTUNE)


def _spec(features: Any, feed: StreamSource) -> Any:
    def one(values: Any) -> tf.TensorSpec:
        array = np.asarray(values)
        shape = (None, *array.shape[1:]) if feed.sequences else array.shape
        return tf.TensorSpec((feed.batch, *shape), array.dtype)

    return mapped(one, features)
