# SPDX-License-Identifier: Apache-2.0
"""A part of every batch drawn for each class or label in turn, the rest naturally."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import as_probability
from equipoise._core.options import option
from equipoise.sampling.classes import Classes, SharedClasses
from equipoise.sampling.sampler import QuotaSampler, quotas_of
from equipoise.task import TASK_KINDS, label_matrix


@dataclass(frozen=True)
class Quotas(QuotaSampler):
    """Draw a share of every batch for the classes or labels evenly, the rest naturally.

    Each of L labels has a quota of share / L of every batch, exact to a few rows: rows
    that have the label, whatever else they have. The rest is drawn from all rows. So no
    label falls below its quota, and a row's rate of drawing is a sum over its labels
    that weights of `importance` undo exactly. Quotas of your own, one for each label,
    are `Proportions`.

    Of several classes each has share / K + (1 - share) n_c / n of every batch.

    Source: a mixture of two draws; its weights are those of Horvitz & Thompson (1952),
    section 3, see `importance`.

    Attributes:
        share: The part of every batch that is drawn by quotas, strictly between 0
            and 1.

    Example:
        >>> labels = [[1, 0]] * 18 + [[1, 1], [0, 0]]
        >>> draw = Quotas(0.5).draw(labels, batch=16, steps=2, seed=0, epoch=0)
        >>> bool((draw.targets(labels)[..., 1].sum(axis=1) >= 4).all())
        True
    """

    share: float = option(0.5, 0, 1, open_ends=True)

    name: ClassVar[str] = "quotas"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("elkan2001",)
    repeats_positives: ClassVar[bool] = True

    def quotas(self, totals: Sequence[int]) -> list[int]:
        """Return the ratios in which the classes are drawn, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.
        """
        each = np.asarray(totals, np.float64)
        present = each > 0
        even = self.share * present / present.sum()
        return quotas_of((even + (1 - self.share) * each / each.sum()).tolist())

    def grouped(self, labels: npt.ArrayLike, classes: int | None = None) -> Classes:
        """Return the classes; of a label matrix all rows, and those of each label."""
        groups = super().grouped(labels, classes)
        if np.ndim(labels) != 2 or np.shape(labels)[1] == 1:
            return groups
        there = label_matrix(labels) == 1
        present = np.flatnonzero(there.any(axis=0))
        quotas = dict.fromkeys(present.tolist(), self.share / max(len(present), 1))
        return quota_groups(there, quotas)

    def describe(self) -> str:
        """Return what it does."""
        share = as_probability(self.share, 3)
        return f"with {share} of every batch half positive, and the rest naturally"

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        share = as_probability(self.share, 3)
        if kind == "multilabel":
            return (
                f"with {share} of every batch drawn for each label in turn, and the "
                "rest naturally"
            )
        return (
            f"with {share} of every batch drawn evenly over the classes, and the rest "
            "naturally"
        )


def quota_groups(
    there: npt.NDArray[np.bool_], quotas: dict[int, float]
) -> SharedClasses:
    """Return all rows, and the rows of each label, with the shares to draw them at.

    Args:
        there: `[rows, labels]` whether a row has a label.
        quotas: The share of each label's draws, by its number; their sum is below 1,
            and what they leave is drawn from all rows.
    """
    everyone = np.arange(len(there), dtype=np.int32)
    groups = [np.flatnonzero(there[:, label]).astype(np.int32) for label in quotas]
    shares = [1 - sum(quotas.values()), *quotas.values()]
    return SharedClasses((everyone, *groups), tuple(quotas_of(shares)), len(there))
