# SPDX-License-Identifier: Apache-2.0
"""Rows with a large loss drawn more often than others of their class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, sentence
from equipoise._core.options import Setting
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, Int32Array, IntArray
from equipoise.errors import InputError
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.sampler import Sampler, natural_prior


@dataclass(frozen=True, eq=False)
class HardExamples(Sampler):
    """Draw rows by their current losses, each class at its natural share.

    Within a class, row i is drawn at a rate in proportion to
    (1 - part) + part * l_i^power / mean(l^power). Before any loss is known all rates
    are 1. `update` takes losses while training goes on; draws that are made
    afterwards follow them. A pass over a class holds each row floor(rate) or
    ceil(rate) times, so that chance adds little.

    Within a class rows are drawn at rates that depend on the row, which no shift of the
    log-odds undoes: calibrate, or weigh rows by `importance`.

    Source: Schaul et al. (2016), "Prioritized experience replay", equation 1, mixed
    with natural draws.

    Attributes:
        rows: The number of rows.
        part: How much of the draws goes by the losses, from 0 to below 1.
        power: The exponent of the losses, at least 0.

    Example:
        >>> sampler = HardExamples(4, part=0.5, power=1.0)
        >>> sampler.update([0, 1], [0.0, 3.0])
        >>> sampler.rates([0, 0, 0, 1]).tolist()
        [0.5, 1.5, 1.0, 1.0]
    """

    rows: int
    part: float = 0.5
    power: float = 1.0
    _losses: Any = field(init=False, repr=False)

    name: ClassVar[str] = "hard_examples"
    tasks: ClassVar[tuple[str, ...]] = ("binary", "multiclass")
    citations: ClassVar[tuple[str, ...]] = ("schaul2016",)
    sources: ClassVar[Mapping[str, str]] = {
        "schaul2016": """@inproceedings{schaul2016,
  author = {Tom Schaul and John Quan and Ioannis Antonoglou and David Silver},
  title = {Prioritized Experience Replay},
  booktitle = {International Conference on Learning Representations},
  year = {2016}
}"""
    }
    repeats_positives: ClassVar[bool] = True
    moves: ClassVar[bool] = True
    obstacle: ClassVar[str] = "rows are drawn by their losses"

    def __post_init__(self) -> None:
        integer(self.rows, "rows", 1)
        if number(self.part, "part", 0) >= 1:
            raise InputError(
                sentence(f"part={self.part!r}", "a number from 0 to below 1")
            )
        number(self.power, "power", 0)
        object.__setattr__(self, "_losses", np.full(self.rows, np.nan))

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return nothing: losses cannot be options of a strategy."""
        return {}

    @property
    def losses(self) -> FloatArray:
        """The last loss of each row, `[rows]`; NaN if none is known."""
        return np.array(self._losses)

    def update(self, rows: npt.ArrayLike, losses: npt.ArrayLike) -> None:
        """Take the current losses of some rows.

        Args:
            rows: `[some]` their numbers; of a row that comes twice the last loss
                counts.
            losses: `[some]` their losses, finite and at least 0.

        Raises:
            InputError: The shapes differ, a row is not among the rows, or a loss is
                negative or not finite.
        """
        which, values = np.asarray(rows), np.asarray(losses, np.float64)
        if which.shape != values.shape or which.ndim != 1:
            raise InputError(
                sentence(
                    f"rows of shape {which.shape} and losses of shape {values.shape}",
                    "one loss for each row",
                )
            )
        if len(which) and (
            which.dtype.kind not in "iu" or which.min() < 0 or which.max() >= self.rows
        ):
            raise InputError(
                sentence(
                    f"rows of type {which.dtype} up to {which.max()}",
                    f"whole numbers from 0 to {self.rows - 1}",
                )
            )
        if not (np.isfinite(values) & (values >= 0)).all():
            raise InputError(
                sentence(
                    "losses of which some are negative or not finite",
                    "finite losses of at least 0",
                )
            )
        self._losses[which] = values

    def restore(self, losses: npt.ArrayLike) -> None:
        """Take back the losses that `losses` returned at another time.

        Args:
            losses: `[rows]` finite and at least 0, or NaN if one is not known.

        Raises:
            InputError: They are not as many as rows, or one is negative or infinite.

        Example:
            >>> sampler = HardExamples(3)
            >>> sampler.update([1], [2.0])
            >>> before = sampler.losses
            >>> sampler.update([0, 1, 2], [1.0, 1.0, 1.0])
            >>> sampler.restore(before)
            >>> sampler.losses.tolist()
            [nan, 2.0, nan]
        """
        values = np.asarray(losses, np.float64)
        if values.shape != (self.rows,):
            raise InputError(
                sentence(
                    f"losses of shape {values.shape}",
                    f"one for each of {self.rows:,} rows, NaN if it is not known",
                )
            )
        some = np.flatnonzero(~np.isnan(values))
        before = np.array(self._losses)
        self._losses[:] = np.nan
        try:
            self.update(some, values[some])
        except InputError:
            self._losses[:] = before
            raise

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the shares that the classes have among the labels."""
        return natural_prior(totals)

    def grouped(self, labels: npt.ArrayLike, classes: int | None = None) -> Classes:
        """Return where the classes are.

        Raises:
            InputError: There are not as many labels as rows.
        """
        where = super().grouped(labels, classes)
        if len(where) != self.rows:
            raise InputError(
                sentence(
                    f"{len(where):,} labels for rows={self.rows:,}",
                    "as many labels as rows",
                )
            )
        return where

    def rates(self, labels: npt.ArrayLike, classes: int | None = None) -> FloatArray:
        """Return how often each row is drawn now, over how often it would naturally be.

        Args:
            labels: As in `draw`.
            classes: As in `draw`.

        Returns:
            `[rows]` above 0, with mean 1.
        """
        result = np.empty(self.rows)
        for rows in self._groups(labels, classes).groups:
            result[rows] = self._rates(rows)
        return result

    def _rates(self, rows: Int32Array) -> FloatArray:
        """Return the rates of the rows of a class, with mean 1.

        A row whose loss is not known counts as one of the mean.
        """
        losses = self._losses[rows]
        unknown = np.isnan(losses)
        if unknown.all() or not len(rows):
            return np.ones(len(rows))
        height = losses[~unknown].max()
        if height == 0:
            return np.ones(len(rows))
        each = (losses / height) ** self.power  # 1 for the largest, however large
        each[unknown] = each[~unknown].mean()
        return np.asarray(1 - self.part + self.part * each / each.mean())

    def describe(self) -> str:
        """Return what it does."""
        return "by their current losses, each class at its natural frequency"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        rates = tuple(map(self._rates, classes.groups))
        streams = _RatedStreams(classes.groups, rates)
        return interleaved_classes(
            streams, classes.totals, start=start, count=count, seed=seed
        )


@dataclass(frozen=True, eq=False)
class _RatedStreams(Classes):
    """Classes whose streams hold each row at a rate of its own.

    Attributes:
        rates: `[classes]` arrays with the rate of each row of the class, of mean 1.
    """

    rates: tuple[FloatArray, ...] = ()

    def stream(self, group: int, start: int, count: int, seed: int) -> Int32Array:
        """Return `count` positions of a class from its endless stream."""
        rows = self.groups[group]
        size = len(rows)
        if not count:
            return rows[:0]
        ends = np.cumsum(self.rates[group])
        ends *= size / ends[-1]
        first, last = start // size, (start + count - 1) // size
        passes = [
            _systematic(ends, generator(seed, "hard", group, number))
            for number in range(first, last + 1)
        ]
        offset = start - first * size
        return rows[np.concatenate(passes)[offset : offset + count]]


def _systematic(ends: FloatArray, random: np.random.Generator) -> IntArray:
    """Return one pass: each row floor(rate) or ceil(rate) times, in random order."""
    points = np.arange(len(ends)) + random.random()
    places = np.minimum(np.searchsorted(ends, points, side="right"), len(ends) - 1)
    return random.permutation(places)
