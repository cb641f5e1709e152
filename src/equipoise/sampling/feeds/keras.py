# SPDX-License-Identifier: Apache-2.0
"""A sampler's batches as a `keras.utils.PyDataset`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from equipoise._core.types import AnyArray, FloatArray
from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.protocols import BatchSource


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is untyped
    """Batches for `model.fit`; each epoch is another draw.

    Args:
        feed: What is drawn from what.
        first_epoch: The number of the first epoch, from 0.
    """

    def __init__(self, feed: BatchSource, first_epoch: int = 0) -> None:
        super().__init__()
        self._feed = feed
        self._parts = feed.parts()
        self._epoch = first_epoch
        self._widths: FloatArray | None = None
        self._draw = feed.draw(first_epoch)

    def __len__(self) -> int:
        """Return the batches of an epoch."""
        return self._feed.steps

    def __getitem__(self, step: int) -> tuple[Any, ...]:
        """Return batch `step` of the epoch: features, targets, weights if any."""
        draw = self._draw
        index = draw.index[step]
        if draw.partner is None or draw.mix is None:
            return _each(lambda part: part.take(index, axis=0), self._parts)
        partner, mix = draw.partner[step], draw.mix[step]
        batch = _each(lambda part: _mixed(part, index, partner, mix), self._parts)
        return self._finished(batch, draw, step)

    def _finished(
        self, batch: tuple[Any, ...], draw: Draw, step: int
    ) -> tuple[Any, ...]:
        """Return a batch with targets and noise of the draw's own, if it has any."""
        features, targets, *weights = batch
        index = draw.index[step]
        if draw.target_mix is not None and draw.partner is not None:
            partner, share = draw.partner[step], draw.target_mix[step]
            targets = _mixed(self._parts[1], index, partner, share)
        if draw.labels is not None:
            targets = Draw(index, labels=draw.labels[step]).targets([[0]])
        if draw.noise is not None and draw.mix is not None:
            if self._widths is None:
                self._widths = draw.noise.deviations(self._parts[0])
            first, mix = step * self._feed.batch, draw.mix[step]
            features = draw.noise.added(features, index, mix, self._widths, first)
        return (features, targets, *weights)

    def on_epoch_end(self) -> None:
        """Draw the next epoch."""
        self._epoch += 1
        self._draw = self._feed.draw(self._epoch)


def _each(
    rule: Callable[[AnyArray], AnyArray], parts: tuple[Any, ...]
) -> tuple[Any, ...]:
    return tuple(keras.tree.map_structure(rule, parts))


def _mixed(
    values: AnyArray, index: AnyArray, partner: AnyArray, mix: AnyArray
) -> AnyArray:
    share = mix.reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
    first = values.take(index, axis=0)
    return np.asarray(first + share * (values.take(partner, axis=0) - first))
