# SPDX-License-Identifier: Apache-2.0
"""What the average of all models says of rows that a few of them have scored.

`fit` hands over the average of all fold models, but a row of the training table has
out-of-fold scores of one model per repeat only: the others have learnt from it. A
single model's score is the average's plus the noise of its own training, so its
classes lie nearer together, and a calibrator that is fitted on it makes the average
too timid.

How much noise there is shows on rows that no model has seen, and these need no
labels. They are made by crossing: each column of a new row comes from one of two rows
of the table. All models score them, which gives the distribution of a single score
around an average score. From it and from the out-of-fold scores of a class, the
distribution of the average's scores in that class is found by the EM for mixtures
(Laird 1978; the iteration of Richardson 1972 and Lucy 1974), and each row gets the
score of its rank in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.ensembles.blend import mean_log_odds, pool
from equipoise.learners.user_model.input import ArrayRows
from equipoise.table.table import Table

CROSSED = 3_000
"""Rows that are made for the purpose, a third each: of two positives, of a positive
and a negative, and of any two rows."""

CHOICES = 4
"""How often the models that score a made row out of fold are drawn."""

GRID = 300
"""Points of the grid on which distributions are held."""

STEPS = 10
"""Steps of the EM. More follow the rows' own noise."""

WINDOW = 0.05
"""Share of the made rows around an average score that tell the noise there."""

EXTREME = 40.0
"""Log-odds beyond count as this much."""


