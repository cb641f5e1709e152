# SPDX-License-Identifier: Apache-2.0
"""Each class drawn by the square root of its number of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.sampler import Sampler, quota_shares, quotas_of
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class SquareRoot(Sampler):
    """Give each class a share in every batch that goes with sqrt(n_c).

    Half way between natural and balanced batches: the log-odds of the classes' shares
    are half of what they are among the rows.

    Source: Mahajan et al. (2018), "Exploring the limits of weakly supervised
    pretraining", section 2.2.

    Example:
        >>> labels = [0] * 81 + [1] * 9 + [2]
        >>> SquareRoot().prior([81, 9, 1]).round(3).tolist()
        [0.692, 0.231, 0.077]
    """

    name: ClassVar[str] = "sqrt"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("mahajan2018",)
    repeats_positives: ClassVar[bool] = True

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return shares in the ratio of the square roots, to a millionth."""
        return quota_shares(self.quotas(totals))

    def quotas(self, totals: Sequence[int]) -> list[int]:
        """Return the ratios in which the classes are drawn, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.
        """
        return quotas_of([math.sqrt(total) for total in totals])

    def describe(self) -> str:
        """Return what it does."""
        return "by the square root of the classes' numbers of rows"

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        if kind == "multilabel":
            return "by the square root of how many rows have each rarest label"
        return self.describe()

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
