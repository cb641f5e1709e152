# SPDX-License-Identifier: Apache-2.0
"""What a sampler is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, sentence
from equipoise._core.options import Setting, check_fields, settings_of
from equipoise._core.types import FloatArray, Int32Array
from equipoise.errors import InputError
from equipoise.sampling.classes import Classes
from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.arrays import Feed, feed_from

_MOST_ROWS = np.iinfo(np.int32).max


class Sampler(ABC):
    """A pure function of labels, seed and epoch that says which rows are drawn.

    A new sampler is a frozen dataclass whose fields are its options (see
    `equipoise.extending.option`), with the three methods below, and a line in
    `sampling/samplers.py`; from outside the package, `equipoise.register`.

    Attributes:
        name: Its name in a `Strategy`.
        citations: Keys of the sources.
        sources: The BibTeX entries of keys that Equipoise does not know.
        tasks: The kinds of task that it serves.
        repeats_positives: Whether it draws positives more often than negatives
            by repeating them: what synthesis can put something in place of.
        keeps_shares: Whether it draws positives at the share that they have.
        always_even: Whether half of what it draws is positive, whatever the labels.
    """

    name: ClassVar[str]
    citations: ClassVar[tuple[str, ...]] = ()
    sources: ClassVar[Mapping[str, str]] = {}
    tasks: ClassVar[tuple[str, ...]] = ("binary",)
    repeats_positives: ClassVar[bool] = False
    keeps_shares: ClassVar[bool] = False
    always_even: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return its options with their defaults and ranges."""
        return settings_of(cls)

    def draw(
        self,
        labels: npt.ArrayLike,
        *,
        batch: int,
        steps: int,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the rows of one epoch.

        The same arguments give the same draw. Epochs follow one another in one
        endless stream, so `batch` and `steps` should stay the same in a run.

        Args:
            labels: `[rows]`, 0 or 1.
            batch: Examples per batch, at least 1.
            steps: Batches per epoch, at least 1; `steps_per_epoch` is the usual.
            seed: The seed of the run.
            epoch: The number of the epoch, from 0.

        Returns:
            A draw whose index is `[steps, batch]`.

        Raises:
            InputTypeError: A number is not an integer.
            InputError: A number is out of range, a label is neither 0 nor 1, or a
                class that is needed has no row.
        """
        size = integer(batch, "batch", 1)
        count = integer(steps, "steps", 1) * size
        start = integer(epoch, "epoch", 0) * count
        classes = Classes.of(labels)
        if len(classes) > _MOST_ROWS:
            raise InputError(
                sentence(f"{len(classes):,} rows", f"at most {_MOST_ROWS:,}")
            )
        index = self.positions(classes, start, count, integer(seed, "seed"))
        return Draw(index.reshape(-1, size))

    def over(
        self,
        features: npt.ArrayLike | Mapping[str, npt.ArrayLike] | tuple[Any, ...],
        labels: npt.ArrayLike,
        **options: Any,
    ) -> Feed:
        """Return a feed of batches for `model.fit`, drawn from arrays in memory.

        `feed.dataset()` is a `tf.data.Dataset`, `feed.sequence()` a
        `keras.utils.PyDataset`.

        Args:
            features: One array `[rows, ...]`, or a dictionary or tuple of arrays.
            labels: `[rows]`, 0 or 1.
            **options: `weights`, `batch`, `steps`, `seed` and `synthesis`, as
                `equipoise.sampling.feed_from` takes them.

        Raises:
            InputTypeError: A number is not an integer.
            InputError: The arrays differ in length, or a value is not accepted.
        """
        return feed_from(self, features, labels, **options)

    def left_out(self) -> str:
        """Return why some rows are never drawn under a seed; empty if all are."""
        return ""

    @abstractmethod
    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the share of each class among the drawn rows, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what it does, in words that complete "batches drawn ..."."""

    @abstractmethod
    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the run's stream.

        Args:
            classes: Where the rows of each class are.
            start: The first place, at least 0.
            count: How many places, at least 1.
            seed: The seed of the run.

        Returns:
            `[count]` int32 positions among the labels.
        """


def prior_of(shares: Sequence[float]) -> FloatArray:
    """Return shares of all classes from those of all but the first, `[classes]`.

    Args:
        shares: `[classes - 1]`; the first class has what they leave of 1.

    Example:
        >>> prior_of([0.25]).tolist()
        [0.75, 0.25]
    """
    return np.array([1 - math.fsum(shares), *shares])


def natural_prior(totals: Sequence[int]) -> FloatArray:
    """Return the shares that the classes have, `[classes]`.

    Args:
        totals: `[classes]` the number of rows of each class.

    Example:
        >>> natural_prior([90, 10]).tolist()
        [0.9, 0.1]
    """
    return prior_of([total / sum(totals) for total in totals[1:]])
