# SPDX-License-Identifier: Apache-2.0
"""Batches that go from the natural shares of the classes to equal ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from equipoise._core.numerals import exact
from equipoise._core.options import option
from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.sampler import Sampler, prior_of, quota_shares


@dataclass(frozen=True)
class Progressive(Sampler):
    """Draw naturally at first, and pass by pass more evenly, up to equal shares.

    In pass t of T a class has the share (1 - t / T) n_c / n + (t / T) / K, n_c being
    its number of rows of n and K the number of classes; from pass T on all have 1 / K.
    A pass is as many draws as there are rows, which is an epoch of `steps_per_epoch`
    batches.

    What the network learned under earlier shares is still in it, so that the shift of
    the last shares, which `correction` has, is not exact: its probabilities must be
    calibrated.

    Source: Kang et al. (2020), "Decoupling representation and classifier for
    long-tailed recognition", progressively-balanced sampling.

    Attributes:
        passes: T, after how many passes the shares are equal, at least 1.

    Example:
        >>> labels = [0] * 90 + [1] * 10
        >>> sampler = Progressive(passes=4)
        >>> draw = sampler.draw(labels, batch=100, steps=6, seed=0, epoch=0)
        >>> draw.targets(labels).sum(axis=1).tolist()
        [10.0, 20.0, 30.0, 40.0, 50.0, 50.0]
    """

    passes: int = option(10, 1, whole=True)

    name: ClassVar[str] = "progressive"
    tasks: ClassVar[tuple[str, ...]] = ("binary", "multiclass")
    citations: ClassVar[tuple[str, ...]] = ("kang2020",)
    repeats_positives: ClassVar[bool] = True
    moves: ClassVar[bool] = True
    obstacle: ClassVar[str] = (
        "the shares of progressive sampling change from pass to pass"
    )

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the shares of the last passes, which are equal to one row."""
        counts = self.per_pass(totals, self.passes)
        if len(totals) != 2:
            return quota_shares(counts)
        return prior_of([counts[1] / sum(counts)])

    def settles(self, rows: int) -> int:
        """Return the first place of the last passes."""
        return rows * self.passes

    def per_pass(self, totals: Sequence[int], number: int) -> list[int]:
        """Return how many rows of each class a pass holds, `[classes]`.

        They sum to the number of rows. What rounding leaves goes to the classes with
        the largest remainders.

        Args:
            totals: `[classes]` the number of rows of each class.
            number: The number of the pass, from 0.
        """
        step, rows = min(number, self.passes), sum(totals)
        present = sum(total > 0 for total in totals)
        shares = [
            (self.passes - step) * total * present + step * rows * (total > 0)
            for total in totals
        ]
        whole = self.passes * present
        counts = [share // whole for share in shares]
        by_rest = sorted(range(len(shares)), key=lambda c: (-(shares[c] % whole), c))
        for group in by_rest[: rows - sum(counts)]:
            counts[group] += 1
        return counts

    def describe(self) -> str:
        """Return what it does."""
        return (
            "at their natural frequency at first, and after "
            f"{exact(self.passes)} passes half positive"
        )

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes."""
        return (
            "at their natural frequency at first, and after "
            f"{exact(self.passes)} passes with as many rows of each class"
        )

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        classes.require_both(self.name)
        rows, totals = len(classes), classes.totals
        first, last = start // rows, (start + count - 1) // rows
        parts = []
        before = self._before(totals, first)
        for number in range(first, last + 1):
            quotas = self.per_pass(totals, number)
            low = max(start - number * rows, 0)
            high = min(start + count - number * rows, rows)
            parts.append(
                interleaved_classes(
                    classes,
                    quotas,
                    start=low,
                    count=high - low,
                    seed=seed,
                    before=before,
                )
            )
            before = [there + more for there, more in zip(before, quotas, strict=True)]
        return np.concatenate(parts)

    def _before(self, totals: Sequence[int], number: int) -> list[int]:
        """Return how many rows of each class all passes before one hold."""
        changing = [self.per_pass(totals, n) for n in range(min(number, self.passes))]
        later = max(0, number - self.passes)
        equal = self.per_pass(totals, self.passes)
        return [
            sum(counts[group] for counts in changing) + later * equal[group]
            for group in range(len(totals))
        ]
