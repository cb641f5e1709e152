# SPDX-License-Identifier: Apache-2.0
"""Batches of half positives, half negatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes, interleaved
from equipoise.sampling.sampler import Sampler, prior_of


@dataclass(frozen=True)
class Balanced(Sampler):
    """Make half of every batch positive; odd sizes alternate.

    Positives repeat as often as it takes; all negatives are reached in turn.

    Source: Elkan (2001), "The foundations of cost-sensitive learning", theorem 2:
    drawing within the classes changes the prior and nothing else.

    Example:
        >>> labels = [0] * 95 + [1] * 5
        >>> draw = Balanced().draw(labels, batch=5, steps=4, seed=0, epoch=0)
        >>> draw.targets(labels).sum(axis=1).tolist()
        [3.0, 2.0, 3.0, 2.0]
    """

    name: ClassVar[str] = "balanced"
    citations: ClassVar[tuple[str, ...]] = ("elkan2001",)
    repeats_positives: ClassVar[bool] = True
    always_even: ClassVar[bool] = True

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return equal shares, whatever the counts."""
        return prior_of([1 / len(totals)] * (len(totals) - 1))

    def describe(self) -> str:
        """Return what it does."""
        return "half positive, half negative"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        classes.require_both(self.name)
        return interleaved(classes, 1, 2, start=start, count=count, seed=seed)
