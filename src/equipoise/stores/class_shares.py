# SPDX-License-Identifier: Apache-2.0
"""Which share of each class is kept, and how that is undone in the probabilities.

The rarest classes are kept whole as long as there is room; the others share what is
left. A row is kept by a hash of its place in the source, so the choice is the same on
every machine and does not depend on the order of reading.

If a share r_c of the rows of class c is kept at random, whatever their features, the
odds of class c among the kept rows are r_c times those among all. So a model of the
kept rows becomes one of all rows by adding -log r_c to the score of each class (Dal
Pozzolo et al. 2015, section III; King and Zeng 2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray, HashArray, IntArray
from equipoise.table.hashes import mix, text_hash


@dataclass(frozen=True)
class KeptShares:
    """How many rows of each class there are, and how many are kept.

    Attributes:
        totals: Rows of each class.
        kept: Rows of each class that are kept.

    Example:
        >>> shares = KeptShares((990_000, 10_000), (99_000, 10_000))
        >>> shares.whole, [round(z, 4) for z in shares.shift]
        (False, [-2.3026])
    """

    totals: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether every row is kept."""
        return self.totals == self.kept

    @property
    def shares(self) -> FloatArray:
        """`[classes]` the share of each class that is kept; 1 for an empty class."""
        totals = np.maximum(np.array(self.totals, np.float64), 1.0)
        counts = np.where(np.array(self.totals) == 0, 1, self.kept)
        return np.asarray(counts / totals)

    @property
    def shift(self) -> tuple[float, ...]:
        """What is added to a kept rows' model: to the log-odds, or to each logit."""
        logs = -np.log(self.shares)
        each = logs[1:] - logs[0] if len(logs) == 2 else logs
        return tuple(float(value) for value in each)

    def weights(self, y: npt.ArrayLike) -> FloatArray:
        """Return for how many rows each kept row stands, `[rows]`.

        Args:
            y: `[rows]` class numbers of the kept rows.
        """
        return np.asarray((1.0 / self.shares)[np.asarray(y, np.int64)])


def fill(totals: npt.ArrayLike, most: int) -> IntArray:
    """Return how many rows of each class fit: the smallest classes first.

    Args:
        totals: `[classes]` rows.
        most: How many rows there is room for.

    Returns:
        `[classes]`: all rows of the classes for which there is room, and equal numbers
        of the others.

    Example:
        >>> fill([990, 10, 500], 410).tolist()
        [200, 10, 200]
        >>> fill([990, 10], 5_000).tolist()
        [990, 10]
    """
    sizes = np.asarray(totals, np.int64)
    result = np.zeros_like(sizes)
    room = int(most)
    order = np.argsort(sizes, kind="stable")
    for done, label in enumerate(order):
        result[label] = min(int(sizes[label]), room // (len(sizes) - done))
        room -= int(result[label])
    return result


def row_keys(rows: npt.ArrayLike, seed: int, purpose: str) -> HashArray:
    """Return a number in [0, 2^64) per row, from its place and a seed alone.

    Args:
        rows: `[rows]` places in the source.
        seed: The user's seed.
        purpose: What the numbers are for; others are independent.
    """
    key = np.uint64(text_hash(f"{purpose} {seed}"))
    return mix(mix(np.asarray(rows, np.int64).astype(np.uint64)) ^ key)


def smallest_keys(keys: HashArray, count: int) -> BoolArray:
    """Return which of some keys are the `count` smallest, `[keys]`.

    Args:
        keys: Distinct numbers, but for chance.
        count: How many.

    Example:
        >>> smallest_keys(np.array([5, 1, 9], np.uint64), 2).tolist()
        [True, True, False]
    """
    if count >= len(keys):
        return np.ones(len(keys), np.bool_)
    if count <= 0:
        return np.zeros(len(keys), np.bool_)
    chosen = np.zeros(len(keys), np.bool_)
    chosen[np.argpartition(keys, count - 1)[:count]] = True
    return chosen
