# SPDX-License-Identifier: Apache-2.0
"""Partial dependence: what a model says if all rows had one value of a column.

Each row keeps its other columns and is scored with every value of a grid (Friedman
2001, section 8.2). The mean over the rows is the partial dependence; the quantiles over
the rows show whether all rows respond alike (individual conditional expectation:
Goldstein et al. 2015). It describes the model, also at combinations of values that
never occur.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import integer, number, sentence
from equipoise._core.frames import make_frame
from equipoise._core.layout import columns as laid_out
from equipoise._core.layout import display_width, wrap
from equipoise._core.numerals import estimate, percent, share
from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, BoolArray, FloatArray, IntArray
from equipoise.errors import InputError, printable
from equipoise.explanations.reasons import value_text
from equipoise.table.table import MISSING_CODE, Column, Table
from equipoise.uncertainty.strata import unit_sums

QUANTILES = (0.1, 0.5, 0.9)
"""Of the probabilities of single rows at a value."""
MOST_GRID_ROWS = 1_000
"""Of more rows a sample is scored."""
SCORED_AT_ONCE = 65_536

RowProbabilities = Callable[[Table], FloatArray]
"""From rows to probabilities, `[rows, outputs]`."""


@dataclass(frozen=True, eq=False)
class PartialDependence:
    """What a model says of a column, value by value.

    Attributes:
        column: Its name.
        outputs: The positive class, the classes, or the labels.
        values: The values in words; "missing" last, if rows lack the column.
        share: `[values]` the share of the rows that have the value, or are nearest.
        mean: `[values, outputs]` the mean probability if all rows had the value.
        low: The same shape: the lower end of its interval over rows.
        high: The upper end.
        effect: `[values, outputs]` that mean less the mean of the rows as they are.
        effect_low: The lower end of its interval, row by row.
        effect_high: The upper end.
        quantiles: `[values, outputs, 3]` of single rows' probabilities: .1, .5, .9.
        average: `[outputs]` the mean probability of the rows as they are.
        rows: How many rows were scored.
        level: Coverage of the intervals. They are of the rows that are drawn, for this
            model.
    """

    column: str
    outputs: tuple[str, ...]
    values: tuple[str, ...]
    share: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    effect: FloatArray
    effect_low: FloatArray
    effect_high: FloatArray
    quantiles: FloatArray
    average: FloatArray
    rows: int
    level: float

    @property
    def range(self) -> FloatArray:
        """`[outputs]` the largest mean probability less the smallest."""
        return np.asarray(self.mean.max(axis=0) - self.mean.min(axis=0))

    def frame(self, library: str | None = None) -> Any:
        """Return a data frame, one row per value and output.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them
                that is installed (pyarrow always is).

        Raises:
            MissingExtraError: The library is not installed.
        """
        rows = [
            {
                "column": self.column,
                "value": value,
                "class": output,
                "share": float(self.share[point]),
                "probability": float(self.mean[point, k]),
                "low": float(self.low[point, k]),
                "high": float(self.high[point, k]),
                "effect": float(self.effect[point, k]),
                "effect_low": float(self.effect_low[point, k]),
                "effect_high": float(self.effect_high[point, k]),
                "row_q10": float(self.quantiles[point, k, 0]),
                "row_q50": float(self.quantiles[point, k, 1]),
                "row_q90": float(self.quantiles[point, k, 2]),
            }
            for point, value in enumerate(self.values)
            for k, output in enumerate(self.outputs)
        ]
        return make_frame(rows, library)

    def __str__(self) -> str:
        width = display_width()
        rarest = int(np.argmin(self.average))
        head = (
            f"Probability of {self.outputs[rarest]} if all rows had one value of "
            f"{self.column}; as they are, it is {percent(float(self.average[rarest]))} "
            f"in the mean. {self.rows:,} rows, {share(self.level)} intervals over rows."
        )
        cells = [
            [
                [printable(value, lines=False)],
                [percent(float(self.share[point]))],
                [estimate(*(float(a[point, rarest]) for a in self._ends))],
                [
                    f"{self.quantiles[point, rarest, 0]:.3f} to "
                    f"{self.quantiles[point, rarest, 2]:.3f}"
                ],
            ]
            for point, value in enumerate(self.values)
        ]
        titles = [["value"], ["rows"], ["probability"], ["most rows"]]
        header, body = laid_out(titles, cells)
        return "\n".join(
            [wrap(head, width), *header, *(line for lines in body for line in lines)]
        )

    @property
    def _ends(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        return self.mean, self.low, self.high


def partial_dependence(
    probability: RowProbabilities,
    rows: Table,
    column: str,
    outputs: tuple[str, ...],
    *,
    points: int = 20,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> PartialDependence:
    """Return what a model says if all rows had one value of a column.

    Args:
        probability: From rows to `[rows, outputs]`.
        rows: The rows; they need no target.
        column: The column.
        outputs: The names of the outputs.
        points: The most values: quantiles of a number or a moment, or the most
            frequent categories. Missing values are a point of their own beside them.
        clusters: `[rows]` names of groups of rows that depend on each other, or None.
        weights: `[rows]` how much each row counts; None for 1 each.
        level: Coverage of the intervals.
        seed: Of the sample, if there are more than 1,000 rows.

    Raises:
        InputError: There are no rows, the column is unknown or an argument is out of
            range.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(80, positives=20, auroc=0.9, seed=1).table
        >>> name = table.names[0]
        >>> of = lambda rows: 1 / (1 + np.exp(-rows[name].values[:, None]))
        >>> made = partial_dependence(of, table, name, ("1",), points=5)
        >>> made.mean.shape, bool((made.low == made.high).all())
        ((5, 1), True)

    References:
        Friedman (2001), Greedy function approximation, Annals of Statistics 29;
        Goldstein, Kapelner, Bleich and Pitkin (2015), Peeking inside the black box,
        Journal of Computational and Graphical Statistics 24.
    """
    integer(points, "points", 2)
    number(level, "level", 0, 1, open_ends=True)
    if not len(rows):
        raise InputError(sentence("no rows", "one row or more"))
    mass = np.ones(len(rows)) if weights is None else np.asarray(weights, np.float64)
    unit = np.arange(len(rows))
    if clusters is not None:
        unit = group_numbers(clusters, len(rows))
    if mass.shape != (len(rows),):
        raise InputError(
            sentence(f"weights of shape {mass.shape}", f"one per row, ({len(rows)},)")
        )
    rows[column]  # an unknown name is an error
    if len(rows) > MOST_GRID_ROWS:
        random = generator(seed, "partial dependence")
        some = random.choice(len(rows), MOST_GRID_ROWS, replace=False)
        rows, mass, unit = rows.take(some), mass[some], unit[some]
    grid, near = _grid(rows[column], points)
    plain = probability(rows)
    each = _on_grid(probability, rows, grid, plain.shape[1])
    mean, low, high = _intervals(each, mass, unit, level, (0.0, 1.0))
    effect, less, more = _intervals(each - plain, mass, unit, level, (-1.0, 1.0))
    there = near >= 0
    held = np.bincount(near[there], mass[there], len(grid.values)) / mass.sum()
    return PartialDependence(
        column,
        outputs,
        tuple(value_text(grid, point) for point in range(len(grid.values))),
        np.asarray(held),
        mean,
        low,
        high,
        effect,
        less,
        more,
        np.moveaxis(_quantiles(each, mass), 0, -1),
        np.asarray(np.average(plain, axis=0, weights=mass)),
        len(rows),
        level,
    )


def _grid(column: Column, points: int) -> tuple[Column, IntArray]:
    """Return the values of the grid as a column, and the nearest one to each row.

    A category that is not in the grid is near to none, -1.
    """
    missing = column.missing()
    present = column.values[~missing]
    if column.kind == "categorical":
        counts = np.bincount(present, minlength=len(column.categories))
        order = np.argsort(-counts, kind="stable")[:points]
        values: AnyArray = order[counts[order] > 0].astype(np.int32)
        nothing: AnyArray = np.array([MISSING_CODE], np.int32)
        place = np.full(len(column.categories) + 1, -1)
        place[values] = np.arange(len(values))
        near = place[column.values]
    else:
        distinct = np.unique(present)
        values = distinct
        if len(distinct) > points:
            ordered = np.sort(present)
            at = np.linspace(0.02, 0.98, points) * (len(ordered) - 1)
            values = np.unique(ordered[np.rint(at).astype(np.int64)])
        empty = np.datetime64("NaT", "us") if column.kind == "datetime" else np.nan
        nothing = np.array([empty], column.values.dtype)
        near = _nearest(values, column.values, missing)
    if missing.any():
        near = np.where(missing, len(values), near)
        values = np.concatenate([values, nothing])
    return dataclasses.replace(column, values=values), np.asarray(near, np.int64)


def _nearest(values: AnyArray, of: AnyArray, missing: BoolArray) -> IntArray:
    if not len(values):
        return np.zeros(len(of), np.int64)
    x, grid = of.astype(np.float64), values.astype(np.float64)
    x = np.where(missing, grid[0], x)
    right = np.clip(np.searchsorted(grid, x), 1, max(1, len(grid) - 1))
    right = np.minimum(right, len(grid) - 1)
    left = np.maximum(right - 1, 0)
    return np.where(np.abs(x - grid[left]) <= np.abs(grid[right] - x), left, right)


def _on_grid(
    probability: RowProbabilities, rows: Table, grid: Column, outputs: int
) -> FloatArray:
    """Return `[values, rows, outputs]` probabilities with each value in all rows."""
    count = len(rows)
    step = max(1, SCORED_AT_ONCE // count)
    parts = []
    for first in range(0, len(grid.values), step):
        values = grid.values[first : first + step]
        at = np.tile(np.arange(count), len(values))
        columns = tuple(
            dataclasses.replace(c, values=np.repeat(values, count))
            if c.name == grid.name
            else c.take(at)
            for c in rows.columns
        )
        copies = dataclasses.replace(rows.bare(), columns=columns, y=None)
        parts.append(probability(copies).reshape(len(values), count, outputs))
    return np.concatenate(parts)


def _intervals(
    values: FloatArray,
    mass: FloatArray,
    unit: IntArray,
    level: float,
    limits: tuple[float, float],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return means over rows with the ends of their t intervals, `[values, outputs]`.

    Args:
        values: `[values, rows, outputs]`.
        mass: `[rows]` weights.
        unit: `[rows]` cluster numbers.
        level: Coverage.
        limits: The smallest and the largest possible mean.
    """
    from scipy.special import stdtrit

    mean = np.average(values, axis=1, weights=mass)
    terms = (values - mean[:, None]) * (mass / mass.sum())[:, None]
    _, place = np.unique(unit, return_inverse=True)
    sums = unit_sums(np.swapaxes(terms, 0, 1), place)
    count = len(sums)
    if count < 2:
        nothing = np.full(mean.shape, math.nan)
        return mean, nothing, nothing
    se = np.sqrt(np.sum(sums**2, axis=0) * count / (count - 1))
    half = float(stdtrit(count - 1, (1 + level) / 2)) * se
    return (
        mean,
        np.maximum(mean - half, limits[0]),
        np.minimum(mean + half, limits[1]),
    )


def _quantiles(values: FloatArray, mass: FloatArray) -> FloatArray:
    """Return weighted quantiles over rows, `[quantiles, values, outputs]`."""
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    reached = np.cumsum(mass[order], axis=1) / mass.sum()
    made = []
    for q in QUANTILES:
        place = np.argmax(reached >= q - 1e-12, axis=1)
        made.append(np.take_along_axis(ordered, place[:, None], axis=1)[:, 0])
    return np.stack(made)
