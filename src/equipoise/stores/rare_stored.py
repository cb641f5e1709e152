# SPDX-License-Identifier: Apache-2.0
"""Classes of a store with few rows: keep, merge or drop them without a new store.

Each label has a file of its own, so a class is merged or left out by the number that
the file gets.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from equipoise._core.checks import integer
from equipoise.stores.stored_table import StoredTable
from equipoise.table.rare_classes import treat_rare, with_classes_of
from equipoise.table.table import Table


def treat_rare_store(
    store: StoredTable, rare: str, folds: int, test_table: Table | None = None
) -> tuple[StoredTable, Table | None, tuple[str, ...]]:
    """Keep, merge or drop the classes that have fewer rows than there are folds.

    Rows are counted, not cases: copies are found later, among the rows in memory.

    Args:
        store: The rows; two classes are returned as they are.
        rare: "keep", "merge" or "drop", see `table.treat_rare`.
        folds: The number of folds.
        test_table: A separate test table, or None; it gets the same classes.

    Returns:
        The store, the test table, and a note for each thing that was done.

    Raises:
        InputError: `rare` is none of these.
        TargetError: Too few classes, or no test row, would be left.
    """
    integer(folds, "folds", 2)
    if store.labelled_apart:
        y = store.labels()
    else:
        # Which classes are rare, and what is said of them, depends on no count above.
        counts = np.minimum(store.totals, folds)
        numbered = np.arange(len(counts), dtype=store.task.class_number_type)
        y = np.repeat(numbered, counts)
    labels = Table((), y, store.task, target=store.target, source=store.source)
    treated, notes = treat_rare(labels, rare, folds)
    if treated.task == store.task:
        return store, test_table, notes
    if store.labelled_apart:
        changed = dataclasses.replace(store, task=treated.task, target=treated.target)
        if test_table is not None:
            test_table, more = with_classes_of(test_table, changed.schema)
            notes += more
        return changed, test_table, notes
    names, task = store.task.classes, treated.task
    numbers = {name: number for number, name in enumerate(task.classes)}
    numbers |= dict.fromkeys(task.merged_labels, len(task.classes) - 1)
    parts = sorted(
        (
            dataclasses.replace(part, number=numbers[names[part.number]])
            for part in store.parts
            if names[part.number] in numbers
        ),
        key=lambda part: (part.number, part.file),
    )
    changed = dataclasses.replace(store, task=task, parts=tuple(parts))
    if test_table is not None:
        test_table, more = with_classes_of(test_table, changed.schema)
        notes += more
    return changed, test_table, notes
