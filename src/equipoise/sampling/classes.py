# SPDX-License-Identifier: Apache-2.0
"""Where the rows of each class are, and streams over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import generator
from equipoise._core.types import Int32Array
from equipoise.errors import InputError
from equipoise.metrics.inputs import check_labels
from equipoise.sampling.streams import permutations, shuffled

_BLOCK = 1 << 12


@dataclass(frozen=True, eq=False)
class Classes:
    """The positions of the negatives and of the positives.

    Attributes:
        negatives: `[n0]` int32, ascending.
        positives: `[n1]` int32, ascending.
    """

    negatives: Int32Array
    positives: Int32Array

    def __len__(self) -> int:
        return len(self.negatives) + len(self.positives)

    @classmethod
    def of(cls, labels: npt.ArrayLike) -> Classes:
        """Return the classes of labels `[rows]`, each 0 or 1.

        Raises:
            InputError: The labels are not a list of at least one 0 or 1.
        """
        positive = check_labels(labels)
        return cls(
            np.flatnonzero(~positive).astype(np.int32),
            np.flatnonzero(positive).astype(np.int32),
        )

    def require_both(self, sampler: str) -> None:
        """Check that both classes have rows.

        Raises:
            InputError: There are no negatives, or no positives.
        """
        if not len(self.negatives) or not len(self.positives):
            raise InputError(
                sentence(
                    f"{len(self.negatives)} negatives and {len(self.positives)} "
                    f"positives for sampling={sampler!r}",
                    "at least one of each",
                    "Check the split: a class is absent from these rows.",
                )
            )

    def positive_stream(self, start: int, count: int, seed: int) -> Int32Array:
        """Return `count` positives from an endless stream, each once per pass."""
        rows = permutations(len(self.positives), start, count, seed, "positives")
        return self.positives[rows]

    def negative_stream(self, start: int, count: int, seed: int) -> Int32Array:
        """Return `count` negatives from an endless stream, each once per pass."""
        rows = permutations(len(self.negatives), start, count, seed, "negatives")
        return self.negatives[rows]


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
    place = np.arange(start, start + count + 1, dtype=np.int64)
    before = (place * positives + out_of // 2) // out_of
    positive = np.diff(before).astype(bool)
    index = np.empty(count, np.int32)
    first, last = int(before[0]), int(before[-1])
    index[positive] = classes.positive_stream(first, last - first, seed)
    index[~positive] = classes.negative_stream(
        start - first, count - (last - first), seed
    )
    return index


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
