# SPDX-License-Identifier: Apache-2.0
"""How differently a column is distributed in two parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise.diagnosis.columns import as_numbers, pick, translated
from equipoise.table.table import Column, Table
from equipoise.uncertainty.multiplicity import holm

ROWS = 50_000
BINS = 10
FEWEST = 5
"""How many rows are expected in each range of each part, at least (Cochran 1954)."""


@dataclass(frozen=True)
class Shift:
    """One column's difference between two parts.

    Attributes:
        name: The column.
        distance: Total variation distance in [0, 1]: the share of one part's rows
            that would have to change to make the parts alike.
        noise: The distance that chance alone is expected to give.
        p_value: Of the chi-square test of homogeneity.
    """

    name: str
    distance: float
    noise: float
    p_value: float


def shifts(
    table: Table,
    rows: npt.NDArray[np.int64],
    other: Table,
    other_rows: npt.NDArray[np.int64],
    *,
    seed: int,
    alpha: float,
) -> list[Shift]:
    """Return the columns that differ, the largest distance first.

    Numbers are cut at the deciles of both parts together, or into fewer ranges if there
    are few rows; a missing value is a category. Each column has a chi-square test of
    homogeneity, with Holm's correction (1979) over all columns.

    Args:
        table: Where the first part lies.
        rows: The rows of the first part; at most 50,000 are used.
        other: Where the second part lies.
        other_rows: The rows of the second part.
        seed: For the sub-samples.
        alpha: The level over all columns together.
    """
    random = generator(seed, "diagnosis", "shift")
    here, there = pick(rows, ROWS, random), pick(other_rows, ROWS, random)
    compared = [
        column_shift(column.take(here), other[column.name].take(there))
        for column in table.columns
    ]
    rejected = holm([shift.p_value for shift in compared]) <= alpha
    pairs = zip(compared, rejected, strict=True)
    differing = [shift for shift, differs in pairs if differs]
    return sorted(differing, key=lambda shift: -shift.distance)


def column_shift(column: Column, other: Column) -> Shift:
    """Compare one column in two parts."""
    from scipy.special import chdtrc

    ours, theirs = _cells(column, other)
    table = _pooled(ours, theirs).astype(np.float64)
    total = table.sum(1, keepdims=True)
    shares = table / total
    distance = 0.5 * float(np.abs(shares[0] - shares[1]).sum())
    cells = table.shape[1]
    if cells < 2:
        return Shift(column.name, 0.0, 0.0, 1.0)
    expected = total * table.sum(0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    pooled = table.sum(0) / table.sum()
    # Mean absolute deviation of a normal difference of two shares, summed.
    spread = np.sqrt(pooled * (1 - pooled) * float((1 / total).sum()))
    noise = float(0.5 * np.sqrt(2 / np.pi) * spread.sum())
    return Shift(column.name, distance, noise, float(chdtrc(cells - 1, statistic)))


def _cells(
    column: Column, other: Column
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return counts of each value (or range) in both parts, missing first."""
    if column.kind == "categorical":
        codes = np.asarray(column.values, np.int64) + 1
        others = translated(other, column) + 1
    else:
        numbers, other_numbers = as_numbers(column), as_numbers(other)
        # How many rows each range has in both parts must not depend on which part a
        # row is in: what is merged below would be chosen by how much it differs.
        parts = [part[~np.isnan(part)] for part in (numbers, other_numbers)]
        present = np.concatenate(parts)
        ranges = min(BINS, min(map(len, parts)) // FEWEST)
        levels = np.linspace(0, 1, max(ranges, 2) + 1)[1:-1]
        cuts = (
            np.unique(np.quantile(present, levels, method="inverted_cdf"))
            if present.size
            else np.empty(0)
        )
        codes, others = (
            np.where(np.isnan(v), 0, np.searchsorted(cuts, v, side="left") + 1)
            for v in (numbers, other_numbers)
        )
    width = int(max(codes.max(initial=0), others.max(initial=0))) + 1
    return np.bincount(codes, minlength=width), np.bincount(others, minlength=width)


def _pooled(
    ours: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Merge cells with expected counts below `FEWEST` into one."""
    both = np.stack([ours, theirs])
    both = both[:, both.sum(0) > 0]
    smaller = min(ours.sum(), theirs.sum()) / max(1, both.sum())
    rare = both.sum(0) * smaller < FEWEST
    if rare.any():
        merged = both[:, rare].sum(1, keepdims=True)
        both = np.concatenate([both[:, ~rare], merged], axis=1)
    return both
