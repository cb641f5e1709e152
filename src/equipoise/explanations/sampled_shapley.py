# SPDX-License-Identifier: Apache-2.0
"""Shapley values of any scores by drawing orders of the columns, with their error.

In each draw a background row becomes the row that is explained, column after column in
a random order; what the score gains with a column is one observation of its Shapley
value. Each order is also gone through backwards, which cancels much of the noise
(Castro, Gomez and Tejada 2009; Mitchell et al. 2022, section 4 on antithetic pairs).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import integer
from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, FloatArray
from equipoise.table.table import Table

MIXED_ROWS = 65_536
"""So many mixed rows are scored at once."""

Valued = Callable[[Table], FloatArray]
"""From rows to what is explained, `[rows, outputs]`."""


@dataclass(frozen=True, eq=False)
class SampledShapley:
    """Shapley values with their standard errors.

    Attributes:
        values: `[rows, columns, outputs]`.
        errors: The same shape: standard errors of the draws.
        base: `[outputs]` the mean over the background rows that were drawn: `base` and
            the values of a row add up to what is explained.
    """

    values: FloatArray
    errors: FloatArray
    base: FloatArray


def shapley_by_sampling(
    value: Valued, rows: Table, background: Table, *, draws: int = 20, seed: int = 0
) -> SampledShapley:
    """Estimate Shapley values of any function of rows.

    All rows share the orders and the background rows, so that differences between rows
    are surer than the values.

    Args:
        value: What is explained; it takes each row by itself.
        rows: The rows to explain.
        background: What they are compared with; drawn without replacement while the
            rows last.
        draws: How many orders, at least 2, each forwards and backwards.
        seed: Of the draws.

    Raises:
        InputError: There are fewer than two draws.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(50, positives=10, auroc=0.9, seed=1).table
        >>> name = table.names[0]
        >>> value = lambda rows: 2 * rows[name].values[:, None]
        >>> made = shapley_by_sampling(value, table, table)
        >>> bool((made.values[:, 1:] == 0).all())
        True

    References:
        Castro, Gomez and Tejada (2009), Polynomial calculation of the Shapley value
        based on sampling, Computers and Operations Research 36; Mitchell, Cooper,
        Frank and Holmes (2022), Sampling permutations for Shapley value estimation,
        JMLR 23.
    """
    integer(draws, "draws", 2)
    random = generator(seed, "shapley")
    count = len(rows.columns)
    ends = value(rows)
    shape = (len(rows), count, ends.shape[1])
    total, squares = np.zeros(shape), np.zeros(shape)
    bases = []
    places = np.concatenate(
        [
            random.permutation(len(background))
            for _ in range(draws // len(background) + 1)
        ]
    )[:draws]
    for place in places.tolist():
        order = random.permutation(count)
        other = background.take([place])
        start = value(other)[0]
        bases.append(start)
        made = _one_draw(value, rows, other, order.tolist(), ends, start)
        total += made
        squares += made**2
    mean = total / draws
    variance = np.maximum(squares / draws - mean**2, 0.0) / (draws - 1)
    return SampledShapley(mean, np.sqrt(variance), np.mean(bases, axis=0))


def _one_draw(
    value: Valued,
    rows: Table,
    other: Table,
    order: Sequence[int],
    ends: FloatArray,
    start: FloatArray,
) -> FloatArray:
    """Return what each column adds in one order, forwards and backwards."""
    count = len(order)
    forwards = np.zeros((count - 1, count), np.bool_)
    for k in range(count - 1):
        forwards[k:, order[k]] = True
    backwards = np.zeros((count - 1, count), np.bool_)
    for k in range(count - 1):
        backwards[k:, order[count - 1 - k]] = True
    both = np.concatenate([forwards, backwards])
    made = _mixed_values(value, rows, other, both, ends.shape[1])
    result = np.zeros((len(rows), count, ends.shape[1]))
    begin = np.broadcast_to(start, (1, *ends.shape))
    for part, way in ((made[: count - 1], order), (made[count - 1 :], order[::-1])):
        steps = np.diff(np.concatenate([begin, part, ends[None]]), axis=0)
        result[:, list(way)] += np.moveaxis(steps, 0, 1) / 2
    return result


def _mixed_values(
    value: Valued, rows: Table, other: Table, chosen: BoolArray, outputs: int
) -> FloatArray:
    """Return the values of mixed rows, `[coalitions, rows, outputs]`.

    Args:
        value: What is explained.
        rows: Give the columns that are chosen.
        other: One row, which gives the others.
        chosen: `[coalitions, columns]`.
        outputs: How many values a row has.
    """
    made = np.zeros((len(chosen), len(rows), outputs))
    if not len(chosen):
        return made
    step = max(1, MIXED_ROWS // len(chosen))
    for first in range(0, len(rows), step):
        part = rows.take(np.arange(first, min(first + step, len(rows))))
        columns = tuple(
            dataclasses.replace(
                column,
                values=np.where(
                    chosen[:, k, None], column.values[None], other.columns[k].values[0]
                ).ravel(),
            )
            for k, column in enumerate(part.columns)
        )
        mixed = dataclasses.replace(part.bare(), columns=columns, y=None)
        values = value(mixed).reshape(len(chosen), len(part), outputs)
        made[:, first : first + len(part)] = values
    return made
