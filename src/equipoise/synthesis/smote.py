# SPDX-License-Identifier: Apache-2.0
"""SMOTE: new positives on the lines between neighbouring positives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.options import option
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.sampling.draw import Draw
from equipoise.synthesis.features import distance_features
from equipoise.synthesis.synthesis import Neighbours, Synthesis


@dataclass(frozen=True)
class Smote(Synthesis):
    """Replace the repeats of positives by points between them and a neighbour.

    x = x_i + m (x_j - x_i), m ~ U(0, 1), where j is one of the k nearest positives
    of i. Of the positives drawn, as many stay real as natural frequency would have
    drawn; the sampler decides how many there are in all.

    Source: Chawla et al. (2002), "SMOTE: synthetic minority over-sampling
    technique", section 4.2.

    Attributes:
        neighbours: k, at least 1; the paper's 5. It shrinks, with a note, if
            there are fewer positives than k + 1; a lone positive is repeated.

    Example:
        >>> smote = Smote(neighbours=5)
        >>> print(smote.prepare([[0.0], [1.0], [2.0]], None, [1, 1, 1], 0).notes[0])
        SMOTE uses 2 neighbours instead of 5: there are only 3 positives.
    """

    neighbours: int = option(5, 1, whole=True)

    name: ClassVar[str] = "smote"
    citations: ClassVar[tuple[str, ...]] = ("chawla2002",)
    fills: ClassVar[bool] = True

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
    ) -> Neighbours:
        """Find the nearest positives of each positive, by Euclidean distance.

        Args:
            numbers: `[rows, columns]` encoded numbers.
            codes: `[rows, columns]` category numbers or None; see
                `distance_features` for how they count.
            labels: `[rows]`, 0 or 1.
            seed: Not used: the search is exact.

        Raises:
            InputError: The rows of the arrays differ, or a number is not finite.
        """
        y = np.asarray(labels)
        positives = np.flatnonzero(y == 1).astype(np.int32)
        k, note = shrunk(self.neighbours, len(positives))
        notes = (note,) if note else ()
        if k == 0:
            return Neighbours.none(len(y), *notes)
        points = distance_features(numbers, codes, y)
        of = np.full(len(y), -1, np.int32)
        of[positives] = np.arange(len(positives), dtype=np.int32)
        return Neighbours(of, positives[nearest_others(points, k)], notes)

    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with a neighbour for each positive that is a repeat."""
        if neighbours.k == 0:
            return draw
        y = np.asarray(labels)
        positive = y[draw.index] == 1
        random = generator(seed, "smote", epoch)
        repeat = random.random(draw.index.shape) >= real_share(y, positive)
        place = np.nonzero(positive & repeat)
        chosen = random.integers(neighbours.k, size=len(place[0]))
        partner = draw.index.copy()
        partner[place] = neighbours.index[neighbours.of[draw.index[place]], chosen]
        mix = np.zeros(draw.index.shape, np.float32)
        mix[place] = random.random(len(place[0]), np.float32)
        return Draw(draw.index, partner, mix)

    def describe(self) -> str:
        """Return what it does."""
        return (
            "repeats of positives replaced by points between them and one of their "
            f"{self.neighbours} nearest positives"
        )


def shrunk(neighbours: int, positives: int) -> tuple[int, str]:
    """Return how many neighbours so few positives allow, and a note if fewer.

    Args:
        neighbours: How many are asked for, at least 1.
        positives: How many positives there are.

    Example:
        >>> shrunk(5, 6)
        (5, '')
        >>> shrunk(5, 1)[0]
        0
    """
    k = max(0, min(neighbours, positives - 1))
    if k == neighbours:
        return k, ""
    if k == 0:
        plural = "is only 1 positive" if positives == 1 else "are no positives"
        return k, f"SMOTE repeats positives as they are: there {plural}."
    noun = "neighbour" if k == 1 else "neighbours"
    return k, (
        f"SMOTE uses {k} {noun} instead of {neighbours}: there are only "
        f"{positives} positives."
    )


def nearest_others(points: FloatArray, k: int) -> npt.NDArray[np.int64]:
    """Return the k nearest other points of each point, `[points, k]`.

    Exact, by scikit-learn. A point is never its own neighbour, though a duplicate
    of it may be.

    Args:
        points: `[points, columns]`, more than k of them.
        k: How many, at least 1.
    """
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k).fit(points)
    # without an argument each point is left out of its own neighbours
    return np.asarray(search.kneighbors(return_distance=False), np.int64)


def real_share(labels: npt.NDArray[np.generic], positive: npt.ArrayLike) -> float:
    """Return the share of drawn positives that natural frequency accounts for.

    Args:
        labels: `[rows]`, 0 or 1.
        positive: Whether each drawn example is positive, any shape.

    Raises:
        InputError: The labels hold one class only.
    """
    n1 = int(np.count_nonzero(labels == 1))
    n0 = len(labels) - n1
    examples = np.asarray(positive)
    d1 = int(np.count_nonzero(examples))
    d0 = examples.size - d1
    if not n0 or not n1:
        raise InputError(
            sentence(f"{n0} negatives and {n1} positives", "at least one of each")
        )
    return 1.0 if d1 == 0 else min(1.0, (n1 / n0) * (d0 / d1))
