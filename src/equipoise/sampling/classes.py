# SPDX-License-Identifier: Apache-2.0
"""Where the rows of each class are, and streams over them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import generator
from equipoise._core.types import Int32Array, IntArray
from equipoise.errors import InputError
from equipoise.sampling.label_groups import label_groups, rows_by_number
from equipoise.sampling.streams import permutations, shuffled
from equipoise.weights.row_classes import row_classes

_BLOCK = 1 << 12


@dataclass(frozen=True, eq=False)
class Classes:
    """The positions of the rows of each class.

    The rows of a label matrix are in classes by the rarest label that they have, see
    `rarest_labels`; rows without a label are a class of their own.

    Attributes:
        groups: `[classes]` arrays `[rows of the class]` int32, ascending. Empty for a
            class without rows.
    """

    groups: tuple[Int32Array, ...]

    def __len__(self) -> int:
        return sum(map(len, self.groups))

    @property
    def negatives(self) -> Int32Array:
        """The positions of the first class: of two, the negatives."""
        return self.groups[0]

    @property
    def positives(self) -> Int32Array:
        """The positions of the second class: of two, the positives."""
        return self.groups[1]

    @property
    def totals(self) -> list[int]:
        """The number of rows of each class."""
        return [len(group) for group in self.groups]

    @classmethod
    def of(cls, labels: npt.ArrayLike, classes: int | None = None) -> Classes:
        """Return the classes of labels.

        Args:
            labels: `[rows]` class numbers, 0 or 1 for two classes; or `[rows, labels]`
                1, 0, and NaN or -1 if a label is not known.
            classes: How many classes or labels there are. By default as many as occur,
                each with a row.

        Raises:
            InputTypeError: The labels are not numbers.
            InputError: There are none, or one is no class number.
        """
        if np.ndim(labels) == 2 and (classes is not None or np.shape(labels)[1] != 1):
            return cls(label_groups(labels))
        number, count = row_classes(labels, classes)
        if count == 2:
            positive = number == 1
            return cls(
                (
                    np.flatnonzero(~positive).astype(np.int32),
                    np.flatnonzero(positive).astype(np.int32),
                )
            )
        return cls(rows_by_number(number, count))

    def require_both(self, sampler: str) -> None:
        """Check that two classes have rows.

        Raises:
            InputError: There are no negatives, or no positives; or, of several
                classes, only one has rows.
        """
        if len(self.groups) == 2:
            if not len(self.negatives) or not len(self.positives):
                raise InputError(
                    sentence(
                        f"{len(self.negatives)} negatives and {len(self.positives)} "
                        f"positives for sampling={sampler!r}",
                        "at least one of each",
                        "Check the split: a class is absent from these rows.",
                    )
                )
        elif len(self.groups) > 2 and np.count_nonzero(self.totals) < 2:
            raise InputError(
                sentence(
                    f"rows of one class only for sampling={sampler!r}",
                    "rows of two classes at least",
                    "Check the split: the other classes are absent from these rows.",
                )
            )

    def stream(self, group: int, start: int, count: int, seed: int) -> Int32Array:
        """Return `count` positions of a class from its endless stream.

        Each row comes once per pass.

        Args:
            group: The number of the class.
            start: The first place of its stream.
            count: How many places.
            seed: The seed.
        """
        rows = self.groups[group]
        path: tuple[str | int, ...] = ("class", group)
        if len(self.groups) == 2:
            path = (("negatives", "positives")[group],)
        return rows[permutations(len(rows), start, count, seed, *path)]

    def positive_stream(self, start: int, count: int, seed: int) -> Int32Array:
        """Return `count` positives from an endless stream, each once per pass."""
        return self.stream(1, start, count, seed)

    def negative_stream(self, start: int, count: int, seed: int) -> Int32Array:
        """Return `count` negatives from an endless stream, each once per pass."""
        return self.stream(0, start, count, seed)


@dataclass(frozen=True, eq=False)
class SharedClasses(Classes):
    """Groups of rows with the ratios in which they are drawn.

    Here groups may overlap: a row that is in several is drawn for each of them.

    Attributes:
        quotas: `[groups]` whole numbers of at least 0, above 0 for the groups that are
            drawn.
        rows: How many rows there are.
    """

    quotas: tuple[int, ...] = ()
    rows: int = 0

    def __len__(self) -> int:
        return self.rows


def interleaved(
    classes: Classes,
    positives: int,
    out_of: int,
    *,
    start: int,
    count: int,
    seed: int,
) -> Int32Array:
    """Draw `positives` in every `out_of` rows, spread as evenly as can be.

    Row t is positive where round(t p) steps up, so any stretch of rows, and so any
    batch and any device's share of a batch, is within one row of the exact share.

    Args:
        classes: Where the classes are.
        positives: The share's numerator, from 0 to `out_of`.
        out_of: The share's denominator, at least 1.
        start: The first row of the stream.
        count: How many rows.
        seed: The seed.

    Returns:
        `[count]` int32 positions.
    """
    return interleaved_classes(
        classes, (out_of - positives, positives), start=start, count=count, seed=seed
    )


def interleaved_classes(
    classes: Classes,
    quotas: Sequence[int],
    *,
    start: int,
    count: int,
    seed: int,
    before: Sequence[int] | None = None,
) -> Int32Array:
    """Draw the classes in the ratios of their quotas, spread as evenly as can be.

    Two classes alternate as in `interleaved`. Of several, the two with the smallest
    quotas are taken as one, and so on until two are left; what belongs to both is
    then shared out among them in the same manner. Any stretch of rows is so within
    one row of the exact share of each of two classes, and within three rows of each of
    several.

    Args:
        classes: Where the classes are.
        quotas: `[classes]` whole numbers of at least 0, above 0 for the classes that
            are drawn.
        start: The first row of the stream.
        count: How many rows.
        seed: The seed.
        before: `[classes]` how many rows of each class were drawn before `start` is
            counted from; by default none.

    Returns:
        `[count]` int32 positions.
    """
    index = np.empty(count, np.int32)
    for group, first, places in _shared_out(
        _tree(quotas), start, np.arange(count, dtype=np.int64)
    ):
        place = first if before is None else first + before[group]
        index[places] = classes.stream(group, place, len(places), seed)
    return index


def interleaved_numbers(quotas: Sequence[int], start: int, count: int) -> IntArray:
    """Return which class is at each place of the stream of `interleaved_classes`.

    Args:
        quotas: As there.
        start: The first place.
        count: How many places.

    Returns:
        `[count]` numbers of classes.

    Example:
        >>> interleaved_numbers([3, 1], 0, 8).tolist()
        [0, 1, 0, 0, 0, 1, 0, 0]
    """
    numbers = np.empty(count, np.int64)
    for group, _, places in _shared_out(_tree(quotas), start, np.arange(count)):
        numbers[places] = group
    return numbers


@dataclass(frozen=True, eq=False)
class _Node:
    """Classes that are drawn together: one class, or two nodes.

    Attributes:
        quota: The sum of the quotas.
        group: The number of the class, or -1.
        parts: The two nodes, or nothing.
    """

    quota: int
    group: int
    parts: tuple[_Node, ...] = ()


def _tree(quotas: Sequence[int]) -> _Node:
    """Return the classes in pairs, the smallest quotas first (Huffman 1952)."""
    if len(quotas) == 2:
        return _Node(sum(quotas), -1, tuple(map(_Node, quotas, (0, 1))))
    nodes = [_Node(quota, group) for group, quota in enumerate(quotas) if quota > 0]
    waiting = [(node.quota, place, node) for place, node in enumerate(nodes)]
    heapq.heapify(waiting)
    place = len(waiting)
    while len(waiting) > 1:
        (_, _, small), (_, _, large) = heapq.heappop(waiting), heapq.heappop(waiting)
        both = _Node(small.quota + large.quota, -1, (large, small))
        heapq.heappush(waiting, (both.quota, place, both))
        place += 1
    return waiting[0][2]


def _shared_out(
    node: _Node, start: int, places: IntArray
) -> Iterator[tuple[int, int, IntArray]]:
    """Yield which places each class gets: its number, where its stream is, `places`.

    Row t of a node is its second part's where round(t p) steps up, p being that part's
    share.

    Args:
        node: Classes that are drawn together.
        start: How many rows of the node came before.
        places: Which places are the node's.
    """
    if not node.parts:
        yield node.group, start, places
        return
    one, other = node.parts
    place = np.arange(start, start + len(places) + 1, dtype=np.int64)
    before = (place * other.quota + node.quota // 2) // node.quota
    steps = np.diff(before).astype(bool)
    first = int(before[0])
    yield from _shared_out(other, first, places[steps])
    yield from _shared_out(one, start - first, places[~steps])


def shuffled_passes(
    classes: Classes,
    positives: int,
    negatives: int,
    *,
    start: int,
    count: int,
    seed: int,
    fresh: bool = True,
) -> Int32Array:
    """Draw passes with fixed numbers of positives and negatives, each pass shuffled.

    Args:
        classes: Where the classes are.
        positives: Positives per pass; they repeat if it exceeds their number.
        negatives: Negatives per pass.
        start: The first row of the stream.
        count: How many rows.
        seed: The seed.
        fresh: Whether each pass goes on to other negatives; else every pass holds
            the same ones.

    Returns:
        `[count]` int32 positions.
    """
    length = positives + negatives
    passes = max(1, _BLOCK // length)  # that one generator shuffles
    first, last = (place // (passes * length) for place in (start, start + count - 1))
    begin, several = first * passes, (last + 1 - first) * passes
    held = classes.positive_stream(begin * positives, several * positives, seed)
    if fresh:
        rest = classes.negative_stream(begin * negatives, several * negatives, seed)
    else:
        rest = np.tile(classes.negative_stream(0, negatives, seed), several)
    rows = np.concatenate(
        [held.reshape(several, positives), rest.reshape(several, negatives)], axis=1
    )
    blocks = [
        shuffled(part, generator(seed, "passes", first + number))
        for number, part in enumerate(np.split(rows, several // passes))
    ]
    offset = start - begin * length
    return np.concatenate(blocks).ravel()[offset : offset + count]


def shuffled_class_passes(
    classes: Classes,
    rows: Sequence[int],
    *,
    start: int,
    count: int,
    seed: int,
    fresh: bool = True,
) -> Int32Array:
    """Draw passes with a fixed number of rows of each class, each pass shuffled.

    Args:
        classes: Where the classes are.
        rows: `[classes]` rows of each per pass; they repeat if they exceed the class.
        start: The first row of the stream.
        count: How many rows.
        seed: The seed.
        fresh: Whether each pass goes on to other rows of a class of which it holds a
            part; else every pass holds the same ones.

    Returns:
        `[count]` int32 positions.
    """
    if len(rows) == 2:
        two = {"start": start, "count": count, "seed": seed}
        return shuffled_passes(classes, rows[1], rows[0], **two, fresh=fresh)
    length = sum(rows)
    passes = max(1, _BLOCK // length)
    first, last = (place // (passes * length) for place in (start, start + count - 1))
    begin, several = first * passes, (last + 1 - first) * passes
    columns = []
    for group, (held, there) in enumerate(zip(rows, classes.totals, strict=True)):
        if not held:
            continue
        if fresh or held >= there:
            column = classes.stream(group, begin * held, several * held, seed)
        else:
            column = np.tile(classes.stream(group, 0, held, seed), several)
        columns.append(column.reshape(several, held))
    blocks = [
        shuffled(part, generator(seed, "passes", first + number))
        for number, part in enumerate(
            np.split(np.concatenate(columns, axis=1), several // passes)
        )
    ]
    offset = start - begin * length
    return np.concatenate(blocks).ravel()[offset : offset + count]
