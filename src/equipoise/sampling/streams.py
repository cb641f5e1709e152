# SPDX-License-Identifier: Apache-2.0
"""Endless streams of positions, of which an epoch reads one stretch.

A stream is one random permutation after another. Epoch e reads the places from
e * steps * batch on, so a row left over at the end of one epoch is the first of
the next: nothing is ever dropped, whatever the batch size. Streams are made in
blocks of whole permutations, each addressed by the seed and its number, so any
stretch is computed without those before it.
"""

from __future__ import annotations

import numpy as np

from equipoise._core.seeds import generator
from equipoise._core.types import Int32Array

# Small sets are permuted many times per block: one generator for ~4,000 draws. Fewer
# cost more generators; more cost draws that nobody asked for, at either end.
_BLOCK = 1 << 12


def permutations(
    size: int, start: int, count: int, seed: int, *path: str | int
) -> Int32Array:
    """Return `count` places of the stream of permutations of range(size).

    Args:
        size: How many things are permuted, at least 1.
        start: The first place, at least 0.
        count: How many places, at least 0.
        seed: The seed.
        *path: What the stream is for.

    Returns:
        `[count]` int32. Each stretch from a multiple of `size` to the next holds
        every number once.

    Example:
        >>> sorted(permutations(4, 8, 4, 0, "rows").tolist())
        [0, 1, 2, 3]
    """
    passes = max(1, _BLOCK // size)

    length = passes * size
    if count == 0:
        return np.empty(0, np.int32)
    rows = np.tile(np.arange(size, dtype=np.int32), (passes, 1))
    first, last = start // length, (start + count - 1) // length
    blocks = [
        shuffled(rows, generator(seed, *path, number)).ravel()
        for number in range(first, last + 1)
    ]
    offset = start - first * length
    return np.concatenate(blocks)[offset : offset + count]


def shuffled(rows: Int32Array, random: np.random.Generator) -> Int32Array:
    """Return `rows` [passes, size] with each pass in another order."""
    if len(rows) == 1:
        return random.permutation(rows[0])[None, :]
    return random.permuted(rows, axis=1)
