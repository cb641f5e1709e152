# SPDX-License-Identifier: Apache-2.0
"""Rows of rare classes or labels repeated by a factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import as_probability
from equipoise._core.options import option
from equipoise._core.types import FloatArray
from equipoise.sampling.classes import Classes, SharedClasses
from equipoise.sampling.sampler import QuotaSampler, quotas_of
from equipoise.task import TASK_KINDS, label_matrix


@dataclass(frozen=True)
class RepeatFactor(QuotaSampler):
    """Draw a row r times as often as it occurs, by its rarest class or label.

    r = max(1, sqrt(t / f)), f being the share of the rows that have the class or label.
    A row with several labels has the largest of their factors; one without a label has
    1. So classes with more than a share of t are left alone, and rarer ones are drawn
    by the square root of their number of rows. LVIS takes t = 0.001 for its 1,203
    categories.

    Source: Gupta et al. (2019), "LVIS: a dataset for large vocabulary instance
    segmentation", repeat factor sampling.

    Attributes:
        threshold: t, above 0 and at most 1.

    Example:
        >>> RepeatFactor(0.16).factors([96, 4]).round(4).tolist()
        [1.0, 2.0]
        >>> RepeatFactor(0.16).rates([[1, 0], [1, 0], [1, 0], [1, 1]]).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    threshold: float = option(0.1, 1e-9, 1)

    name: ClassVar[str] = "repeat_factor"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("gupta2019",)
    repeats_positives: ClassVar[bool] = True

    def factors(self, totals: npt.ArrayLike, rows: int | None = None) -> FloatArray:
        """Return the factor of each class or label, `[classes]` of at least 1.

        Args:
            totals: `[classes]` the number of rows that have each.
            rows: The number of rows; by default the sum.
        """
        each = np.asarray(totals, np.float64)
        share = each / (each.sum() if rows is None else rows)
        with np.errstate(divide="ignore"):
            factors = np.sqrt(self.threshold / share)
        return np.where(each > 0, np.maximum(factors, 1.0), 1.0)

    def quotas(self, totals: Sequence[int]) -> list[int]:
        """Return the ratios in which the classes are drawn, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.
        """
        return quotas_of((np.asarray(totals) * self.factors(totals)).tolist())

    def row_factors(self, labels: npt.ArrayLike) -> FloatArray:
        """Return the factor of each row of a label matrix, `[rows]`.

        Args:
            labels: `[rows, labels]` 1, 0, and NaN or -1 if a label is not known, which
                is taken as absent.

        Raises:
            InputError: It is no label matrix.

        Example:
            >>> labels = [[1, 0], [1, 1], [1, 0], [0, 0]]
            >>> RepeatFactor(1.0).row_factors(labels).round(3).tolist()
            [1.155, 2.0, 1.155, 1.0]
        """
        there = label_matrix(labels) == 1
        factors = self.factors(there.sum(axis=0), len(there))
        return np.asarray(np.where(there, factors, 1.0).max(axis=1))

    def grouped(self, labels: npt.ArrayLike, classes: int | None = None) -> Classes:
        """Return the classes; of a label matrix the rows of each factor."""
        groups = super().grouped(labels, classes)
        if np.ndim(labels) != 2 or np.shape(labels)[1] == 1:
            return groups
        factors = self.row_factors(labels)
        distinct, number = np.unique(factors, return_inverse=True)
        by_factor = [np.flatnonzero(number == n) for n in range(len(distinct))]
        rows = [
            len(each) * factor for each, factor in zip(by_factor, distinct, strict=True)
        ]
        return SharedClasses(
            tuple(each.astype(np.int32) for each in by_factor),
            tuple(quotas_of(rows)),
            len(factors),
        )

    def describe(self) -> str:
        """Return what it does."""
        share = as_probability(self.threshold, 3)
        return (
            "with positives repeated by the square root of "
            f"{share} over their share, if that is above 1"
        )

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        share = as_probability(self.threshold, 3)
        if kind == "multilabel":
            return (
                f"with rows repeated by the square root of {share} over the share "
                + ("of their rarest label, if that is above 1")
            )
        return (
            f"with each class repeated by the square root of {share} over its share, "
            "if that is above 1"
        )
