# SPDX-License-Identifier: Apache-2.0
"""Rows with equal features, by their hashes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.types import HashArray


@dataclass(frozen=True)
class EqualRows:
    """Sets of rows with equal features; a row that is alone is a set of one.

    Attributes:
        size: `[sets]` rows in each set.
        positives: `[sets]` positive rows in each set.
    """

    size: npt.NDArray[np.int64]
    positives: npt.NDArray[np.int64]

    @property
    def repeated(self) -> int:
        """Rows whose features equal those of an earlier row."""
        return int(np.sum(self.size - 1))

    @property
    def mixed(self) -> npt.NDArray[np.bool_]:
        """`[sets]` which sets hold both classes."""
        return np.asarray((self.positives > 0) & (self.positives < self.size))


def equal_rows(hashes: HashArray, y: npt.ArrayLike) -> EqualRows:
    """Group rows by their hash.

    Example:
        >>> sets = equal_rows(np.array([7, 8, 7], np.uint64), [1, 0, 0])
        >>> sets.repeated, sets.mixed.tolist()
        (1, [True, False])
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
    if not len(starts):
        return EqualRows(np.empty(0, np.int64), np.empty(0, np.int64))
    labels = np.asarray(y, np.int64)[order]
    return EqualRows(
        np.diff(np.r_[starts, len(ordered)]), np.add.reduceat(labels, starts)
    )
