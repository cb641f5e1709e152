# SPDX-License-Identifier: Apache-2.0
"""Jitter: new positives by noise around the old ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import exact
from equipoise._core.options import option
from equipoise._core.seeds import derive, generator
from equipoise.sampling.classes import Classes
from equipoise.sampling.draw import Draw
from equipoise.sampling.noise import Noise
from equipoise.synthesis.repeats import repeats
from equipoise.synthesis.synthesis import Neighbours, Synthesis
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class Jitter(Synthesis):
    """Replace the repeats of positives by the same rows with normal noise.

    The noise of a column has the standard deviation s h_n of the column among the
    positives, where h_n = (4 / ((d + 2) n))^(1 / (d + 4)) for n positives and d columns
    is the best bandwidth for normal ones. It is drawn from a smoothed estimate of
    where positives lie. Columns of two values, such as flags, and categories stay.
    Of several classes this is done to each but the largest; of several labels, to rows
    by the rarest label that they have, which keep their labels.

    Source: Menardi & Torelli (2014), "Training and assessing classification rules with
    imbalanced data", section 3 and equation 8 (ROSE).

    Attributes:
        spread: s, above 0. 1 is the bandwidth h_n; imbalanced-learn's `shrinkage`.

    Example:
        >>> near = Jitter().prepare([[0.0], [1.0], [3.0]], None, [0, 1, 1], 0)
        >>> near.widths.round(3)
        array([0.   , 0.922], dtype=float32)
    """

    spread: float = option(1.0, 0, 100, open_ends=True)

    name: ClassVar[str] = "jitter"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("menardi2014",)
    fills: ClassVar[bool] = True
    noisy: ClassVar[bool] = True

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
        *,
        classes: Sequence[str] = (),
    ) -> Neighbours:
        """Find how wide the noise of each class is.

        Args:
            numbers: `[rows, columns]` encoded numbers, of which the columns count.
            codes: Not used.
            labels: `[rows]` class numbers, or `[rows, labels]`.
            seed: Not used.
            classes: The names of several classes.
        """
        columns = int(np.prod(np.shape(numbers)[1:]))
        wide = np.shape(labels)[1] if np.ndim(labels) == 2 else len(classes)
        groups = Classes.of(labels, wide or None)
        several = np.ndim(labels) == 2 or len(groups.groups) > 2
        totals = np.array(groups.totals)
        spared = int(totals.argmax()) if several else 0
        number = np.empty(len(groups), np.int64)
        of = np.full(len(groups), -1, np.int32)
        widths = np.zeros(len(totals), np.float32)
        for group, rows in enumerate(groups.groups):
            number[rows] = group
            if group != spared and len(rows) > 1:
                of[rows] = group
                widths[group] = self.spread * bandwidth(len(rows), columns)
        alone = np.flatnonzero((totals == 1) & (np.arange(len(totals)) != spared))
        notes = ("Jitter repeats a row that is alone as it is.",) if len(alone) else ()
        return Neighbours(
            of,
            np.empty((0, 0), np.int32),
            notes,
            classes=max(3, len(totals)) if several else 2,
            groups=number,
            widths=widths,
        )

    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with noise for the rows that are repeats."""
        groups, widths = neighbours.groups, neighbours.widths
        if groups is None or widths is None or not widths.any():
            return draw
        random = generator(seed, self.name, epoch)
        chance = random.random(draw.index.shape)
        repeat = repeats(draw, groups, neighbours.classes, chance)
        made = repeat & (neighbours.of[draw.index] >= 0)
        noise = Noise(derive(seed, self.name, epoch) % 2**32, neighbours.of, widths)
        return Draw(draw.index, draw.index, made.astype(np.float32), noise=noise)

    def describe(self) -> str:
        """Return what it does."""
        return f"repeats of positives moved by normal noise {self._wide()}"

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        return f"repeats of rows moved by normal noise {self._wide()}"

    def _wide(self) -> str:
        if self.spread == 1:
            return "as wide as the best bandwidth of each column"
        return (
            f"{exact(self.spread)} times as wide as the best bandwidth of each column"
        )


def bandwidth(rows: int, columns: int) -> float:
    """Return the bandwidth for normal rows, in standard deviations of a column.

    Args:
        rows: How many there are, at least 1.
        columns: How many columns, at least 1.

    Example:
        >>> round(bandwidth(100, 4), 4)
        0.5346
    """
    power = 1 / (columns + 4)
    return float((4 / ((columns + 2) * rows)) ** power)
