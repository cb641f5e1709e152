# SPDX-License-Identifier: Apache-2.0
"""SMOTE: new positives on the lines between neighbouring positives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.options import option
from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, FloatArray, Int32Array
from equipoise.sampling.draw import Draw
from equipoise.synthesis.features import distance_features
from equipoise.synthesis.repeats import repeats, towards
from equipoise.synthesis.synthesis import Neighbours, Synthesis, require_no_labels
from equipoise.weights.row_classes import row_classes


@dataclass(frozen=True)
class Smote(Synthesis):
    """Replace the repeats of positives by points between them and a neighbour.

    x = x_i + m (x_j - x_i), m ~ U(0, 1), where j is one of the k nearest positives
    of i. Of the positives drawn, as many stay real as natural frequency would have
    drawn; the sampler decides how many there are in all.

    Of several classes this is done to each but the largest, within the class. A
    category is the most frequent one of the k nearest, the nearest one's if several
    are.

    Source: Chawla et al. (2002), "SMOTE: synthetic minority over-sampling
    technique", section 4.2, and section 6.1 for categories (SMOTE-NC).

    Attributes:
        neighbours: k, at least 1; the paper's 5. It shrinks, with a note, if
            there are fewer positives than k + 1; a lone positive is repeated. So it is
            in each of several classes.

    Example:
        >>> smote = Smote(neighbours=5)
        >>> print(smote.prepare([[0.0], [1.0], [2.0]], None, [1, 1, 1], 0).notes[0])
        SMOTE uses 2 neighbours instead of 5: there are only 3 positives.
    """

    neighbours: int = option(5, 1, whole=True)

    name: ClassVar[str] = "smote"
    tasks: ClassVar[tuple[str, ...]] = ("binary", "multiclass")
    citations: ClassVar[tuple[str, ...]] = ("chawla2002",)
    fills: ClassVar[bool] = True
    title: ClassVar[str] = "SMOTE"

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
        *,
        classes: Sequence[str] = (),
    ) -> Neighbours:
        """Find the nearest positives of each positive, by Euclidean distance.

        Of several classes, find those of each row of all classes but the largest.

        Args:
            numbers: `[rows, columns]` encoded numbers.
            codes: `[rows, columns]` category numbers or None; see
                `distance_features` for how they count.
            labels: `[rows]` class numbers, 0 or 1 for two classes.
            seed: Not used: the search is exact.
            classes: The names of several classes, of which some may have no row.

        Raises:
            InputError: The rows of the arrays differ, or a number is not finite.
            UnsupportedError: The rows have several labels.
        """
        y = np.asarray(labels)
        remedy = "Leave the synthesis out: the sampling repeats the rows."
        require_no_labels(self.name, y, remedy)
        if len(classes) > 2 or (y.size and y.max() > 1):
            return self._within_classes(numbers, codes, y, classes)
        positives = np.flatnonzero(y == 1).astype(np.int32)
        k, note = shrunk(self.neighbours, len(positives), self.title)
        notes = (note,) if note else ()
        if k == 0:
            return Neighbours.none(len(y), *notes)
        points = distance_features(numbers, codes, y)
        of = np.full(len(y), -1, np.int32)
        of[positives] = np.arange(len(positives), dtype=np.int32)
        index = positives[nearest_others(points, k)]
        return Neighbours(of, index, notes, voters=category_voters(codes, index))

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
        random = generator(seed, "smote", epoch)
        numbers = random.random(draw.index.shape)
        made = repeats(draw, np.asarray(labels), neighbours.classes, numbers)
        return towards(neighbours, draw.index, made, random)

    def _within_classes(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: AnyArray,
        classes: Sequence[str],
    ) -> Neighbours:
        """Find the nearest rows of the same class, in all classes but the largest."""
        y, count = row_classes(labels, len(classes) or None)
        totals = np.bincount(y, minlength=count)
        x, c = np.asarray(numbers), None if codes is None else np.asarray(codes)
        of = np.full(len(y), -1, np.int32)
        lines: list[Int32Array] = []
        fewer: list[str] = []
        alone: list[str] = []
        start = 0
        for label, total in enumerate(totals.tolist()):
            if label == totals.argmax() or not total:
                continue
            k = min(self.neighbours, total - 1)
            name = repr(classes[label]) if classes else f"class {label}"
            if k < self.neighbours:
                (fewer if k else alone).append(f"{name} ({total} rows)" if k else name)
            if not k:
                continue
            rows = np.flatnonzero(y == label).astype(np.int32)
            points = distance_features(
                x[rows], None if c is None else c[rows], np.ones(total)
            )
            # A line of fewer than k starts again.
            columns = np.arange(self.neighbours) % k
            lines.append(rows[nearest_others(points, k)][:, columns])
            of[rows] = np.arange(start, start + total, dtype=np.int32)
            start += total
        notes = _class_notes(self.neighbours, fewer, alone, self.title)
        if not lines:
            return Neighbours.none(len(y), *notes, classes=count)
        each = totals[y[of >= 0]]
        counts = np.empty(start, np.int32)
        counts[of[of >= 0]] = np.minimum(self.neighbours, each - 1)
        index = np.concatenate(lines)
        voters = category_voters(c, index, counts)
        return Neighbours(of, index, notes, counts, count, voters)

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes."""
        return (
            "repeats of rows replaced by points between them and one of the "
            f"{self.neighbours} nearest of their class"
        )

    def describe(self) -> str:
        """Return what it does."""
        return (
            "repeats of positives replaced by points between them and one of their "
            f"{self.neighbours} nearest positives"
        )


