# SPDX-License-Identifier: Apache-2.0
"""Rows as they come, in random order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes
from equipoise.sampling.sampler import Sampler, natural_prior
from equipoise.sampling.streams import permutations
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class Natural(Sampler):
    """Draw every row once per pass, each pass in another order.

    Example:
        >>> draw = Natural().draw([0, 0, 0, 1], batch=2, steps=2, seed=0, epoch=0)
        >>> sorted(draw.index.ravel().tolist())
        [0, 1, 2, 3]
    """

    name: ClassVar[str] = "natural"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    keeps_shares: ClassVar[bool] = True

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the shares that the classes have among the labels."""
        return natural_prior(totals)

    def describe(self) -> str:
        """Return what it does."""
        return "at their natural frequency"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        return permutations(len(classes), start, count, seed, "rows")
