# SPDX-License-Identifier: Apache-2.0
"""Batches with as many rows of each class: half positives, half negatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.sampler import Sampler, prior_of, quota_shares
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class Balanced(Sampler):
    """Make half of every batch positive; odd sizes alternate.

    Positives repeat as often as it takes; all negatives are reached in turn. Of several
    classes each that has rows makes up the same share.

    Source: Elkan (2001), "The foundations of cost-sensitive learning", theorem 2:
    drawing within the classes changes the prior and nothing else.

    Example:
        >>> labels = [0] * 95 + [1] * 5
        >>> draw = Balanced().draw(labels, batch=5, steps=4, seed=0, epoch=0)
        >>> draw.targets(labels).sum(axis=1).tolist()
        [3.0, 2.0, 3.0, 2.0]
    """

    name: ClassVar[str] = "balanced"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("elkan2001",)
    repeats_positives: ClassVar[bool] = True
    always_even: ClassVar[bool] = True

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return equal shares, whatever the counts."""
        if len(totals) != 2:
            return quota_shares(present(totals))
        return prior_of([1 / len(totals)] * (len(totals) - 1))

    def describe(self) -> str:
        """Return what it does."""
        return "half positive, half negative"

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        if kind == "multilabel":
            return "evenly over the rarest labels that rows have"
        return "with as many rows of each class"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        classes.require_both(self.name)
        quotas = (1, 1) if len(classes.groups) == 2 else present(classes.totals)
        return interleaved_classes(classes, quotas, start=start, count=count, seed=seed)


def present(totals: Sequence[int]) -> list[int]:
    """Return 1 for each class that has rows, else 0.

    Args:
        totals: `[classes]` the number of rows of each class.

    Example:
        >>> present([5, 0, 2])
        [1, 0, 1]
    """
    return [int(total > 0) for total in totals]
