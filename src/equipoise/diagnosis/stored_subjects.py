# SPDX-License-Identifier: Apache-2.0
"""What checks look at if the rows are larger than memory.

Checks of columns look at the rows that fit into memory (`StoredTable.choose`), which
hold the rarest classes whole. Checks that count look at the labels of all rows. Checks
whose answer depends on how many rows of each class lie near each other cannot be made
on a share of a class.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from equipoise._core.memory import release_memory
from equipoise._core.types import IntArray
from equipoise.diagnosis.finding import Check, NotApplicable
from equipoise.diagnosis.subject import Subject, Units
from equipoise.diagnosis.task_facts import size_facts
from equipoise.stores.class_shares import KeptShares
from equipoise.stores.stored_table import StoredTable
from equipoise.table.table import Table

COUNTING = ("EQP001", "EQP002", "EQP003", "EQP004", "EQP005", "EQP026", "EQP027")
"""Checks that need the labels of all rows and of the test file, and nothing else."""
DENSE = ("EQP019", "EQP020", "EQP022", "EQP023")
"""Checks that need all rows near each other."""


@dataclass(frozen=True, eq=False)
class StoredSubjects:
    """The subjects of a diagnosis of rows on disk.

    Attributes:
        store: All rows.
        kept: The rows in memory, as a subject.
        shares: Which share of each class they are.
    """

    store: StoredTable
    kept: Subject
    shares: KeptShares

    @classmethod
    def of(
        cls, store: StoredTable, test: Table | None = None, **subject: Any
    ) -> StoredSubjects:
        """Take rows into memory, as many as fit.

        Args:
            store: All rows.
            test: A separate test table, or None.
            **subject: As `Subject` takes them: precision, seed, duplicates.
        """
        places, shares = store.choose(store.most_rows, subject["seed"])
        table = store.take(places)
        release_memory()
        return cls(store, Subject(table, test, **subject), shares)

    @cached_property
    def counted(self) -> Subject:
        """The labels of all rows, without columns."""
        table = Table(
            (),
            self.store.labels(),
            self.store.task,
            target=self.store.target,
            source=self.store.source,
        )
        same = self.kept
        return _Counted(
            table,
            same.test,
            precision=same.precision,
            seed=same.seed,
            duplicates="ignore",
            cases=self._cases if same.binary else None,
            cases_of_test=same.test_tied,
        )

    @property
    def _cases(self) -> Units:
        """The independent cases of two classes: exact of a class that is kept whole."""
        units, sizes = self.kept.units, self.shares.totals
        whole = [k == t for k, t in zip(self.shares.kept, sizes, strict=True)]
        return Units(
            units.negatives if whole[0] else sizes[0],
            units.positives if whole[1] else sizes[1],
            units.kind,
            None,
        )

    def subject(self, check: Check) -> Subject | NotApplicable:
        """Return what a check looks at, or why it cannot be made.

        Args:
            check: The check.
        """
        if self.shares.whole:
            return self.kept
        if check.code in COUNTING:
            return self.counted
        if check.code in DENSE:
            reason = "the rows in memory are a share of a class"
            return NotApplicable(reason, check.code, check.title)
        return self.kept

    def facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the facts of all rows, given those of the rows in memory.

        Args:
            facts: What `facts_of` or `task_facts` gave.
        """
        if self.shares.whole:
            return dict(facts)
        sample, total = self.store.sample, len(self.store)
        cells = total * max(1, len(sample.columns))
        missing = sum(int(c.missing().sum()) for c in sample.columns)
        share = missing / max(1, len(sample) * len(sample.columns))
        changed = {
            **facts,
            "rows": total,
            "missing_cells": round(share * cells),
            "missing_share": share,
            "notes": [*facts["notes"], self.sentence()],
        }
        totals = self.store.totals
        if self.kept.binary:
            negatives, positives = (int(count) for count in totals)
            changed |= {
                "positives": positives,
                "negatives": negatives,
                "prevalence": positives / total,
                "ratio": negatives / positives if positives else float("inf"),
                "positive_cases": self._cases.positives,
            }
            return changed
        if self.store.labelled_apart:
            having = totals[:, 1].tolist()
            sizes = size_facts(self.counted.table, having)
            of_columns = ("columns", "missing_cells", "missing_share")
            return {
                **changed,
                **{n: v for n, v in sizes.items() if n not in of_columns},
            }
        changed["classes"] = [
            {**entry, "rows": int(rows), "share": rows / total, "cases": int(rows)}
            for entry, rows in zip(facts["classes"], totals, strict=True)
        ]
        some = totals[totals > 0]
        changed["imbalance_ratio"] = float(some.max() / some.min())
        return changed

    def sentence(self) -> str:
        """Say which rows the findings are about."""
        sizes = self.shares.kept
        parts = ", ".join(
            f"{count:,} of {total:,} of {name!r}"
            for name, count, total in zip(
                self.store.strata_names, sizes, self.shares.totals, strict=True
            )
            if total
        )
        return (
            f"Findings about columns and copies are of {len(self.kept.table):,} of the "
            f"{len(self.store):,} rows ({parts}), which is what fits into the memory "
            "given; class counts are of all rows."
        )


@dataclass(frozen=True, eq=False)
class _Counted(Subject):
    """Labels without columns; the cases come from elsewhere."""

    cases: Units | None = None
    cases_of_test: IntArray | None = None

    @cached_property
    def units(self) -> Units:
        if self.cases is not None:
            return dataclasses.replace(self.cases)
        return Units.counted(self.table, None, self.terms)

    @cached_property
    def tied(self) -> None:
        return None

    @cached_property
    def test_tied(self) -> IntArray | None:
        return self.cases_of_test
