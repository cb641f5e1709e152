# SPDX-License-Identifier: Apache-2.0
"""A sampler's batches as a `keras.utils.PyDataset`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from equipoise._core.types import AnyArray
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
        return _each(lambda part: _mixed(part, index, partner, mix), self._parts)

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
