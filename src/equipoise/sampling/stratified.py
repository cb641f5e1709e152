# SPDX-License-Identifier: Apache-2.0
"""Every batch with the classes' shares of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from equipoise._core.types import FloatArray, Int32Array
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.sampler import Sampler, natural_prior
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class Stratified(Sampler):
    """Give every batch the natural share of positives, exact to one row.

    Of several classes each has its natural share, to within three rows.

    Each row comes once per pass. Against natural draws it takes away the chance
    that decides how many positives a batch holds, which at 1 % positives leaves 8
    batches of 256 in a hundred without any.

    Example:
        >>> labels = [0] * 90 + [1] * 10
        >>> draw = Stratified().draw(labels, batch=20, steps=5, seed=0, epoch=0)
        >>> draw.targets(labels).sum(axis=1).tolist()
        [2.0, 2.0, 2.0, 2.0, 2.0]
    """

    name: ClassVar[str] = "stratified"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    keeps_shares: ClassVar[bool] = True

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the shares that the classes have among the labels."""
        return natural_prior(totals)

    def describe(self) -> str:
        """Return what it does."""
        return "with the natural share of positives in every batch"

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        if kind == "multilabel":
            return "with the natural share of each rarest label in every batch"
        return "with the natural share of each class in every batch"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        classes.require_both(self.name)
        return interleaved_classes(
            classes, classes.totals, start=start, count=count, seed=seed
        )
