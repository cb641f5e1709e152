# SPDX-License-Identifier: Apache-2.0
"""Which rows of a store a model may have seen, if its learners took rows from disk."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from equipoise._core.types import HashArray
from equipoise.stores.stored_table import TakenRows
from equipoise.table.units import tied_rows
from equipoise.trials.stored_rows import FoldOfRow, several_units


@dataclass(frozen=True, eq=False)
class SeenRows:
    """The rows that a model may have seen.

    Attributes:
        hashes: `[distinct rows]` their numbers, ascending.
        tested: `[repeats, distinct rows]` the fold whose models have not seen the row;
            -1 if each model may have.
        repeated: The share of new rows that equal one of these by coincidence.
    """

    hashes: HashArray
    tested: npt.NDArray[np.int8]
    repeated: float


def seen_in_store(
    fold_of_row: FoldOfRow, judged: TakenRows, duplicates: str = "auto"
) -> SeenRows:
    """Return all rows of a store as rows that a model may have seen.

    Networks and models with rows of their own take rows from all over the store, each
    of them outside of its test fold. The store is read once; at its peak this takes
    about 25 bytes for each row.

    Args:
        fold_of_row: Tells the fold of any row of the store.
        judged: Rows in memory, by which equal rows are copies or coincidence.
        duplicates: As in `tied_rows`.
    """
    store = fold_of_row.store
    hashes = np.empty(len(store), np.uint64)
    folds = np.empty((len(fold_of_row.kept), len(store)), np.int8)
    for block in store.blocks():
        keys = store.keys(block.records)
        here = slice(block.first, block.first + len(block.records))
        hashes[here] = keys.hashes
        folds[:, here] = fold_of_row(block.first, keys)
    order = np.argsort(hashes)
    for repeat in range(len(folds)):
        folds[repeat] = folds[repeat, order]
    del order
    hashes.sort()
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]])
    distinct = hashes[starts]
    lowest = np.minimum.reduceat(folds, starts, axis=1)
    highest = np.maximum.reduceat(folds, starts, axis=1)
    tested = np.where(lowest == highest, lowest, np.int8(-1))
    times = np.diff(starts, append=len(hashes))
    copies = tied_rows(replace(judged.table, groups=None), duplicates)
    if copies is not None:  # one row of each set of copies: the rest is coincidence
        alone = np.isin(distinct, several_units(judged.keys.hashes, copies))
        times = np.where(alone, times, 1)
    repeated = 1.0 - float(np.count_nonzero(times == 1)) / float(times.sum())
    return SeenRows(distinct, tested, repeated)
