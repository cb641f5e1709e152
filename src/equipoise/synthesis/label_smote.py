# SPDX-License-Identifier: Apache-2.0
"""MLSMOTE: new rows of several labels, for the labels that few rows have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.options import option
from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, BoolArray, Int32Array
from equipoise.errors import UnsupportedError
from equipoise.sampling.classes import Classes
from equipoise.sampling.draw import Draw
from equipoise.sampling.label_groups import rarest_labels
from equipoise.synthesis.features import distance_features
from equipoise.synthesis.repeats import repeats, towards
from equipoise.synthesis.smote import category_voters, nearest_others
from equipoise.synthesis.synthesis import Neighbours, Synthesis
from equipoise.task import UNKNOWN_LABEL, label_matrix


@dataclass(frozen=True)
class LabelSmote(Synthesis):
    """Replace the repeats of rows with a rare label by points between them.

    A label is rare if the most frequent one is above the average as many times as
    frequent: IRLbl above MeanIR. A point lies between a row and one of the k nearest
    that have its rarest label. Of the row and these neighbours, it has the labels that
    more than half have, and a category is the most frequent one of the neighbours.

    The paper makes one point of each row for each of its rare labels, and blends every
    column by a share of its own. Here how many points there are is for the sampling to
    say, a row stands for its rarest label, and one share serves all columns, as in
    `Smote`.

    Source: Charte, Rivera, del Jesus & Herrera (2015), "MLSMOTE: approaching imbalanced
    multilabel learning through synthetic instance generation", section 3.

    Attributes:
        neighbours: k, at least 1; the paper's 5. It shrinks, with a note, if fewer
            rows have a label than k + 1; a lone row is repeated.

    Example:
        >>> labels = [[1, 0]] * 6 + [[0, 1]] + [[1, 1]] * 2
        >>> near = LabelSmote(2).prepare(np.arange(9.0)[:, None], None, labels, 0)
        >>> near.index[near.of[8]].tolist(), near.labels[near.of[6]].tolist()
        ([7, 6], [1, 1])
    """

    neighbours: int = option(5, 1, whole=True)

    name: ClassVar[str] = "mlsmote"
    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    citations: ClassVar[tuple[str, ...]] = ("charte2015",)
    fills: ClassVar[bool] = True
    relabels: ClassVar[bool] = True

    @classmethod
    def obstacle(cls, kind: str = "multilabel") -> str:
        """Return why no known shift leads back to probabilities."""
        return "mlsmote changes where the rows with a rare label lie, and their labels"

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
        *,
        classes: Sequence[str] = (),
    ) -> Neighbours:
        """Find the nearest rows with the rarest label of each row, and their labels.

        Args:
            numbers: `[rows, columns]` encoded numbers.
            codes: `[rows, columns]` category numbers, or None.
            labels: `[rows, labels]` 1, 0, and NaN or -1 if one is not known.
            seed: Not used: the search is exact.
            classes: The names of the labels.

        Raises:
            InputError: The rows of the arrays differ, or a number is not finite.
            UnsupportedError: The rows have classes.
        """
        if np.ndim(labels) != 2:
            raise UnsupportedError(
                sentence(
                    f"synthesis={self.name!r} for rows of two or several classes",
                    "rows with several labels",
                    "Use synthesis='smote' for them.",
                )
            )
        y = label_matrix(labels)
        x, c = np.asarray(numbers), None if codes is None else np.asarray(codes)
        rarest = rarest_labels(y)
        of = np.full(len(y), -1, np.int32)
        lines: list[Int32Array] = []
        counts: list[int] = []
        notes: list[str] = []
        for label in np.flatnonzero(rare_labels(y)).tolist():
            rows = np.flatnonzero(y[:, label] == 1).astype(np.int32)
            k = min(self.neighbours, len(rows) - 1)
            name = repr(classes[label]) if len(classes) else f"label {label}"
            if k < self.neighbours:
                few = f"{k} neighbours instead of {self.neighbours}" if k else ""
                notes.append(
                    f"MLSMOTE uses {few} for {name}: only {len(rows)} rows have it."
                    if k
                    else f"MLSMOTE repeats the only row with {name} as it is."
                )
            if not k:
                continue
            points = distance_features(
                x[rows], None if c is None else c[rows], np.ones(len(rows))
            )
            standing = np.flatnonzero(rarest[rows] == label)
            nearest = rows[nearest_others(points, k)][standing]
            of[rows[standing]] = np.arange(len(counts), len(counts) + len(standing))
            # A line of fewer than k starts again.
            lines.append(nearest[:, np.arange(self.neighbours) % k])
            counts += [k] * len(standing)
        if not counts:
            return Neighbours.none(len(y), *notes, classes=y.shape[1])
        index, each = np.concatenate(lines), np.array(counts, np.int32)
        starting = np.empty(len(index), np.int64)
        starting[of[of >= 0]] = np.flatnonzero(of >= 0)
        return Neighbours(
            of,
            index,
            tuple(notes),
            each,
            y.shape[1],
            category_voters(c, index, each),
            labels=_majorities(y, starting, index, each),
            groups=_group_numbers(y),
        )

    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with points in place of the rows that are repeats."""
        groups = neighbours.groups
        if neighbours.labels is None or groups is None:
            return draw
        random = generator(seed, self.name, epoch)
        chance = random.random(draw.index.shape)
        count = max(3, int(groups.max()) + 1)
        repeat = repeats(draw, groups, count, chance)
        made = towards(neighbours, draw.index, repeat, random)
        y = label_matrix(labels)[draw.index]
        changed = repeat & (neighbours.of[draw.index] >= 0)
        y[changed] = neighbours.labels[neighbours.of[draw.index[changed]]]
        return Draw(draw.index, made.partner, made.mix, labels=y)

    def describe(self) -> str:
        """Return what it does."""
        return (
            "repeats of rows with a rare label replaced by points between them and one "
            f"of the {self.neighbours} nearest that have it, with the labels that most "
            "of them have"
        )


