# SPDX-License-Identifier: Apache-2.0
"""EQP015: categories seen once, which predict categories never seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise.diagnosis.columns import translated
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import CATEGORICAL_COLUMN
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.table.table import Column


@dataclass(frozen=True)
class RareCategories:
    """One column's rare categories.

    Attributes:
        name: The column.
        once: Categories that occur in one row only.
        categories: Categories that occur.
        unseen: The share of new rows with a category that is not in the table:
            counted in the test file, else `once` / rows.
    """

    name: str
    once: int
    categories: int
    unseen: float


def check_rare_categories(
    subject: Subject, *, material: float = 0.05, least: float = 0.01
) -> Observation | None:
    """Estimate how often a model will meet a category that it has not seen.

    Without a test file, by the share of rows whose category occurs once (Good 1953).

    Args:
        subject: The table that is checked.
        material: A warning from this share of new rows.
        least: Silent below this share.
    """
    columns = [c for c in subject.table.columns if c.kind == "categorical"]
    counted = [rare_categories(column, subject) for column in columns]
    rare = sorted((r for r in counted if r.unseen >= least), key=lambda r: -r.unseen)
    if not rare:
        return None
    worst = rare[0]
    where = (
        f"{share(worst.unseen)} of the rows of the test file"
        if subject.test is not None
        else f"about {share(worst.unseen)} of new rows"
    )
    others = (
        f" The same holds for {count(len(rare) - 1, 'more column')}."
        if len(rare) > 1
        else ""
    )
    return Observation(
        "warning" if worst.unseen >= material else "info",
        f"{worst.once:,} of the {count(worst.categories, 'category', 'categories')} of "
        f"{worst.name!r} occur once; {where} have a category that the "
        f"table does not contain.{others}",
        "Merge rare categories, or use a coarser code. The encoding treats all unseen "
        "categories as one, so nothing breaks, but nothing is learned about them.",
        {
            "columns": [r.name for r in rare],
            "once": [r.once for r in rare],
            "categories": [r.categories for r in rare],
            "unseen_share": [r.unseen for r in rare],
        },
    )


def rare_categories(column: Column, subject: Subject) -> RareCategories:
    """Count the categories seen once, and the share of new rows that are unseen."""
    sizes = np.bincount(column.values[column.values >= 0], minlength=1)
    once = int(np.sum(sizes == 1))
    unseen = once / len(column.values)
    if subject.test is not None:
        codes = translated(subject.test[column.name], column)
        present = np.append(sizes > 0, [False])
        new = (codes >= 0) & ~present[np.minimum(codes, len(sizes))]
        unseen = float(np.mean(new))
    return RareCategories(column.name, once, int(np.sum(sizes > 0)), unseen)


CHECK = Check(
    "EQP015",
    "Categories seen once",
    check_rare_categories,
    needs=(CATEGORICAL_COLUMN,),
    scope="table",
)