def category_voters(
    codes: npt.ArrayLike | None, index: Int32Array, counts: Int32Array | None = None
) -> Int32Array | None:
    """Return by category column a neighbour that has the most frequent category.

    Of several categories that are as frequent, it is the nearest neighbour's.

    Args:
        codes: `[rows, columns]` category numbers, or None.
        index: `[lines, k]` the neighbours, the nearest first.
        counts: `[lines]` how many of a line are its own; None if all are.

    Returns:
        `[lines, columns]` positions among the rows; None without categories.
    """
    categories = np.empty((0, 0)) if codes is None else np.asarray(codes)
    if not categories.size:
        return None
    places = np.arange(index.shape[1])
    votes = places < (len(places) if counts is None else counts[:, None])
    votes = np.broadcast_to(votes, index.shape)
    voters = np.empty((len(index), categories.shape[1]), np.int32)
    for j, column in enumerate(categories.T):
        near = column[index]
        alike = (near[:, :, None] == near[:, None, :]) & votes[:, None, :]
        tally = np.where(votes, alike.sum(axis=2), 0)
        first = tally.argmax(axis=1)
        voters[:, j] = index[np.arange(len(index)), first]
    return voters


def _class_notes(
    k: int, fewer: list[str], alone: list[str], title: str
) -> tuple[str, ...]:
    """Return what to say of classes of fewer rows than k + 1."""
    notes = []
    if fewer:
        who = ", ".join(fewer)
        notes.append(
            f"{title} uses fewer than {k} neighbours, all other rows of the class, in "
            f"{who}."
        )
    if alone:
        who = ", ".join(alone)
        notes.append(f"{title} repeats a class of 1 row as it is: {who}.")
    return tuple(notes)


def shrunk(neighbours: int, positives: int, title: str = "SMOTE") -> tuple[int, str]:
    """Return how many neighbours so few positives allow, and a note if fewer.

    Args:
        neighbours: How many are asked for, at least 1.
        positives: How many positives there are.
        title: What the note calls the method.

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
        return k, f"{title} repeats positives as they are: there {plural}."
    noun = "neighbour" if k == 1 else "neighbours"
    return k, (
        f"{title} uses {k} {noun} instead of {neighbours}: there are only "
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
