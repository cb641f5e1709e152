# SPDX-License-Identifier: Apache-2.0
"""What a feed needs of a sampler and of a synthesis, and a consumer of a feed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy.typing as npt

from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.batch import Batch


class Draws(Protocol):
    """Draws rows; `equipoise.sampling` has such samplers.

    One that draws the rows of a label matrix at other shares also has
    `importance(labels)`, weights of the rows that make up for it.
    """

    def draw(
        self,
        labels: npt.ArrayLike,
        *,
        batch: int,
        steps: int,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the rows of one epoch."""
        ...


class Mixing(Protocol):
    """What a synthesis does to a draw; `equipoise.synthesis` has them."""

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
    ) -> Any:
        """Learn from the rows what `mix` needs."""

    def mix(
        self, draw: Draw, neighbours: Any, labels: npt.ArrayLike, seed: int, epoch: int
    ) -> Draw:
        """Return the draw with partners and mixes."""


class BatchSource(Protocol):
    """Arrays and the draws over them; a `Feed` is one."""

    @property
    def batch(self) -> int:
        """Examples per batch."""

    @property
    def steps(self) -> int:
        """Batches per epoch."""

    @property
    def mixing(self) -> Mixing | None:
        """A synthesis, or None."""

    def draw(self, epoch: int) -> Draw:
        """Return the rows of an epoch, `[steps, batch]`."""

    def parts(self) -> tuple[Any, ...]:
        """Return (features, targets) or (features, targets, weights), by row."""


class StreamSource(Protocol):
    """A stream of rows and the batches made of it; a `StreamFeed` is one."""

    @property
    def batch(self) -> int:
        """Examples per batch."""

    @property
    def classes(self) -> int:
        """How many classes there are."""

    @property
    def steps(self) -> int | None:
        """Batches per epoch, or None if an epoch ends with its source."""

    @property
    def sequences(self) -> bool:
        """Whether features differ in length."""

    def first_row(self) -> Any:
        """Return the first row, with which the next pass still begins."""

    def batches(self, first_epoch: int = 0, first_step: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch; with `steps`, without end."""
        ...