def rare_labels(labels: npt.ArrayLike) -> BoolArray:
    """Return which labels are rare: IRLbl above MeanIR, `[labels]`.

    IRLbl is how often the most frequent label is there for once that this one is;
    MeanIR is the mean of it. A label that no row has is none.

    Source: Charte et al. (2015), "Addressing imbalance in multilabel classification:
    measures and random resampling algorithms", equations 1 and 2.

    Args:
        labels: `[rows, labels]` 1, 0, and NaN or -1 if one is not known.

    Example:
        >>> rare_labels([[1, 0], [1, 0], [1, 1]]).tolist()
        [False, True]
    """
    totals = (label_matrix(labels) == 1).sum(axis=0)
    there = totals > 0
    ratio = totals.max(initial=0) / np.maximum(totals, 1)
    mean = ratio[there].mean() if there.any() else 0.0
    return np.asarray(there & (ratio > mean))


def _majorities(
    labels: AnyArray, rows: AnyArray, index: Int32Array, counts: Int32Array
) -> npt.NDArray[np.int8]:
    """Return the labels that more than half of a row and its neighbours have.

    Those who do not know a label have no vote; it is unknown if nobody knows it.
    """
    votes = np.arange(index.shape[1]) < counts[:, None]
    near, itself = labels[index], labels[rows][:, None]
    each = np.concatenate([itself, near], axis=1)
    votes = np.concatenate([np.ones((len(rows), 1), bool), votes], axis=1)[..., None]
    known_votes = (votes & (each != UNKNOWN_LABEL)).sum(axis=1)
    present = (votes & (each == 1)).sum(axis=1)
    result = np.where(2 * present > known_votes, 1, 0)
    return np.where(known_votes > 0, result, UNKNOWN_LABEL).astype(np.int8)


def _group_numbers(labels: AnyArray) -> AnyArray:
    """Return in which group a sampler draws each row, the largest first, `[rows]`."""
    numbers = np.empty(len(labels), np.int64)
    for number, rows in enumerate(Classes.of(labels, labels.shape[1]).groups):
        numbers[rows] = number
    return numbers
