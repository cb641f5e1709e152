# SPDX-License-Identifier: Apache-2.0
"""All positives, and only some of the negatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from equipoise._core.numerals import significant
from equipoise._core.options import option
from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes, shuffled_class_passes
from equipoise.sampling.sampler import Sampler, prior_of, quota_shares
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class Undersample(Sampler):
    """Draw every positive once per pass, and a part of the negatives.

    Each pass goes on with the negatives after those of the last, so all are seen
    before one is seen again. If there are no more negatives than asked for, all are
    drawn. Of several classes the smallest is drawn whole, and each other is cut to its
    number of rows over the ratio.

    Source: Dal Pozzolo et al. (2015), "Calibrating probability with undersampling for
    unbalanced classification", section III, with the correction of the probabilities.

    Attributes:
        ratio: Positives per negative, or rows of the smallest class per row of each
            other, above 0; 1 makes the classes equal.
        fresh: Whether each pass takes other negatives; else the seed chooses them
            once, as the members of an under-bagging ensemble do.

    Example:
        >>> labels = [0] * 90 + [1] * 10
        >>> sampler = Undersample(ratio=0.5)
        >>> draw = sampler.draw(labels, batch=10, steps=3, seed=0, epoch=0)
        >>> int(draw.targets(labels).sum()), round(sampler.negative_share(90, 10), 3)
        (10, 0.222)
    """

    ratio: float = option(1.0, 0, open_ends=True)
    fresh: bool = option(True, boolean=True)

    name: ClassVar[str] = "undersample"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("dalpozzolo2015",)

    def negatives_drawn(self, negatives: int, positives: int) -> int:
        """Return how many negatives a pass holds.

        Args:
            negatives: The number of negatives.
            positives: The number of positives.
        """
        return min(negatives, max(1, round(positives / self.ratio)))

    def negative_share(self, negatives: int, positives: int) -> float:
        """Return the share of the negatives that a pass holds.

        Its logarithm is the offset that returns to the population's log-odds
        (Dal Pozzolo et al. 2015, section III).

        Args:
            negatives: The number of negatives.
            positives: The number of positives.
        """
        return self.negatives_drawn(negatives, positives) / negatives

    def per_pass(self, totals: Sequence[int]) -> list[int]:
        """Return how many rows of each class a pass holds, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.
        """
        if len(totals) == 2:
            return [self.negatives_drawn(*totals), totals[1]]
        least = min(total for total in totals if total)
        return [
            self.negatives_drawn(total, least) if total > least else total
            for total in totals
        ]

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        which = "fresh in every pass" if self.fresh else "chosen once"
        what = "group of rows by their rarest label"
        what = what if kind == "multilabel" else "class"
        return (
            f"with each {what} cut to {significant(1 / self.ratio)} per row of the "
            f"smallest, {which}"
        )

    def left_out(self) -> str:
        """Return why some rows are never drawn, if they are chosen once."""
        return "" if self.fresh else "the negatives are chosen once"

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the share of either class in a pass."""
        if len(totals) != 2:
            return quota_shares(self.per_pass(totals))
        negatives, positives = totals
        fewer = self.negatives_drawn(negatives, positives)
        return prior_of([positives / (positives + fewer)])

    def describe(self) -> str:
        """Return what it does."""
        which = "fresh in every pass" if self.fresh else "chosen once"
        return (
            f"with negatives cut to {significant(1 / self.ratio)} per positive, {which}"
        )

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
            fresh=self.fresh,
        )
