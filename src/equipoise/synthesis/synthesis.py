# SPDX-License-Identifier: Apache-2.0
"""What a synthesis is: a rule that puts examples between examples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.options import Setting, check_fields, settings_of
from equipoise._core.types import Int32Array
from equipoise.sampling.draw import Draw


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What a synthesis has learned from the training part, once.

    Attributes:
        of: `[rows]` int32: the line of `index` that belongs to a row, -1 if it
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
        """Return no neighbours, for a number of rows."""
        return cls(np.full(rows, -1, np.int32), np.empty((0, 0), np.int32), notes)


class Synthesis(ABC):
    """A pure rule that gives each drawn example a partner and a mix.

    A new synthesis is a frozen dataclass whose fields are its options, with the
    methods below, and a line in `synthesis/syntheses.py`; from outside the package,
    `equipoise.register`. It only ever receives the training part.

    Attributes:
        name: Its name in a `Strategy`.
        citations: Keys of the sources.
        sources: The BibTeX entries of keys that Equipoise does not know.
        tasks: The kinds of task that it serves.
        fills: Whether it takes the place of repeated positives, so that it needs
            a sampler that repeats them.
        soft: Whether it gives targets between 0 and 1.
    """

    name: ClassVar[str]
    citations: ClassVar[tuple[str, ...]] = ()
    sources: ClassVar[Mapping[str, str]] = {}
    tasks: ClassVar[tuple[str, ...]] = ("binary",)
    fills: ClassVar[bool] = False
    soft: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return its options with their defaults and ranges."""
        return settings_of(cls)

    @classmethod
    def obstacle(cls) -> str:
        """Return why no known shift leads back to probabilities; empty if one does."""
        if cls.soft:
            return f"{cls.name} fits blends of examples, not examples"
        return f"{cls.name} changes where positives lie, not only how many there are"

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
