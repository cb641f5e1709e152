# SPDX-License-Identifier: Apache-2.0
"""Which of the drawn rows are repeats, and rows made in their place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, BoolArray, FloatArray, Int32Array
from equipoise.errors import InputError
from equipoise.sampling.draw import Draw
from equipoise.synthesis.synthesis import Neighbours


def repeats(draw: Draw, classes: AnyArray, count: int, numbers: AnyArray) -> BoolArray:
    """Return which of the drawn rows natural frequency would not have drawn.

    Of the rows of a class, as many are none as natural frequency would have drawn
    beside as many rows of the largest class; of two classes, beside as many negatives.

    Args:
        draw: The rows of an epoch.
        classes: `[rows]` class numbers.
        count: How many classes there are.
        numbers: `[steps, batch]` random numbers between 0 and 1.

    Returns:
        `[steps, batch]`.

    Example:
        >>> draw = Draw(np.array([[0, 1, 3, 3]], np.int32))
        >>> repeats(draw, np.array([0, 0, 0, 1]), 2, np.full((1, 4), 0.5)).tolist()
        [[False, False, True, True]]
    """
    of = np.asarray(classes, np.int64)
    examples = of[draw.index]
    if count == 2:
        positive = examples == 1
        return np.asarray(positive & (numbers >= real_share(of, positive)))
    totals = np.bincount(of, minlength=count)
    among = np.bincount(examples.ravel(), minlength=count)
    largest = int(totals.argmax())
    natural = totals / totals[largest] * among[largest] / np.maximum(among, 1)
    return np.asarray(numbers >= natural[examples])


def restarted(
    draw: Draw,
    classes: AnyArray,
    starts: FloatArray,
    repeat: BoolArray,
    random: np.random.Generator,
) -> tuple[Int32Array, BoolArray]:
    """Return the draw's rows with repeats that start from chosen rows of their class.

    Args:
        draw: The rows of an epoch.
        classes: `[rows]` class numbers.
        starts: `[rows]` how likely each row of a class is to be started from.
        repeat: `[steps, batch]` which of them are to be replaced.
        random: The stream to draw from.

    Returns:
        `[steps, batch]` rows, and which of them were chosen here.
    """
    index, made = draw.index.copy(), np.zeros(draw.index.shape, bool)
    of = np.asarray(classes)
    for label in np.unique(of[starts > 0]):
        rows = np.flatnonzero((of == label) & (starts > 0))
        place = np.nonzero(repeat & (of[draw.index] == label))
        share = starts[rows] / starts[rows].sum()
        index[place] = random.choice(rows, len(place[0]), p=share)
        made[place] = True
    return index, made


def towards(
    near: Neighbours,
    index: Int32Array,
    made: BoolArray,
    random: np.random.Generator,
    lines: Int32Array | None = None,
) -> Draw:
    """Return a draw in which some rows have a neighbour as partner.

    Args:
        near: The neighbours.
        index: `[steps, batch]` the rows.
        made: `[steps, batch]` which of them get one.
        random: The stream to draw from.
        lines: `[lines, k]` the rows to choose from, in place of `near.index`.
    """
    place = np.nonzero(made & (near.of[index] >= 0))
    line = near.of[index[place]]
    chosen = near.index if lines is None else lines
    several: int | Sequence[int] | AnyArray = chosen.shape[1]
    if lines is None and near.counts is not None:
        several = near.counts[line]
    partner, mix = index.copy(), np.zeros(index.shape, np.float32)
    partner[place] = chosen[line, random.integers(several, size=len(line))]
    mix[place] = random.random(len(line), np.float32)
    return Draw(index, partner, mix)


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
