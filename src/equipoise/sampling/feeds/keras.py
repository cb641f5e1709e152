# SPDX-License-Identifier: Apache-2.0
"""A sampler's batches as a `keras.utils.PyDataset`."""

from __future__ import annotations

from typing import Any

import keras

from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.batch import BatchMaker
from equipoise.sampling.feeds.protocols import BatchSource


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is untyped
    """Batches for `model.fit`; each epoch is another draw.

    Args:
        feed: What is drawn from what.
        first_epoch: The number of the first epoch, from 0.
        first_step: The batch that it starts with; then each pass ends before that
            batch of the next epoch.
    """

    def __init__(
        self, feed: BatchSource, first_epoch: int = 0, first_step: int = 0
    ) -> None:
        super().__init__()
        self._feed = feed
        self._maker = BatchMaker(feed.parts())
        self._epoch, self._first = first_epoch, first_step
        self._draws: dict[int, Draw] = {first_epoch: feed.draw(first_epoch)}

    def __len__(self) -> int:
        """Return the batches of an epoch."""
        return self._feed.steps

    def __getitem__(self, step: int) -> tuple[Any, ...]:
        """Return batch `step` of the epoch: features, targets, weights if any."""
        draw, place = self._draw_of(step)
        return self._maker.make(draw, place)

    def rows(self, step: int) -> Any:
        """Return the numbers of the rows of batch `step`, `[batch]`."""
        draw, place = self._draw_of(step)
        return draw.index[place]

    def _draw_of(self, step: int) -> tuple[Draw, int]:
        later, place = divmod(self._first + step, self._feed.steps)
        epoch = self._epoch + later
        draw = self._draws.get(epoch)
        if draw is None:
            draw = self._feed.draw(epoch)
            self._draws = {**self._draws, epoch: draw}
        return draw, place

    def on_epoch_end(self) -> None:
        """Draw the next epoch."""
        self._epoch += 1
        draw = self._draws.get(self._epoch)
        draw = self._feed.draw(self._epoch) if draw is None else draw
        self._draws = {self._epoch: draw}
