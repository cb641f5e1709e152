# SPDX-License-Identifier: Apache-2.0
"""The bootstrap of ranking metrics, over one sort.

Average precision and the AUROC depend on the positives' order and on the number
of negatives between them, and on nothing else. So a replicate needs no rows: the
positives' multiplicities and the negatives' counts in the gaps are drawn, both
multinomial, and the cost is that of the positives, not of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.metrics.confusion import curve

_CELLS = 2_000_000
"""How many numbers a chunk of replicates may hold, 16 MB."""


@dataclass(frozen=True, eq=False)
class Ladder:
    """A ranking as its positives see it, from the highest score down.

    Attributes:
        positives: `[groups]` positives at each distinct score that has any.
        tied: `[groups]` negatives with that score.
        above: `[groups]` negatives strictly between it and the group before.
        below: Negatives below the last group.
    """

    positives: IntArray
    tied: IntArray
    above: IntArray
    below: int

    @classmethod
    def of(cls, y: npt.ArrayLike, score: npt.ArrayLike) -> Ladder:
        """Return the ladder of a ranking.

        Args:
            y: `[rows]` labels, 0 or 1.
            score: `[rows]` scores.

        Raises:
            InputError: The arrays do not fit together.

        Example:
            >>> ladder = Ladder.of([1, 0, 1, 0, 0], [5, 4, 3, 3, 1])
            >>> ladder.positives.tolist(), ladder.above.tolist(), ladder.tied.tolist()
            ([1, 1], [0, 1], [0, 1])
            >>> ladder.below
            1
        """
        c = curve(y, score).counts
        tp, fp = c.tp.astype(np.int64), c.fp.astype(np.int64)
        gained = np.diff(tp, prepend=0)
        held = gained > 0
        tied = np.diff(fp, prepend=0)[held]
        reached = fp[held]
        above = reached - tied - np.concatenate([[0], reached[:-1]])
        total = int(fp[-1]) if fp.size else 0
        below = total - (int(reached[-1]) if reached.size else 0)
        return cls(gained[held], tied, above[: reached.size], below)


@dataclass(frozen=True, eq=False)
class RankingReplicates:
    """Bootstrap replicates of both ranking metrics, from the same samples.

    Attributes:
        average_precision: `[replicates]`.
        roc_auc: `[replicates]`.
    """

    average_precision: FloatArray
    roc_auc: FloatArray


def bootstrap_ranking(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    replicates: int = 2000,
    seed: int = 0,
) -> RankingReplicates:
    """Return bootstrap replicates of average precision and the AUROC.

    Rows are drawn with replacement within each class. The replicates have exactly
    the distribution of a loop over drawn rows. For clusters, weights or paired
    arms use `RowResampler`.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        replicates: How many, at least 1.
        seed: The user's seed.

    Returns:
        NaN where a class is absent.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> drawn = bootstrap_ranking([0, 1, 1, 0], [1, 2, 3, 4], replicates=500)
        >>> drawn.roc_auc.shape, bool(abs(drawn.roc_auc.mean() - 0.5) < 0.05)
        ((500,), True)
    """
    integer(replicates, "replicates", 1)
    ladder = Ladder.of(y, score)
    negatives = int(ladder.tied.sum() + ladder.above.sum()) + ladder.below
    if not ladder.positives.size:
        missing = np.full(replicates, np.nan)
        return RankingReplicates(missing, missing.copy())
    parts = [
        _evaluate(tp, above, reached, negatives)
        for tp, above, reached in _samples(ladder, negatives, replicates, seed)
    ]
    precision, area = zip(*parts, strict=True)
    return RankingReplicates(np.concatenate(precision), np.concatenate(area))


def _samples(
    ladder: Ladder, negatives: int, replicates: int, seed: int
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Yield positives per group, and negatives above and at each group."""
    groups = ladder.positives.size
    # Cells in the order of the scores: above, tied, above, tied, ..., below.
    cells = np.append(np.stack([ladder.above, ladder.tied], axis=1), ladder.below)
    used = np.flatnonzero(cells)
    # Positives are drawn one by one, so where many are tied they are what counts.
    drawn_each = max(groups + used.size, int(ladder.positives.sum()))
    chunk = max(1, _CELLS // drawn_each)
    for start in range(0, replicates, chunk):
        size = min(chunk, replicates - start)
        random = generator(seed, "bootstrap ranking", start)
        drawn = np.zeros((size, cells.size))
        if negatives:
            drawn[:, used] = random.multinomial(
                negatives, cells[used] / negatives, size
            )
        reached = np.cumsum(drawn[:, :-1], axis=1)
        yield (
            _multiplicities(random, ladder.positives, size),
            reached[:, 0::2],
            reached[:, 1::2],
        )


def _multiplicities(
    random: np.random.Generator, positives: IntArray, size: int
) -> FloatArray:
    """Return how often positives of each group are drawn, `[size, groups]`."""
    total, groups = int(positives.sum()), positives.size
    group = np.repeat(np.arange(groups), positives)
    picked = group[random.integers(0, total, (size, total))]
    picked += groups * np.arange(size)[:, None]
    counted = np.bincount(picked.ravel(), minlength=groups * size)
    return counted.reshape(size, groups).astype(np.float64)


def _evaluate(
    positives: FloatArray, above: FloatArray, reached: FloatArray, negatives: int
) -> tuple[FloatArray, FloatArray]:
    tp = np.cumsum(positives, axis=1)
    total = tp[:, -1]
    precision = tp / np.maximum(tp + reached, 1.0)
    average = np.einsum("bg,bg->b", positives, precision) / total
    if not negatives:
        return average, np.full(average.size, np.nan)
    lost = np.einsum("bg,bg->b", positives, above + reached) / 2
    return average, 1 - lost / (total * negatives)
