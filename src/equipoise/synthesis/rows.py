# SPDX-License-Identifier: Apache-2.0
"""SMOTE and the like on arrays: rows made once, with where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import require_finite_rows, unmasked
from equipoise._core.checks import integer, sentence
from equipoise._core.types import AnyArray, BoolArray, Float32Array, Int32Array
from equipoise.errors import InputError, InputTypeError
from equipoise.sampling.classes import Classes
from equipoise.sampling.draw import Draw
from equipoise.sampling.once import draws_of
from equipoise.sampling.sampler import Sampler
from equipoise.sampling.samplers import make_sampler
from equipoise.synthesis.syntheses import make_synthesis
from equipoise.synthesis.synthesis import Neighbours, Synthesis


@dataclass(frozen=True, eq=False)
class SynthesizedRows:
    """Rows that are drawn once, some of them made, and where each comes from.

    Attributes:
        x: `[drawn, columns]` the rows, of the type of the given ones.
        y: `[drawn]` or `[drawn, labels]` their targets.
        index: `[drawn]` the row that each is, or is made from.
        partner: `[drawn]` the row towards which it is moved, or itself.
        mix: `[drawn]` how far, from 0 to 1; above 0 for made rows only.
        notes: What you should know, one sentence each.
    """

    x: AnyArray
    y: AnyArray
    index: Int32Array
    partner: Int32Array
    mix: Float32Array
    notes: tuple[str, ...]

    @property
    def made(self) -> BoolArray:
        """Which rows are made, `[drawn]`."""
        return np.asarray(self.mix > 0)


def synthesize(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    synthesis: str | Synthesis = "smote",
    *,
    categories: Sequence[int] = (),
    sampling: str | Sampler = "oversample",
    seed: int = 0,
) -> SynthesizedRows:
    """Return rows in the shares of a sampling, with made ones in place of repeats.

    For those who train something else than a network of this library. Give it training
    rows only. With categories and "smote" it is SMOTE-NC: a made row has the most
    frequent category of the neighbours, and never one that no row has.

    Args:
        x: `[rows, columns]` numbers without gaps; scale them first if their units
            differ, since neighbours are those that are near.
        y: `[rows]` class numbers, 0 or 1 for two classes; or `[rows, labels]`.
        synthesis: A name of `synthesis_names()`, or a synthesis.
        categories: The numbers of the columns that are categories.
        sampling: A name of `sampler_names()`, or a sampler: in which shares.
        seed: One seed gives one result.

    Raises:
        InputTypeError: Labels are not numbers.
        InputError: x is no table of finite numbers, or has no such column; a value is
            masked; a name is unknown; or a class has no row.
        UnsupportedError: The synthesis or the sampling does not serve such labels.

    Example:
        >>> x = np.array([[0.0, 5], [1, 5], [2, 5], [3, 5], [8, 7], [9, 7]])
        >>> rows = synthesize(x, [0, 0, 0, 0, 1, 1], categories=[1])
        >>> rows.y.tolist().count(1), rows.x[rows.made, 1].tolist()
        (4, [7.0, 7.0, 7.0])
    """
    table = _table(x)
    maker = make_synthesis(synthesis) if isinstance(synthesis, str) else synthesis
    sampler = make_sampler(sampling) if isinstance(sampling, str) else sampling
    labels = np.asarray(unmasked(y, "labels"))
    _check(table, labels, maker, sampler, categories)
    groups = Classes.of(labels)
    groups.require_both(sampler.name)
    shares = np.asarray(sampler.prior(groups.totals), np.float64)
    count = draws_of(groups.totals, shares, sampler.repeats_positives)
    places = [integer(c, "categories", 0, table.shape[1] - 1) for c in categories]
    rest = np.setdiff1d(np.arange(table.shape[1]), places)
    require_finite_rows(table[:, rest], "x")
    codes = [np.unique(table[:, c], return_inverse=True)[1] for c in places]
    coded = np.stack(codes, axis=1) if codes else None
    plain = sampler.draw(labels, batch=count, steps=1, seed=seed, epoch=0)
    near = maker.prepare(table[:, rest], coded, labels, seed)
    draw = maker.mix(plain, near, labels, seed, 0)
    return _rows(table, labels, draw, near, (rest, places), maker.soft)


def _check(
    table: AnyArray, labels: AnyArray, maker: Any, sampler: Any, categories: Any
) -> None:
    if not isinstance(maker, Synthesis):
        raise InputTypeError(
            sentence(f"synthesis={maker!r}", "a name of synthesis_names(), or Smote()")
        )
    if not isinstance(sampler, Sampler):
        raise InputTypeError(
            sentence(f"sampling={sampler!r}", "a name of sampler_names(), or a sampler")
        )
    if isinstance(categories, str) or not isinstance(categories, Iterable):
        raise InputTypeError(
            sentence(f"categories={categories!r}", "the numbers of columns, as [3, 4]")
        )
    if labels.shape[:1] != table.shape[:1]:
        raise InputError(
            sentence(
                f"x of shape {table.shape} and y of shape {labels.shape}",
                "as many targets as rows",
            )
        )


def _table(x: npt.ArrayLike) -> AnyArray:
    table = np.asarray(unmasked(x, "x"))
    if table.ndim != 2 or table.dtype.kind not in "biuf":
        raise InputError(
            sentence(
                f"x of shape {table.shape} and type {table.dtype}",
                "a table of numbers [rows, columns]",
                "Number the categories: numpy.unique(column, return_inverse=True)[1].",
            )
        )
    return table


def _rows(
    table: AnyArray,
    labels: AnyArray,
    draw: Draw,
    near: Neighbours,
    columns: tuple[AnyArray, list[int]],
    soft: bool,
) -> SynthesizedRows:
    """Return the rows of a draw, and their targets."""
    index = draw.index.ravel()
    partner = index if draw.partner is None else draw.partner.ravel()
    mix = np.zeros(len(index), np.float32) if draw.mix is None else draw.mix.ravel()
    rest, places = columns
    numbers = table[:, rest].astype(np.float64)
    made = numbers[index] + mix[:, None] * (numbers[partner] - numbers[index])
    if draw.noise is not None:
        made = draw.noise.added(made, index, mix, draw.noise.deviations(numbers))
    fractions = table.dtype.kind != "f" and (mix > 0).any()
    rows = table[index].astype(np.float64 if fractions else table.dtype)
    rows[:, rest] = made
    source = np.where(mix < 0.5, index, partner)
    for column, place in enumerate(places):
        sources = source
        if near.voters is not None:
            lines = near.of[index]
            voted = (mix > 0) & (lines >= 0)
            sources = np.where(voted, near.voters[lines, column], source)
        rows[:, place] = table[sources, place]
    several = labels.ndim == 1 and soft and labels.max() > 1
    targets: Any = labels[index]
    if soft or draw.labels is not None:
        classes = int(labels.max()) + 1 if several else None
        targets = draw.targets(labels, classes)[0]
    return SynthesizedRows(rows, targets, index, partner, mix, near.notes)