def crossed_rows(y: npt.ArrayLike, seed: int) -> tuple[IntArray, IntArray]:
    """Return the positions of two parents for each made row.

    Args:
        y: `[rows]` labels of 0 and 1.
        seed: One seed gives one choice.
    """
    random = generator(seed, "crossed rows")
    labels = np.asarray(y) == 1
    positive, every = np.flatnonzero(labels), np.arange(labels.size)
    negative = np.flatnonzero(~labels)
    pairs = [(positive, positive), (positive, negative), (every, every)]
    mothers, fathers = zip(
        *(
            (random.choice(a, CROSSED // 3), random.choice(b, CROSSED // 3))
            for a, b in pairs
        ),
        strict=True,
    )
    return np.concatenate(mothers), np.concatenate(fathers)


def crossed(rows: Table | ArrayRows, y: npt.ArrayLike, seed: int) -> Table | ArrayRows:
    """Return rows that are made of two rows each, see the module.

    Args:
        rows: The rows.
        y: `[rows]` labels of 0 and 1.
        seed: One seed gives one result.
    """
    if isinstance(rows, ArrayRows):
        return ArrayRows(crossed_array(rows.x, y, seed))
    return crossed_table(rows, y, seed)


def crossed_table(table: Table, y: npt.ArrayLike, seed: int) -> Table:
    """Return rows each of whose columns comes from one of two rows of a table.

    Args:
        table: The rows.
        y: `[rows]` labels of 0 and 1.
        seed: One seed gives one table.
    """
    mothers, fathers = crossed_rows(y, seed)
    first, second = table.take(mothers), table.take(fathers)
    from_first = _halves(len(first), len(table.columns), seed)
    columns = tuple(
        replace(a, values=np.where(mine, a.values, b.values))
        for a, b, mine in zip(first.columns, second.columns, from_first.T, strict=True)
    )
    return replace(first, columns=columns)


def crossed_array(x: npt.NDArray[Any], y: npt.ArrayLike, seed: int) -> Any:
    """Return arrays of columns crossed; of images and the like, means of two.

    Args:
        x: `[rows, ...]`.
        y: `[rows]` labels of 0 and 1.
        seed: One seed gives one array.
    """
    mothers, fathers = crossed_rows(y, seed)
    first, second = x[mothers], x[fathers]
    if x.ndim == 2:
        return np.where(_halves(len(first), first.shape[1], seed), first, second)
    if np.issubdtype(x.dtype, np.floating):
        return ((first + second) / 2).astype(x.dtype)
    return first


def _halves(rows: int, columns: int, seed: int) -> npt.NDArray[np.bool_]:
    """Return which cells are the first row's: about half, not none and not all."""
    random = generator(seed, "crossed columns")
    if columns == 1:
        return np.ones((rows, 1), bool)
    order = random.permuted(np.tile(np.arange(columns), (rows, 1)), axis=1)
    return np.asarray(order < random.integers(1, columns, (rows, 1)))


def score_pairs(
    log_odds: Mapping[str, FloatArray],
    shares: Mapping[str, float],
    repeats: int,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    """Return scores as they are out of fold, and the average's, of the same rows.

    Args:
        log_odds: Arm -> `[models, rows]` of all fold models, repeat by repeat.
        shares: Arm -> weight in the average.
        repeats: How many there are.
        seed: Of the choice of the fold models.

    Returns:
        Two arrays `[choices * rows]`.
    """
    random = generator(seed, "score pairs")
    average = pool({n: mean_log_odds(log_odds[n]) for n in shares}, shares)
    by_repeat = {n: np.stack(np.split(log_odds[n], repeats)) for n in shares}
    folds, rows = next(iter(by_repeat.values())).shape[1:]
    single = []
    for _ in range(CHOICES):
        chosen = random.integers(folds, size=(repeats, 1, rows))
        parts = {
            name: np.take_along_axis(z, chosen, axis=1)[:, 0]
            for name, z in by_repeat.items()
        }
        single.append(mean_log_odds(pool(parts, shares)))
    return np.concatenate(single), np.tile(average, CHOICES)


def average_scores(
    log_odds: npt.ArrayLike,
    y: npt.ArrayLike,
    single: FloatArray,
    average: FloatArray,
    weights: npt.ArrayLike | None = None,
) -> FloatArray:
    """Return scores with the distribution that the average's have in each class.

    Args:
        log_odds: `[rows]` out-of-fold scores.
        y: `[rows]` labels of 0 and 1.
        single: `[pairs]` such scores of other rows, without labels.
        average: `[pairs]` the average's of the same rows.
        weights: `[rows]` how much each row counts; None for 1 each.

    Returns:
        `[rows]`; within a class in the order of `log_odds`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.repeat([0, 1], 2000)
        >>> truth, noise = rng.normal(2 * y, 1.0), rng.normal(size=8000)
        >>> got = average_scores(
        ...     truth + noise[:4000], y, truth + noise[4000:], truth)
        >>> got[y == 1].std().round(1), (truth + noise[:4000])[y == 1].std().round(1)
        (np.float64(1.1), np.float64(1.4))
    """
    z, labels = np.asarray(log_odds, np.float64), np.asarray(y)
    each = np.ones(z.size) if weights is None else np.asarray(weights, np.float64)
    inside = np.clip(z, -EXTREME, EXTREME)
    ends = min(inside.min(), average.min()), max(inside.max(), average.max())
    low, high = np.clip(ends, -EXTREME, EXTREME)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return z
    grid = np.linspace(low, high, GRID)
    kernel = _kernel(grid, single, average)
    result = np.empty_like(z)
    for label in (0, 1):
        mine = labels == label
        if mine.any():
            averaged = _in_class(inside[mine], each[mine], grid, kernel)
            result[mine] = averaged + (z[mine] - inside[mine])
    return result


def _kernel(grid: FloatArray, single: FloatArray, average: FloatArray) -> FloatArray:
    """Return the probability of each single score, a column per average score."""
    order = np.argsort(average, kind="stable")
    at, gap = average[order], (single - average)[order]
    window = max(int(WINDOW * at.size), 1)
    sums = np.cumsum(np.stack([np.ones_like(gap), gap, gap**2]), axis=1)
    place = np.searchsorted(at, grid)
    first = np.clip(place - window // 2, 0, at.size - 1)
    last = np.clip(first + window, 1, at.size) - 1
    count, total, square = sums[:, last] - sums[:, first] + _at(gap, first)
    shift = total / count
    step = grid[1] - grid[0]
    spread = np.sqrt(np.maximum(square / count - shift**2, step**2))
    away = (grid[:, None] - (grid + shift)[None, :]) / spread[None, :]
    density = np.exp(-(away**2) / 2)
    return np.asarray(density / np.maximum(density.sum(axis=0), 1e-300))


def _at(gap: FloatArray, first: IntArray) -> FloatArray:
    return np.stack([np.ones(first.size), gap[first], gap[first] ** 2])


def _in_class(
    z: FloatArray, weights: FloatArray, grid: FloatArray, kernel: FloatArray
) -> FloatArray:
    """Return the scores of the rows' ranks in the distribution of the average's."""
    place = np.clip(
        np.rint((z - grid[0]) / (grid[1] - grid[0])).astype(np.int64), 0, GRID - 1
    )
    observed = np.bincount(place, weights, minlength=GRID)
    observed = observed / observed.sum()
    mass = (kernel.T @ observed) + 1e-12
    mass = mass / mass.sum()
    for _ in range(STEPS):
        expected = np.maximum(kernel @ mass, 1e-300)
        mass = mass * (kernel.T @ (observed / expected))
        mass = mass / mass.sum()
    order = np.argsort(z, kind="stable")
    summed = np.cumsum(weights[order])
    rank = np.empty(z.size)
    rank[order] = (summed - weights[order] / 2) / summed[-1]
    return np.interp(rank, np.cumsum(mass) - mass / 2, grid)
