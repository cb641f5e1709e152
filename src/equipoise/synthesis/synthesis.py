# SPDX-License-Identifier: Apache-2.0
"""What a synthesis is: a rule that puts examples between examples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise.sampling.draw import Draw, Int32Array


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What a synthesis has learned from the training part, once.

    Attributes:
        of: `[rows]` int32: the line of `index` that belongs to a row, -1 where it
            has none.
        index: `[lines, k]` int32: positions of its nearest rows of the same class.
        notes: What the user should know, one sentence each.
    """

    of: Int32Array
    index: Int32Array
    notes: tuple[str, ...] = ()

    @property
    def k(self) -> int:
        """The number of neighbours of each row that has any."""
        return int(self.index.shape[1])

    @classmethod
    def none(cls, rows: int, *notes: str) -> Neighbours:
        """Return no neighbours at all, for so many rows."""
        return cls(np.full(rows, -1, np.int32), np.empty((0, 0), np.int32), notes)


class Synthesis(ABC):
    """A pure rule that gives each drawn example a partner and a mix.

    A new synthesis is a frozen dataclass whose fields are its options, with the
    methods below, and a line in `synthesis/syntheses.py`. It only ever receives
    the training part.

    Attributes:
        name: What it is called in a `Strategy`.
        citations: Keys of the sources.
        fills: Whether it takes the place of repeated positives, so that it needs
            a sampler that repeats them.
        soft: Whether it gives targets between 0 and 1.
    """

    name: ClassVar[str]
    citations: ClassVar[tuple[str, ...]] = ()
    fills: ClassVar[bool] = False
    soft: ClassVar[bool] = False

    @abstractmethod
    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
    ) -> Neighbours:
        """Learn from the training part what `mix` needs.

        Args:
            numbers: `[rows, columns]` encoded numbers of the training rows.
            codes: `[rows, columns]` category numbers, or None.
            labels: `[rows]`, 0 or 1.
            seed: The seed of the run.
        """

    @abstractmethod
    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with partners and mixes.

        Args:
            draw: The rows of an epoch, from a sampler.
            neighbours: What `prepare` returned for the same labels.
            labels: `[rows]`, 0 or 1: what the draw was made from.
            seed: The seed of the run.
            epoch: The number of the epoch.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what it does, in words that complete "batches drawn ..., ..."."""
