# SPDX-License-Identifier: Apache-2.0
"""What lies around the rows of a class: how many of the nearest are of another."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, FloatArray, Int32Array
from equipoise.sampling.draw import Draw
from equipoise.synthesis.features import features_around
from equipoise.synthesis.repeats import repeats, restarted, towards
from equipoise.synthesis.smote import Smote
from equipoise.synthesis.synthesis import Neighbours


def nearest_rows(
    numbers: npt.ArrayLike, codes: npt.ArrayLike | None, members: BoolArray, k: int
) -> Int32Array:
    """Return the k nearest of all other rows for each row of a class.

    Exact, by scikit-learn. No row is its own neighbour, though a duplicate may be.

    Args:
        numbers: `[rows, columns]`.
        codes: `[rows, columns]` category numbers, or None.
        members: `[rows]` the rows of the class.
        k: How many, at least 1; at most as many as there are other rows.

    Returns:
        `[members, k]` positions among the rows, the nearest first.

    Example:
        >>> x = [[0.0], [1.0], [3.0], [7.0]]
        >>> nearest_rows(x, None, np.array([True, False, False, True]), 2).tolist()
        [[1, 2], [2, 1]]
    """
    from sklearn.neighbors import NearestNeighbors

    points = features_around(numbers, codes, members)
    rows = np.flatnonzero(members)
    several = min(k, len(points) - 1)
    search = NearestNeighbors(n_neighbors=several + 1).fit(points)
    near = np.asarray(search.kneighbors(points[rows], return_distance=False))
    itself = near == rows[:, None]
    # Of more than k duplicates a row itself may be missing: the last one goes then.
    itself[~itself.any(axis=1), -1] = True
    others: Int32Array = near[~itself].reshape(len(rows), several).astype(np.int32)
    return others


def foreign_shares(
    labels: npt.ArrayLike, members: BoolArray, nearest: Int32Array
) -> FloatArray:
    """Return the share of rows of other classes among the nearest, `[members]`.

    Args:
        labels: `[rows]` class numbers.
        members: `[rows]` the rows of one class.
        nearest: `[members, k]`, as `nearest_rows` gives them.
    """
    y = np.asarray(labels)
    other = y[nearest] != y[members][:, None]
    return np.asarray(other.mean(axis=1))


@dataclass(frozen=True)
class SurroundedSmote(Smote):
    """SMOTE that starts from some rows of a class rather than from any.

    Attributes:
        neighbours: k, as in `Smote`.
    """

    moves_starts: ClassVar[bool] = True
    nowhere: ClassVar[str]

    @property
    @abstractmethod
    def around(self) -> int:
        """How many of the nearest rows are looked at."""

    @abstractmethod
    def likely(self, shares: FloatArray) -> FloatArray:
        """Return how likely rows are to start from, by the share of other classes."""

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
        *,
        classes: Sequence[str] = (),
    ) -> Neighbours:
        """Find the nearest positives of each positive, and those to start from.

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
        starts, unmade = np.zeros(len(y)), []
        for label in np.unique(y[near.of >= 0]).tolist():
            members = y == label
            nearest = nearest_rows(numbers, codes, members, self.around)
            starts[members] = self.likely(foreign_shares(y, members, nearest))
            if not starts[members].any():
                several = repr(classes[label]) if classes else f"class {label}"
                unmade.append("positives" if near.classes == 2 else several)
        notes = near.notes
        if self.around > len(y) - 1:
            notes += (
                f"{self.title} looks at the {len(y) - 1} nearest rows instead of "
                f"{self.around}: there are no more.",
            )
        if unmade:
            who = ", ".join(unmade)
            notes += (f"{self.title} repeats {who} unchanged: {self.nowhere}.",)
        return dataclasses.replace(near, notes=notes, starts=starts)

    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with points in place of the rows that are repeats."""
        if neighbours.starts is None or not neighbours.starts.any():
            return draw
        y, random = np.asarray(labels), generator(seed, self.name, epoch)
        chance = random.random(draw.index.shape)
        repeat = repeats(draw, y, neighbours.classes, chance)
        index, made = restarted(draw, y, neighbours.starts, repeat, random)
        moved = towards(neighbours, index, made, random, neighbours.others)
        if neighbours.others is None or moved.partner is None or moved.mix is None:
            return moved
        foreign = y[moved.partner] != y[index]
        mix = np.where(foreign, moved.mix / 2, moved.mix)
        return Draw(index, moved.partner, mix, np.zeros_like(mix))
