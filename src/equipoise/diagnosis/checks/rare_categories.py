# SPDX-License-Identifier: Apache-2.0
"""EQP015: categories seen once, which foretell categories never seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise.diagnosis.columns import translated
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.table.table import Column


@dataclass(frozen=True)
class Rare:
    """One column's rare categories.

    Attributes:
        name: The column.
        once: Categories that occur in one row only.
        categories: Categories that occur.
        unseen: The share of new rows with a category that is not in the table:
            counted in the test file, else `once` / rows (Good 1953).
    """

    name: str
    once: int
    categories: int
    unseen: float


def look(
    subject: Subject, *, material: float = 0.05, least: float = 0.01
) -> Observation | NotApplicable | None:
    """Estimate how often a model will meet a category that it does not know.

    Args:
        subject: What is looked at.
        material: A warning from this share of new rows.
        least: Silent below this share.
    """
    columns = [c for c in subject.table.columns if c.kind == "categorical"]
    if not columns:
        return NotApplicable("the table has no categorical column")
    found = [rare_categories(column, subject) for column in columns]
    found = sorted((r for r in found if r.unseen >= least), key=lambda r: -r.unseen)
    if not found:
        return None
    worst = found[0]
    where = (
        f"{share(worst.unseen)} of the rows of the test file"
        if subject.test is not None
        else f"about {share(worst.unseen)} of new rows"
    )
    others = f" {len(found) - 1} more such columns." if len(found) > 1 else ""
    return Observation(
        "warning" if worst.unseen >= material else "info",
        f"{worst.once:,} of the {count(worst.categories, 'category', 'categories')} of "
        f"{worst.name!r} occur once; {where} have a category that the "
        f"table does not know.{others}",
        "Join rare categories, or use a coarser code. The encoding treats what it "
        "does not know as one category, so nothing breaks, but nothing is learned.",
        {
            "columns": [r.name for r in found],
            "once": [r.once for r in found],
            "categories": [r.categories for r in found],
            "unseen_share": [r.unseen for r in found],
        },
    )


def rare_categories(column: Column, subject: Subject) -> Rare:
    """Count the categories seen once, and the share of new rows that are unseen."""
    known = column.values[column.values >= 0]
    sizes = np.bincount(known, minlength=1)
    once = int(np.sum(sizes == 1))
    unseen = once / len(column.values)
    if subject.test is not None:
        codes = translated(subject.test[column.name], column)
        present = np.append(sizes > 0, [False])
        new = (codes >= 0) & ~present[np.minimum(codes, len(sizes))]
        unseen = float(np.mean(new))
    return Rare(column.name, once, int(np.sum(sizes > 0)), unseen)


CHECK = Check("EQP015", "Categories seen once", look)
