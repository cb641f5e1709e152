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
from equipoise.errors import InputError, UnsupportedError
from equipoise.priors import Correction, prior_offsets
from equipoise.sampling.classes import Classes, SharedClasses, interleaved_classes
from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.arrays import Feed, feed_from

_MOST_ROWS = np.iinfo(np.int32).max
_FINEST = 1_000_000
_FRESH = ", fresh in every pass"


class Sampler(ABC):
    """A pure function of labels, seed and epoch that says which rows are drawn.

    A new sampler is a frozen dataclass whose fields are its options (see
    `equipoise.extending.option`), with the three methods below, and a line in
    `sampling/samplers.py`; from outside the package, `equipoise.register`.

    Of several classes it draws each as often as its quota says. The rows of a label
    matrix are drawn with all their labels, by the rarest that they have (see
    `equipoise.sampling.label_groups`): then the share of each label among the drawn
    rows follows from no formula, but weights of `importance` make a loss over the
    drawn rows that over all rows.

    Attributes:
        name: Its name in a `Strategy`.
        citations: Keys of the sources.
        sources: The BibTeX entries of keys that Equipoise does not know.
        tasks: The kinds of task that it serves.
        repeats_positives: Whether it draws positives more often than negatives
            by repeating them: what synthesis can put something in place of.
        keeps_shares: Whether it draws positives at the share that they have.
        always_even: Whether it draws all classes equally often, whatever the labels.
        moves: Whether the shares change from pass to pass, which only a learner in
            batches can follow.
        obstacle: Why probabilities have no exact correction and must be calibrated;
            empty if they have one, as they do if only the shares of the classes change.
    """

    name: ClassVar[str]
    citations: ClassVar[tuple[str, ...]] = ()
    sources: ClassVar[Mapping[str, str]] = {}
    tasks: ClassVar[tuple[str, ...]] = ("binary",)
    repeats_positives: ClassVar[bool] = False
    keeps_shares: ClassVar[bool] = False
    always_even: ClassVar[bool] = False
    moves: ClassVar[bool] = False
    obstacle: ClassVar[str] = ""

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
        classes: int | None = None,
    ) -> Draw:
        """Return the rows of one epoch.

        The same arguments give the same draw. Epochs follow one another in one
        endless stream, so `batch` and `steps` should stay the same in a run.

        Args:
            labels: `[rows]` class numbers, 0 or 1 for two classes; or
                `[rows, labels]` 1, 0, and NaN or -1 if a label is not known.
            batch: Examples per batch, at least 1.
            steps: Batches per epoch, at least 1; `steps_per_epoch` is the usual.
            seed: The seed of the run.
            epoch: The number of the epoch, from 0.
            classes: How many classes or labels there are, of which some may have no
                row here; by default as many as occur.

        Returns:
            A draw whose index is `[steps, batch]`.

        Raises:
            InputTypeError: A number is not an integer.
            InputError: A number is out of range, a label is no class number, or a
                class that is needed has no row.
            UnsupportedError: The sampler does not serve so many classes, or labels.
        """
        size = integer(batch, "batch", 1)
        count = integer(steps, "steps", 1) * size
        start = integer(epoch, "epoch", 0) * count
        groups = self._groups(labels, classes)
        if len(groups) > _MOST_ROWS:
            raise InputError(
                sentence(f"{len(groups):,} rows", f"at most {_MOST_ROWS:,}")
            )
        index = self.positions(groups, start, count, integer(seed, "seed"))
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

    def rates(self, labels: npt.ArrayLike, classes: int | None = None) -> FloatArray:
        """Return how often each row is drawn, over how often it would be naturally.

        Args:
            labels: As in `draw`.
            classes: As in `draw`.

        Returns:
            `[rows]` above 0, with mean 1.

        Example:
            >>> from equipoise.sampling import Balanced
            >>> Balanced().rates([0, 0, 0, 1]).round(3).tolist()
            [0.667, 0.667, 0.667, 2.0]
        """
        groups = self._groups(labels, classes)
        if isinstance(groups, SharedClasses):
            shares = quota_shares(groups.quotas)
        else:
            shares = self.prior(groups.totals)
        result = np.zeros(len(groups))
        for rows, share in zip(groups.groups, shares, strict=True):
            if len(rows):
                result[rows] += float(share) * len(groups) / len(rows)
        return result

    def importance(
        self, labels: npt.ArrayLike, classes: int | None = None
    ) -> FloatArray:
        """Return weights that make a loss over the drawn rows that over all rows.

        They are 1 over the `rates`. With them a model learns the probabilities of
        the population, whatever the loss, and needs no correction: what label
        matrices need, since no shift of a label's log-odds corrects the drawing of
        whole rows.

        Source: Horvitz & Thompson (1952), "A generalization of sampling without
        replacement from a finite universe", section 3.

        Args:
            labels: As in `draw`.
            classes: As in `draw`.

        Returns:
            `[rows]` above 0; their mean over the drawn rows is 1.

        Example:
            >>> from equipoise.sampling import Balanced
            >>> Balanced().importance([[1, 0], [1, 0], [1, 0], [1, 1]]).tolist()
            [1.5, 1.5, 1.5, 0.5]
        """
        return 1.0 / self.rates(labels, classes)

    def correction(
        self, labels: npt.ArrayLike, classes: int | None = None
    ) -> Correction:
        """Return how scores learned on its batches become the population's.

        Labels need none, if the rows weigh `importance`, as a feed sees to. An absent
        class is shifted as the first class that is present.

        Args:
            labels: As in `draw`.
            classes: As in `draw`.

        Returns:
            A correction of kind "offset", exact for a loss whose minimiser is the
            log-odds; or of kind "calibrate", with the reason, if there is none.

        Example:
            >>> from equipoise.sampling import Balanced
            >>> print(f"{Balanced().correction([0] * 9 + [1]).offset[0]:.4f}")
            -2.1972
        """
        groups = self._groups(labels, classes)
        kind: Any = "calibrate" if self.obstacle else "offset"
        quotas = isinstance(groups, SharedClasses)
        if np.ndim(labels) == 2 and (quotas or np.shape(labels)[1] != 1):
            offset = np.zeros(np.shape(labels)[1])
            return Correction(kind, tuple(offset.tolist()), reason=self.obstacle)
        rows, among = self.class_shares(labels, classes)
        totals = np.asarray(rows, np.float64)
        shares, population = np.asarray(among), totals / totals.sum()
        link: Any = "softmax" if len(totals) > 2 else "sigmoid"
        first = int(np.flatnonzero(totals)[0])
        shares, population = (
            np.where(totals > 0, each, each[first]) for each in (shares, population)
        )
        offset = prior_offsets(shares, population, None if len(totals) == 2 else link)
        return Correction(kind, tuple(offset.tolist()), 0.0, self.obstacle, link)

    def class_shares(
        self, labels: npt.ArrayLike, classes: int | None = None
    ) -> tuple[list[int], FloatArray]:
        """Return the rows of each class, and the share of each among those drawn.

        Args:
            labels: As in `draw`, of one class per row.
            classes: As in `draw`.
        """
        totals = self._groups(labels, classes).totals
        return totals, np.asarray(self.prior(totals))

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels, as `describe`.

        Args:
            kind: The kind of the task, "multiclass" or "multilabel".
        """
        return self.describe()

    def describe_rows(self, kind: str) -> str:
        """Return what it does to rows that are drawn once instead of in batches.

        Args:
            kind: The kind of the task.

        Example:
            >>> from equipoise.sampling import Rate
            >>> Rate(0.25).describe_rows("binary")
            'with 0.25 of the rows positive'
        """
        text = self.describe() if kind == "binary" else self.describe_classes(kind)
        return text.replace("every batch", "the rows").replace(_FRESH, "")

    def grouped(self, labels: npt.ArrayLike, classes: int | None = None) -> Classes:
        """Return the groups of rows that it draws from.

        Args:
            labels: As in `draw`.
            classes: As in `draw`.

        Raises:
            InputTypeError: The labels are not numbers.
            InputError: There are none, or one is no class number.
        """
        return Classes.of(labels, classes)

    def _groups(self, labels: npt.ArrayLike, classes: int | None) -> Classes:
        """Return where the classes are, if the sampler serves such labels."""
        groups = self.grouped(labels, classes)
        kind = "binary" if len(groups.groups) == 2 else "multiclass"
        kind = "multilabel" if np.ndim(labels) == 2 else kind
        if kind not in self.tasks:
            raise UnsupportedError(
                sentence(
                    f"the labels of a {kind} task for sampling={self.name!r}",
                    f"those of a {' or '.join(self.tasks)} task",
                )
            )
        return groups

    def settles(self, rows: int) -> int:
        """Return the place of the stream from which on its prior holds.

        Args:
            rows: The number of rows.
        """
        return 0

    def left_out(self) -> str:
        """Return why some rows are never drawn under a seed; empty if all are."""
        return ""

    @abstractmethod
    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the share of each class among the drawn rows, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class; 0 for a class of
                several that is absent, whose share is then 0.
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


class QuotaSampler(Sampler):
    """A sampler that is said by the ratios in which classes are drawn."""

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the share of each class, to a millionth."""
        shares = quota_shares(self.quotas(totals))
        return shares if len(totals) != 2 else prior_of([float(shares[1])])

    @abstractmethod
    def quotas(self, totals: Sequence[int]) -> list[int]:
        """Return the ratios in which the classes are drawn, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.
        """

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        quotas: Sequence[int]
        if isinstance(classes, SharedClasses):
            quotas = classes.quotas
        else:
            classes.require_both(self.name)
            quotas = self.quotas(classes.totals)
        return interleaved_classes(classes, quotas, start=start, count=count, seed=seed)


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
    if len(totals) != 2:
        return quota_shares(totals)
    return prior_of([total / sum(totals) for total in totals[1:]])


def quota_shares(quotas: Sequence[int]) -> FloatArray:
    """Return quotas over their sum, `[classes]`.

    Args:
        quotas: `[classes]` whole numbers of at least 0, not all 0.

    Example:
        >>> quota_shares([3, 0, 1]).tolist()
        [0.75, 0.0, 0.25]
    """
    total = sum(quotas)
    return np.array([quota / total for quota in quotas])


def quotas_of(shares: Sequence[float]) -> list[int]:
    """Return whole numbers in the ratios of shares, to a millionth of their sum.

    Args:
        shares: `[classes]` of at least 0, in any unit.

    Returns:
        `[classes]`; above 0 if the share is.

    Example:
        >>> quotas_of([3.0, 0.0, 1.0])
        [750000, 0, 250000]
    """
    total = math.fsum(shares)
    return [max(1, round(_FINEST * share / total)) if share else 0 for share in shares]
