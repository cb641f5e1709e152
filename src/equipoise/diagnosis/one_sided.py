# SPDX-License-Identifier: Apache-2.0
"""Values that only positives have: half of a leak, which no AUROC shows.

A column that is filled in after the event for some of the positives is weak as a whole
and gives the answer away in the rows where it is filled in.

If a column were independent of the class, k rows that share a value would all be
positive with probability C(P, k) / C(N, k), for P positives in N rows. What is reported
has a probability of at most `alpha` over all values that are examined (Bonferroni), so
that a table of independent columns gives a false alarm in at most that share of
draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from equipoise.diagnosis.columns import as_numbers
from equipoise.table.table import Column, Table

FEWEST = 10
MOST_VALUES = 20
BEYOND = 0.5
"""Numbers count as one-sided if this share of positives lies beyond all negatives."""


@dataclass(frozen=True)
class OneSided:
    """A value, or a range of numbers, that only positives have.

    Attributes:
        name: The column.
        what: The value in words, for example "is missing" or "is above 3.5".
        rows: How many rows have it, all of them positive.
        p_value: How likely that is by chance, over all values that were examined.
    """

    name: str
    what: str
    rows: int
    p_value: float


def one_sided(
    table: Table,
    *,
    alpha: float = 0.01,
    cases: npt.NDArray[np.int64] | None = None,
) -> tuple[OneSided, ...]:
    """Return what only positives have, that of most rows first; one per column.

    Args:
        table: A binary table.
        alpha: The share of false alarms on tables of independent columns, at most.
        cases: Positions of one row of each case; None if each row is one.

    Example:
        >>> from equipoise.task import Task
        >>> y = np.arange(400) % 10 == 0
        >>> flag = Column("refunded", "numeric", (y & (np.arange(400) < 300)) * 1.0)
        >>> (refunded,) = one_sided(Table((flag,), y.astype(np.int8),
        ...               Task("binary", ("no", "yes"))))
        >>> refunded.what, refunded.rows
        ('is 1', 30)
    """
    rows = np.arange(len(table)) if cases is None else cases
    positive = np.asarray(table.labels()[rows] == 1)
    examined, candidates = 0, []
    for column in table.columns:
        values = _values(column.take(rows))
        examined += len(values)
        pure = [
            (int(has.sum()), what)
            for what, has in values
            if has.sum() >= FEWEST and positive[has].all()
        ]
        if pure:
            size, what = max(pure)
            candidates.append((column.name, what, size))
        examined += 2 * (column.kind in ("numeric", "datetime"))
        beyond = _beyond(column.take(rows), positive)
        if beyond is not None and not pure:
            candidates.append((column.name, *beyond))
    total = int(positive.sum())
    judged = [
        OneSided(name, what, size, min(1.0, examined * _chance(size, total, len(rows))))
        for name, what, size in candidates
    ]
    sure = [entry for entry in judged if entry.p_value <= alpha]
    return tuple(sorted(sure, key=lambda entry: -entry.rows))


def _values(column: Column) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Return the values that many rows may share, and which rows have each."""
    values = []
    missing = column.missing()
    if missing.any():
        values.append(("is missing", missing))
    if column.kind == "categorical":
        sizes = np.bincount(column.values[~missing], minlength=len(column.categories))
        for code in np.flatnonzero(sizes >= FEWEST):
            text = column.categories[int(code)]
            values.append((f"is {text!r}", np.asarray(column.values == code)))
    elif column.kind in ("numeric", "boolean"):
        numbers = np.unique(column.values[~missing])
        if len(numbers) <= MOST_VALUES:
            values += [
                (f"is {number:g}", np.asarray(column.values == number))
                for number in numbers
            ]
    return values


def _beyond(column: Column, positive: npt.NDArray[np.bool_]) -> tuple[str, int] | None:
    """Return the range beyond all negatives, and how many rows are there."""
    if column.kind not in ("numeric", "datetime"):
        return None
    numbers = as_numbers(column)
    present = ~np.isnan(numbers)
    others = numbers[present & ~positive]
    if not len(others):
        return None
    for what, end, has in (
        ("is above", others.max(), present & (numbers > others.max())),
        ("is below", others.min(), present & (numbers < others.min())),
    ):
        size = int(has.sum())
        if size >= max(FEWEST, BEYOND * positive.sum()):
            shown = f"{end:g}"
            if column.kind == "datetime":
                shown = str(np.datetime64(int(end), "us").astype("datetime64[s]"))
            return f"{what} {shown}", size
    return None


def _chance(size: int, positives: int, rows: int) -> float:
    """Return the probability that rows drawn at random are all positive."""
    log = gammaln(positives + 1) - gammaln(positives - size + 1)
    log -= gammaln(rows + 1) - gammaln(rows - size + 1)
    return float(np.exp(log))
