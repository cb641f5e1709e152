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

    The draw is made as the first of its batches is asked for, so that it follows
    the losses that a callback has given to `HardExamples` at the end of an epoch.

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
        self._draws: dict[int, Draw] = {}
        self._within, self._outside = False, 0

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

    def on_epoch_begin(self) -> None:
        """Begin the epoch; one whose end Keras told before it began has not passed."""
        self._epoch -= self._outside
        self._within, self._outside = True, 0

    def on_epoch_end(self) -> None:
        """Go on to the next epoch, which is not drawn yet.

        Keras calls this before the callbacks, which may still change what is drawn;
        and once before the first epoch of a fit, which `on_epoch_begin` takes back.
        """
        self._epoch += 1
        self._outside += not self._within
        self._within = False
        first, draws = self._epoch - self._outside, self._draws.items()
        self._draws = {epoch: draw for epoch, draw in draws if epoch >= first}
