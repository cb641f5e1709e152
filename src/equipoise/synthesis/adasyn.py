# SPDX-License-Identifier: Apache-2.0
"""ADASYN: the more new positives, the more negatives lie around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from equipoise._core.types import FloatArray
from equipoise.synthesis.surroundings import SurroundedSmote


@dataclass(frozen=True)
class Adasyn(SurroundedSmote):
    """Replace the repeats of positives by points, most where negatives are near.

    A point lies between a positive and one of its k nearest positives. How often a
    positive is the one is in proportion to the share of negatives among its k nearest
    rows: the paper's r_i over their sum, of which it rounds the number of points. Of
    several classes this is done to each but the largest, against all others.

    Source: He, Bai, Garcia & Li (2008), "ADASYN: adaptive synthetic sampling approach
    for imbalanced learning", section II, steps 2 and 3.

    Attributes:
        neighbours: k, the paper's K, at least 1. It shrinks as in `Smote`.

    Example:
        >>> x = [[0.0], [1.0], [1.5], [3.0], [3.1]]
        >>> near = Adasyn(2).prepare(x, None, [0, 0, 1, 1, 1], 0)
        >>> near.starts.tolist()
        [0.0, 0.0, 1.0, 0.0, 0.0]
    """

    name: ClassVar[str] = "adasyn"
    citations: ClassVar[tuple[str, ...]] = ("he2008",)
    title: ClassVar[str] = "ADASYN"
    nowhere: ClassVar[str] = "no row of another class is near"

    @property
    def around(self) -> int:
        """How many of the nearest rows are looked at."""
        return self.neighbours

    def likely(self, shares: FloatArray) -> FloatArray:
        """Return the shares themselves: rows among others are the more likely."""
        return shares

    def describe(self) -> str:
        """Return what it does."""
        return (
            "repeats of positives replaced by points between one, the more likely the "
            f"more negatives are near, and one of its {self.neighbours} nearest "
            "positives"
        )

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes."""
        return (
            "repeats of rows replaced by points between one, the more likely the more "
            f"rows of other classes are near, and one of the {self.neighbours} nearest "
            "of its own"
        )
