# SPDX-License-Identifier: Apache-2.0
"""Batches of exact composition from a stream that is read once, row after row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, listing, sentence
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import InputError, InputTypeError
from equipoise.priors import Correction, prior_correction
from equipoise.sampling.classes import interleaved_numbers
from equipoise.sampling.feeds.batch import Batch
from equipoise.sampling.feeds.stream_rows import (
    label_of,
    require_alike,
    stacked_features,
    unbatched,
    weights_of_rows,
)
from equipoise.sampling.proportions import Proportions
from equipoise.sampling.sampler import quota_shares

_STATE_FORMAT = 1


@dataclass
class StreamCounts:
    """What a stream feed has read and shown.

    Attributes:
        seen: `[classes]` rows read.
        shown: `[classes]` examples in batches.
        repeated: `[classes]` examples that had been in a batch before.
        thrown_away: `[classes]` rows that were read and were in no batch. Rows in the
            buffers count as soon as the source has ended and there is no other batch.
        held: The most rows that were in memory at a time.
    """

    seen: IntArray
    shown: IntArray
    repeated: IntArray
    thrown_away: IntArray
    held: int = 0

    @classmethod
    def none(cls, classes: int) -> StreamCounts:
        """Return counts of nothing."""
        seen, shown, repeated, thrown_away = np.zeros((4, classes), np.int64)
        return cls(seen, shown, repeated, thrown_away)


@dataclass(eq=False)
class StreamFeed:
    """A stream of rows, and the shares of the classes in the batches made of it.

    The source is read once for all classes. Each class has a buffer of at most `buffer`
    rows, so that memory is bounded, and a row is drawn from its buffer at random: it
    shuffles as `tf.data.Dataset.shuffle(buffer)` does. Every batch holds the classes at
    their shares, to one row of two classes and to three of several.

    If `repeat` is true, the class of which there are most for its share sets the pace:
    each of its rows is shown once, and rows of rarer classes come from their buffers
    again. Else no row is shown twice, and of the more frequent classes rows are thrown
    away, as a rejection does.

    Attributes:
        source: A function that returns an iterator of rows, called once per pass; or a
            `tf.data.Dataset`, or anything that can be iterated again. A generator is
            read once. A row is (features, label) or (features, label, weight): features
            an array, or a dictionary or tuple of arrays, and a class number.
        proportions: The shares of the classes, as `Proportions` takes them, or
            "balanced".
        classes: How many classes there are.
        batch: Examples per batch.
        steps: Batches per epoch; the source then starts again as often as it must.
            None: an epoch ends with its source.
        buffer: The most rows of a class in memory, at least a batch's share.
        batched: Whether the source yields batches instead of rows.
        sequences: Whether the first axis of features differs in length from row to
            row; then they are padded to the longest of each batch, numbers with 0 and
            strings with "".
        repeat: Whether rare rows are repeated instead of frequent ones thrown away.
        seed: The seed of the run.

    Raises:
        InputTypeError: A number is not an integer.
        InputError: A number is out of range, or the shares are not those of the
            classes.

    Example:
        >>> rows = [(np.array([float(n)]), int(n % 50 == 0)) for n in range(1000)]
        >>> feed = StreamFeed(lambda: iter(rows), batch=4, buffer=100)
        >>> next(feed.batches()).targets.tolist()
        [1.0, 0.0, 1.0, 0.0]
        >>> epoch = list(feed.batches())
        >>> counts = feed.counts
        >>> counts.seen.tolist(), counts.shown.tolist(), counts.held <= 200
        ([980, 20], [980, 980], True)
    """

    source: Any
    proportions: Any = "balanced"
    classes: int = 2
    batch: int = 256
    steps: int | None = None
    buffer: int = 1000
    batched: bool = False
    sequences: bool = False
    repeat: bool = True
    seed: int = 0
    counts: StreamCounts = field(init=False, repr=False)
    _quotas: list[int] = field(init=False, repr=False)
    _waiting: tuple[Any, Iterator[Any]] | None = field(init=False, repr=False)
    _read: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        integer(self.classes, "classes", 2)
        integer(self.batch, "batch", 1)
        integer(self.buffer, "buffer", 1)
        integer(self.seed, "seed")
        if self.steps is not None:
            integer(self.steps, "steps", 1)
        shares = Proportions(self.proportions)
        if shares.shares == "natural":
            raise InputError(
                sentence(
                    "proportions='natural' for a stream",
                    "'balanced', or a share for each class",
                )
            )
        if not isinstance(shares.shares, str) and len(shares.shares) != self.classes:
            raise InputError(
                sentence(
                    f"shares of {len(shares.shares)} of {self.classes} classes",
                    "a share for each class of a stream, whose totals are not known",
                )
            )
        self._quotas = shares.quotas([1] * self.classes)
        self.counts = StreamCounts.none(self.classes)
        self._waiting, self._read = None, False

    @property
    def prior(self) -> FloatArray:
        """The share of each class in the batches, `[classes]`."""
        return quota_shares(self._quotas)

    def correction(self, population: npt.ArrayLike | None = None) -> Correction:
        """Return how scores learned on the batches become the stream's.

        Args:
            population: `[classes]` the shares of the classes in the stream; by default
                as counted so far.

        Raises:
            InputError: Nothing was read of some class, so that its share is not known.
        """
        shares = np.asarray(self.counts.seen if population is None else population)
        if shares.shape != (self.classes,) or not (shares > 0).all():
            raise InputError(
                sentence(
                    f"shares of the stream of {shares.tolist()}",
                    f"{self.classes} shares above 0",
                    "Pass population=, or read the stream first.",
                )
            )
        return prior_correction(self.prior, shares / shares.sum())

    def batches(self, first_epoch: int = 0, first_step: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch; with `steps`, without end.

        To begin later, what comes before is read and passed over.

        Args:
            first_epoch: The first epoch, from 0.
            first_step: The first batch in it, from 0.

        Raises:
            InputTypeError: What the source yields is no row, or a value no number.
            InputError: A pass has no rows, or none of a class; a label is no class
                number, a weight is negative or not finite, or features differ in
                shape; or a generator is to be read again.
        """
        epoch = integer(first_epoch, "first_epoch", 0)
        step = integer(first_step, "first_step", 0)
        if self.steps is None:
            yield from self._batches(epoch, step, [epoch])
        else:
            skip = epoch * self.steps + step
            yield from self._batches(0, skip, iter(int, 1))

    def _batches(self, epoch: int, skip: int, passes: Iterable[int]) -> Iterator[Batch]:
        """Yield batches of one run over the source, or over several passes of it.

        Args:
            epoch: The epoch of the first batch.
            skip: How many batches are passed over.
            passes: One item for each pass over the source.
        """
        self.counts = counts = StreamCounts.none(self.classes)
        buffers = [_Buffer(self._capacity(c)) for c in range(self.classes)]
        random = generator(self.seed, "stream", epoch)
        rows = chain.from_iterable(self._rows(counts) for _ in passes)
        reader = _Reader(rows, buffers, counts, random, self.classes)
        prior, number = self.prior, 0
        while True:
            of = interleaved_numbers(self._quotas, number * self.batch, self.batch)
            needs = np.bincount(of, minlength=self.classes)
            reader.fill(needs, self._quotas, self.repeat)
            if reader.ended and not self._enough(buffers, needs):
                counts.thrown_away += [len(buffer.fresh) for buffer in buffers]
                return
            taken = [
                buffer.take(int(need), random)
                for buffer, need in zip(buffers, needs, strict=True)
            ]
            for label, (_, again) in enumerate(taken):
                counts.repeated[label] += again
            counts.shown += needs
            if number >= skip:
                examples: list[Any] = [None] * self.batch
                for label, (examples_of, _) in enumerate(taken):
                    places = np.flatnonzero(of == label)
                    for place, row in zip(places, examples_of, strict=True):
                        examples[place] = row
                at = divmod(number, self.steps) if self.steps else (epoch, number)
                yield self._batch(examples, of, at, prior)
            number += 1

    def _enough(self, buffers: list[_Buffer], needs: IntArray) -> bool:
        """Say whether what is left of a source that has ended makes another batch."""
        if self.repeat:
            return any(len(buffer.fresh) for buffer in buffers)
        each = zip(buffers, needs, strict=True)
        return all(len(buffer.fresh) >= need for buffer, need in each)

    def _capacity(self, label: int) -> int:
        share = -(-self._quotas[label] * self.batch // sum(self._quotas)) + 3
        return max(self.buffer, share)

    def _rows(self, counts: StreamCounts) -> Iterator[tuple[int, Any]]:
        """Yield the numbers of the rows of a pass over the source, and the rows.

        Raises:
            InputError: The pass had no row, or none of a class that has a share.
        """
        if self._waiting is None:
            rows = self._opened()
        else:
            first, rest = self._waiting
            self._waiting, rows = None, chain([first], rest)
        number = -1
        for number, row in enumerate(rows):
            yield number, row
        if number < 0:
            raise _no_rows()
        absent = np.flatnonzero((counts.seen == 0) & (np.array(self._quotas) > 0))
        if len(absent):
            raise InputError(
                sentence(
                    f"a source of {counts.seen.sum():,} rows without rows of class "
                    f"{absent[0]}",
                    f"rows of each of the {self.classes} classes",
                )
            )

    def _opened(self) -> Iterator[Any]:
        source = self.source
        if hasattr(source, "as_numpy_iterator"):
            rows: Iterator[Any] = source.as_numpy_iterator()
        else:
            opened = source() if callable(source) else source
            if not isinstance(opened, Iterable):
                raise InputTypeError(
                    sentence(
                        f"source={source!r}",
                        "rows, or a function that returns an iterator of them",
                    )
                )
            rows = iter(opened)
        if not callable(source) and rows is source:
            if self._read:
                raise InputError(
                    sentence(
                        "a generator that is to be read a second time",
                        "a source that can be read again",
                        "Pass a function that returns the generator.",
                    )
                )
            self._read = True
        return chain.from_iterable(map(unbatched, rows)) if self.batched else rows

    def _batch(
        self,
        examples: list[tuple[int, Any]],
        labels: IntArray,
        at: tuple[int, int],
        prior: FloatArray,
    ) -> Batch:
        rows = [row for _, row in examples]
        return Batch(
            stacked_features([row[0] for row in rows], self.sequences),
            labels.astype(self._target_type),
            weights_of_rows(rows),
            np.array([number for number, _ in examples], np.int64),
            *at,
            prior,
        )

    @property
    def _target_type(self) -> Any:
        return np.float32 if self.classes == 2 else np.int32

    def dataset(  # a tf.data.Dataset
        self,
        first_epoch: int = 0,
        first_step: int = 0,
        *,
        rows: bool = False,
        starts: Iterator[int] | None = None,
    ) -> Any:
        """Return the batches as a `tf.data.Dataset`.

        One pass is one epoch. With `steps` the passes go on in one stream.

        Args:
            first_epoch: The epoch of the first pass, from 0.
            first_step: The batch that it begins with, from 0.
            rows: Whether row numbers follow as a fourth part, `[batch]` int64, after
                weights that are 1 if there are none.
            starts: Where each pass begins, as a number of batches; for
                `KerasResumeFeed`.

        Raises:
            InputError: The source has no rows.
        """
        from equipoise.sampling.feeds.tf_stream import stream_dataset

        at = (
            integer(first_epoch, "first_epoch", 0),
            integer(first_step, "first_step", 0),
        )
        return stream_dataset(self, *at, rows=rows, starts=starts)

    def first_row(self) -> Any:
        """Return the first row of the source, which the next pass still begins with.

        Raises:
            InputTypeError: What it yields is no row.
            InputError: The source has no rows, or the label is no class number.
            UnsupportedError: The row has several labels, as a batch has.
        """
        if self._waiting is None:
            rows = self._opened()
            first = next(rows, None)
            if first is None:
                raise _no_rows()
            label_of(first, self.classes)
            self._waiting = first, rows
        return self._waiting[0]

    def state(self, epoch: int = 0, step: int = 0) -> dict[str, Any]:
        """Return plain numbers from which a later process goes on.

        Args:
            epoch: The epoch of the next batch, from 0.
            step: Its number in the epoch, from 0.
        """
        return {
            **self._identity(),
            "epoch": integer(epoch, "epoch", 0),
            "step": integer(step, "step", 0),
        }

    def from_state(self, state: Mapping[str, Any]) -> tuple[int, int]:
        """Return the epoch and the step of a state, for `dataset` and `batches`.

        What is before them is read again and passed over, since buffers are not kept.
        The source must give the same rows in the same order.

        Args:
            state: What `state` of such a feed returned.

        Raises:
            InputError: It is the state of another feed, or none.
        """
        expected = self._identity()
        if {*expected, "epoch", "step"} != set(state) or any(
            state[name] != value for name, value in expected.items()
        ):
            raise InputError(
                sentence(
                    f"a state of {listing(state, 12)} of another feed",
                    f"that of this feed, {expected}",
                    "Make the feed as it was, or start without the state.",
                )
            )
        epoch, step = (integer(state[name], name, 0) for name in ("epoch", "step"))
        return epoch, step

    def _identity(self) -> dict[str, Any]:
        return {
            "format": _STATE_FORMAT,
            "quotas": list(self._quotas),
            "batch": self.batch,
            "steps": self.steps,
            "buffer": self.buffer,
            "repeat": self.repeat,
            "seed": self.seed,
        }


def _no_rows() -> InputError:
    return InputError(
        sentence(
            "a source of no rows",
            "at least one row in every pass",
            "If the source is a function, it must return a new iterator each time.",
        )
    )


class _Buffer:
    """Rows of one class: those that no batch has had, and those that one has."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.fresh: list[Any] = []
        self.used: list[Any] = []

    def __len__(self) -> int:
        return len(self.fresh) + len(self.used)

    def add(self, row: Any, random: np.random.Generator) -> bool:
        """Take a row, in place of a used one if it is full; return whether it did."""
        if len(self) >= self.capacity:
            if not self.used:
                return False
            _pop(self.used, random)
        self.fresh.append(row)
        return True

    def take(self, count: int, random: np.random.Generator) -> tuple[list[Any], int]:
        """Return rows, fresh ones as long as there are any, and how many were not."""
        rows = [_pop(self.fresh, random) for _ in range(min(count, len(self.fresh)))]
        self.used += rows
        again = count - len(rows)
        rows = list(rows)
        left = again
        while left:
            some = min(left, len(self.used))
            rows += [self.used[n] for n in random.choice(len(self.used), some, False)]
            left -= some
        return rows, again


def _pop(rows: list[Any], random: np.random.Generator) -> Any:
    """Remove a row at random and return it."""
    place = int(random.integers(len(rows)))
    rows[place], rows[-1] = rows[-1], rows[place]
    return rows.pop()


@dataclass
class _Reader:
    """Reads rows into the buffers of their classes."""

    rows: Iterator[tuple[int, Any]]
    buffers: list[_Buffer]
    counts: StreamCounts
    random: np.random.Generator
    classes: int
    ended: bool = False
    parts: int = 0

    def fill(self, needs: IntArray, quotas: Sequence[int], repeat: bool) -> None:
        """Read until there is enough for a batch, or the source ends.

        Args:
            needs: `[classes]` rows of each in the batch.
            quotas: `[classes]` above 0 for the classes that are drawn.
            repeat: Whether used rows serve again.
        """
        while not self.ended and not self._enough(needs, quotas, repeat):
            row = next(self.rows, None)
            if row is None:
                self.ended = True
                break
            label = label_of(row[1], self.classes)
            require_alike(len(row[1]), self.parts)
            self.parts = len(row[1])
            self.counts.seen[label] += 1
            if not self.buffers[label].add(row, self.random):
                self.counts.thrown_away[label] += 1
        self.counts.held = sum(map(len, self.buffers))  # buffers never shrink

    def _enough(self, needs: IntArray, quotas: Sequence[int], repeat: bool) -> bool:
        each = list(zip(self.buffers, needs, quotas, strict=True))
        full = any(len(b.fresh) >= b.capacity for b, _, quota in each if quota)
        if repeat:
            return full and all(len(b) for b, need, _ in each if need)
        return full and all(len(b.fresh) >= need for b, need, _ in each)
