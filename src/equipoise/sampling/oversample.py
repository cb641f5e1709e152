# SPDX-License-Identifier: Apache-2.0
"""Positives repeated until they are numerous enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from equipoise._core.numerals import exact
from equipoise._core.options import option
from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes, shuffled_class_passes
from equipoise.sampling.sampler import Sampler, prior_of, quota_shares
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class Oversample(Sampler):
    """Draw every negative once per pass, and positives as often as needed.

    The copies of any two positives differ by at most one per pass, and those that
    are drawn once more change from pass to pass. If there are already as many
    positives as asked for, each is drawn once. Of several classes each is repeated
    until it has that many rows per row of the largest class.

    Source: Elkan (2001), "The foundations of cost-sensitive learning", theorem 2:
    drawing within the classes changes the prior and nothing else.

    Attributes:
        ratio: Positives per negative, or rows of each class per row of the largest,
            above 0; 1 makes the classes equal.

    Example:
        >>> labels = [0] * 6 + [1] * 2
        >>> draw = Oversample().draw(labels, batch=6, steps=2, seed=0, epoch=0)
        >>> int(draw.targets(labels).sum()), Oversample().prior([6, 2]).tolist()
        (6, [0.5, 0.5])
    """

    ratio: float = option(1.0, 0, open_ends=True)

    name: ClassVar[str] = "oversample"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("elkan2001",)
    repeats_positives: ClassVar[bool] = True

    def copies(self, negatives: int, positives: int) -> int:
        """Return how many positives a pass holds.

        Args:
            negatives: The number of negatives.
            positives: The number of positives.
        """
        return max(positives, round(self.ratio * negatives))

    def per_pass(self, totals: Sequence[int]) -> list[int]:
        """Return how many rows of each class a pass holds, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.
        """
        if len(totals) == 2:
            return [totals[0], self.copies(*totals)]
        most = max(totals)
        return [self.copies(most, total) if total else 0 for total in totals]

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        what = "group of rows by their rarest label"
        what = what if kind == "multilabel" else "class"
        return (
            f"with each {what} repeated to {exact(self.ratio)} per row of the largest"
        )

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the share of either class in a pass."""
        if len(totals) != 2:
            return quota_shares(self.per_pass(totals))
        negatives, positives = totals
        copies = self.copies(negatives, positives)
        return prior_of([copies / (negatives + copies)])

    def describe(self) -> str:
        """Return what it does."""
        return f"with positives repeated to {exact(self.ratio)} per negative"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        classes.require_both(self.name)
        return shuffled_class_passes(
            classes,
            self.per_pass(classes.totals),
            start=start,
            count=count,
            seed=seed,
        )
