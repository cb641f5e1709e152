# SPDX-License-Identifier: Apache-2.0
"""Kinds of positives of rows that are larger than memory."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import UnsupportedError
from equipoise.stores.stored_table import StoredTable
from equipoise.trials.kinds import AUTO, PositiveKinds, find_kinds
from equipoise.trials.stored_rows import StoredRows


@dataclass(frozen=True, eq=False)
class StoredKinds:
    """The kinds of the positives of a store, all of which are in memory.

    Attributes:
        rows: Those that are fitted on, without the column that says the kinds.
        kinds: Of these rows.
    """

    rows: StoredRows
    kinds: PositiveKinds

    @classmethod
    def of(
        cls, store: StoredTable, unseen: str, duplicates: str, seed: int
    ) -> StoredKinds:
        """Take rows into memory, and tell the kinds of the positives.

        Args:
            store: All rows.
            unseen: The name of a column, or "auto", see `find_kinds`.
            duplicates: Which equal rows are one case (`tied_rows`).
            seed: The user's seed.

        Raises:
            InputError: The column cannot tell kinds.
            UnsupportedError: Not all positives are in memory, so that the kinds of the
                others are not known.
        """
        rows = StoredRows.of(store, seed)
        _, kinds = find_kinds(rows.table, unseen, duplicates, seed)
        fitted_on, total = rows.shares.kept[1], rows.shares.totals[1]
        if fitted_on < total:
            raise UnsupportedError(
                sentence(
                    f"unseen={unseen!r} with {fitted_on:,} of {total:,} positives in "
                    "memory",
                    "all positives in memory",
                    "Raise memory= until they fit.",
                )
            )
        if unseen == AUTO:
            return cls(rows, kinds)
        columns = tuple(c for c in store.columns if c.name != unseen)
        without = dataclasses.replace(store, columns=columns)
        taken = without.rows(np.sort(rows.taken.places))
        return cls(StoredRows(without, taken, rows.shares), kinds)
