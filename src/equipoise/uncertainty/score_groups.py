# SPDX-License-Identifier: Apache-2.0
"""Rows in falling order of the score, summed up where order makes no difference.

Of the negatives between two neighbouring positives only the number matters to a
ranking metric, so a replicate needs one weighted sum per group: a product with a
sparse matrix that holds a single 1 per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray, IntArray

Float32Array = npt.NDArray[np.float32]


def falling_groups(score: FloatArray, y: BoolArray, most: int) -> IntArray:
    """Number the rows' groups, 0 for the highest scores.

    Tied rows share a group. A group is a score at which a positive lies, with the
    negatives tied to it, or a run of negatives between two such scores. Where more
    than `most` scores hold positives, neighbours are merged into groups of about
    equally many positives.

    Args:
        score: `[rows]` finite scores.
        y: `[rows]` whether a row is positive.
        most: How many groups may hold positives.

    Returns:
        `[rows]` group numbers from 0, each occurring.

    Example:
        >>> y = np.array([True, False, False, True, False])
        >>> falling_groups(np.array([9.0, 8.0, 7.0, 6.0, 6.0]), y, 10).tolist()
        [0, 1, 1, 2, 2]
    """
    order = np.argsort(-score, kind="stable")
    ranked, positive = score[order], y[order]
    starts = np.append(True, ranked[1:] != ranked[:-1])
    distinct = np.cumsum(starts) - 1
    held = np.bincount(distinct, positive)
    # A run of scores without positives is one group.
    opens = (held > 0) | np.append(True, held[:-1] > 0)
    label = (np.cumsum(opens) - 1)[distinct]
    counted = positive.astype(np.float64)
    if np.count_nonzero(np.bincount(label, counted)) > most:
        label = _merged(label, counted, most)
    groups = np.empty(score.size, np.int64)
    groups[order] = label
    return groups


def _merged(label: IntArray, counted: FloatArray, most: int) -> IntArray:
    mass = np.bincount(label, counted)
    before = np.cumsum(mass) - mass
    merged = np.minimum((before * most / counted.sum()).astype(np.int64), most - 1)
    return np.asarray(np.unique(merged, return_inverse=True)[1][label])


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of row weights by cell, for the two classes.

    Attributes:
        positive: Sparse `[cells, rows]` over the positive rows.
        negative: Sparse `[cells, rows]` over the negative rows.
        shape: The cells' shape, for example (groups, folds).
    """

    positive: Any
    negative: Any
    shape: tuple[int, ...]

    @classmethod
    def of(cls, cell: IntArray, y: BoolArray, shape: tuple[int, ...]) -> Sums:
        """Prepare the sums; `cell` is `[rows]`, a flat position in `shape`."""
        cells = int(np.prod(shape))
        return cls(_indicator(cell, y, cells), _indicator(cell, ~y, cells), shape)

    def __call__(self, weights: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Sum weights `[rows, replicates]` to two arrays `[*shape, replicates]`."""
        shape = (*self.shape, weights.shape[1])
        return (
            np.asarray(self.positive @ weights).reshape(shape),
            np.asarray(self.negative @ weights).reshape(shape),
        )


def _indicator(cell: IntArray, which: BoolArray, cells: int) -> Any:
    from scipy import sparse

    rows = np.flatnonzero(which)
    ones = np.ones(rows.size, np.float32)
    shape = (cells, cell.size)
    return sparse.csr_array((ones, (cell[rows], rows)), shape=shape)
