# SPDX-License-Identifier: Apache-2.0
"""Borderline-SMOTE: new positives from those that lie among negatives."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.options import option
from equipoise._core.types import FloatArray
from equipoise.synthesis.surroundings import SurroundedSmote, nearest_rows
from equipoise.synthesis.synthesis import Neighbours


@dataclass(frozen=True)
class BorderlineSmote(SurroundedSmote):
    """Replace the repeats of positives by points made from positives in danger.

    A positive is in danger if half or more of its m nearest rows are negative, but not
    all of them: with all it counts as noise. A point lies between a positive in danger
    and one of its k nearest positives. Of several classes this is done to each but the
    largest, against all others.

    Source: Han, Wang & Mao (2005), "Borderline-SMOTE: a new over-sampling method in
    imbalanced data sets learning", section 3 (Borderline-SMOTE1).

    Attributes:
        neighbours: k, as in `Smote`.
        nearby: m, at least 1; imbalanced-learn's 10. It shrinks to all other rows.

    Example:
        >>> x = [[0.0], [1.0], [2.0], [3.0], [9.0], [9.5]]
        >>> near = BorderlineSmote(1, 2).prepare(x, None, [0, 0, 0, 1, 1, 1], 0)
        >>> print(near.notes[0])
        Borderline-SMOTE repeats positives unchanged: none lies at the border.
    """

    nearby: int = option(10, 1, whole=True)

    name: ClassVar[str] = "borderline_smote"
    citations: ClassVar[tuple[str, ...]] = ("han2005",)
    title: ClassVar[str] = "Borderline-SMOTE"
    nowhere: ClassVar[str] = "none lies at the border"

    @property
    def around(self) -> int:
        """How many of the nearest rows are looked at."""
        return self.nearby

    def likely(self, shares: FloatArray) -> FloatArray:
        """Return 1 for rows in danger, else 0."""
        return np.asarray((shares >= 0.5) & (shares < 1), np.float64)

    def describe(self) -> str:
        """Return what it does."""
        return (
            "repeats of positives replaced by points between one that lies among "
            f"negatives and one of its {self.neighbours} nearest positives"
        )

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes."""
        return (
            "repeats of rows replaced by points between one that lies among other "
            f"classes and one of the {self.neighbours} nearest of its own"
        )


@dataclass(frozen=True)
class BorderlineSmote2(BorderlineSmote):
    """Borderline-SMOTE that also goes part of the way towards negatives.

    A point lies between a positive in danger and one of its k nearest rows of any
    class: towards another positive anywhere on the line, towards a negative less than
    half way. It is positive in both cases. The paper goes from each towards its
    nearest negatives as well as positives; that they are the k nearest of all rows is
    what imbalanced-learn does.

    Source: Han, Wang & Mao (2005), section 3 (Borderline-SMOTE2).

    Attributes:
        neighbours: k, as in `Smote`.
        nearby: m, as in `BorderlineSmote`.

    Example:
        >>> x = [[0.0], [1.0], [1.5], [3.0], [3.1]]
        >>> near = BorderlineSmote2(2, 3).prepare(x, None, [0, 0, 1, 0, 1], 0)
        >>> near.others[near.of[2]].tolist()
        [1, 0]
    """

    name: ClassVar[str] = "borderline_smote_2"
    title: ClassVar[str] = "Borderline-SMOTE2"
    retargets: ClassVar[bool] = True

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
        *,
        classes: Sequence[str] = (),
    ) -> Neighbours:
        """Find the nearest rows of any class, too; otherwise as `BorderlineSmote`.

        Args:
            numbers: As in `Smote.prepare`.
            codes: Likewise.
            labels: Likewise.
            seed: Not used: the search is exact.
            classes: The names of several classes.

        Raises:
            InputError: The rows of the arrays differ, or a number is not finite.
            UnsupportedError: The rows have several labels.
        """
        near = super().prepare(numbers, codes, labels, seed, classes=classes)
        if near.k == 0:
            return near
        y = np.asarray(labels)
        several = min(self.neighbours, len(y) - 1)
        others = np.empty((len(near.index), several), np.int32)
        for label in np.unique(y[near.of >= 0]):
            members = y == label
            others[near.of[members]] = nearest_rows(numbers, codes, members, several)
        return dataclasses.replace(near, others=others)

    def describe(self) -> str:
        """Return what it does."""
        return (
            "repeats of positives replaced by points between one that lies among "
            f"negatives and one of its {self.neighbours} nearest rows, less than half "
            "way to a negative"
        )

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes."""
        return (
            "repeats of rows replaced by points between one that lies among other "
            f"classes and one of the {self.neighbours} nearest of any, less than half "
            "way to another class"
        )
