# SPDX-License-Identifier: Apache-2.0
"""Batches with a share of positives that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from equipoise._core.numerals import as_probability
from equipoise._core.options import option
from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.balanced import present
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.sampler import Sampler, prior_of, quota_shares, quotas_of
from equipoise.task import TASK_KINDS

_FINEST = 1_000_000


@dataclass(frozen=True)
class Rate(Sampler):
    """Give every batch the same share of positives, exact to one row.

    Of several classes the rate is the share of all but the largest class together.
    Among one another they keep their shares.

    Source: Elkan (2001), "The foundations of cost-sensitive learning", theorem 2:
    drawing within the classes changes the prior and nothing else.

    Attributes:
        rate: The share of positives, or of all classes but the largest, strictly
            between 0 and 1; rounded to a millionth.

    Example:
        >>> labels = [0] * 95 + [1] * 5
        >>> draw = Rate(0.25).draw(labels, batch=8, steps=3, seed=0, epoch=0)
        >>> draw.targets(labels).sum(axis=1).tolist()
        [2.0, 2.0, 2.0]
    """

    rate: float = option(0.25, 1 / _FINEST, 1 - 1 / _FINEST)

    name: ClassVar[str] = "rate"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("elkan2001",)
    repeats_positives: ClassVar[bool] = True

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the rate for the positives, whatever the counts."""
        if len(totals) != 2:
            return quota_shares(self.quotas(totals))
        return prior_of([float(self._share)])

    def quotas(self, totals: Sequence[int]) -> list[int]:
        """Return the ratios in which the classes are drawn, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.
        """
        share = self._share
        if len(totals) == 2:
            return [share.denominator - share.numerator, share.numerator]
        largest = max(range(len(totals)), key=totals.__getitem__)
        rest = sum(totals) - totals[largest]
        if not rest:
            return present(totals)
        shares = [float(share) * total / rest for total in totals]
        shares[largest] = float(1 - share)
        return quotas_of(shares)

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        share = as_probability(self.rate, 3)
        if kind == "multilabel":
            return f"with {share} of every batch outside the largest group of labels"
        return f"with {share} of every batch of other classes than the largest"

    def describe(self) -> str:
        """Return what it does."""
        return f"with {as_probability(self.rate, 3)} of every batch positive"

    @property
    def _share(self) -> Fraction:
        return Fraction(self.rate).limit_denominator(_FINEST)

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        classes.require_both(self.name)
        return interleaved_classes(
            classes,
            self.quotas(classes.totals),
            start=start,
            count=count,
            seed=seed,
        )
