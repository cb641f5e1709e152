# SPDX-License-Identifier: Apache-2.0
"""A bootstrap sample of the rows, drawn once by the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes
from equipoise.sampling.sampler import Sampler, natural_prior
from equipoise.sampling.streams import permutations
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class Bootstrap(Sampler):
    """Draw rows with replacement once, within each class, then pass over them.

    Drawn within each class, the sample has as many positives as the labels: with
    12 positives a plain bootstrap would hold 6 to 19 of them. About 37 % of the
    rows are left out of each sample, which is the point of bagging; another seed
    leaves out others.

    Source: Breiman (1996), "Bagging predictors", there without regard to the class.

    Example:
        >>> labels = [0] * 9 + [1] * 3
        >>> draw = Bootstrap().draw(labels, batch=12, steps=1, seed=0, epoch=0)
        >>> int(draw.targets(labels).sum())
        3
    """

    name: ClassVar[str] = "bootstrap"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("breiman1996",)
    keeps_shares: ClassVar[bool] = True

    def left_out(self) -> str:
        """Return why some rows are never drawn."""
        return "a bootstrap sample holds about 63 % of the rows"

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the shares that the classes have among the labels."""
        return natural_prior(totals)

    def describe(self) -> str:
        """Return what it does."""
        return "from a bootstrap sample of each class"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        random = generator(seed, "bootstrap")
        sample = np.concatenate(
            [
                random.choice(rows, len(rows)) if len(rows) else rows
                for rows in classes.groups
            ]
        )
        places = permutations(len(sample), start, count, seed, "rows")
        return np.asarray(sample[places], np.int32)
