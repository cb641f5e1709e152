# SPDX-License-Identifier: Apache-2.0
"""Boosting of several classes or labels, by anything that boosts two."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray, IntArray
from equipoise.jobs import Job
from equipoise.learners.trees.forest import Forest, constant_forest
from equipoise.priors import Correction
from equipoise.strategies.by_task import (
    fitted_correction,
    floor_score,
    present_classes,
    prior_scores,
    require_enough,
)
from equipoise.table.splits import Split
from equipoise.task import Task


@dataclass(frozen=True, eq=False)
class BoostingRows:
    """What one fit is given.

    Attributes:
        x: `[rows, columns]` float64, NaN where missing, categories first.
        y: `[rows]` 0 or 1; or class numbers, each of which occurs.
        splits: One per member: the rows that it is fitted on, and those that decide
            how many trees are kept.
        categories: The number of categorical columns.
        weights: `[rows]` how much each counts; None for 1 each.
        rates: `[classes]` how often a row of each class was drawn, for stop rows, which
            are rows as they are; None for 1 each.
    """

    x: FloatArray
    y: npt.NDArray[Any]
    splits: Sequence[Split]
    categories: int = 0
    weights: FloatArray | None = None
    rates: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Boosted:
    """What one fit gave.

    Attributes:
        forests: One per member; of several classes one class after the other.
        grown: The trees that all members grew.
        kept: The trees that each of them kept.
    """

    forests: tuple[Forest, ...]
    grown: int
    kept: int


@dataclass(frozen=True, eq=False)
class BoostedOutputs:
    """What a fit of several classes or labels gave.

    Attributes:
        forests: Those of the first class or label, one per member; then those of the
            second, and so on.
        offset: `[width]` the correction.
        grown: The trees that all members grew.
        kept: The trees that each of them kept, on average over the labels.
    """

    forests: tuple[Forest, ...]
    offset: tuple[float, ...]
    grown: int
    kept: int


Boost = Callable[[BoostingRows, FloatArray, Correction, int], Boosted]
"""Grows all members on one part, given rows, class weights, correction and seed."""


def boost_outputs(
    boost: Boost,
    rows: BoostingRows,
    task: Task,
    totals: FloatArray,
    job: Job,
    offset: tuple[float, ...] | None = None,
) -> BoostedOutputs:
    """Grow all members for several classes, or for each label.

    Args:
        boost: Grows the members of two or several classes that all occur.
        rows: What to fit; y as in `Table`.
        task: What the target is.
        totals: As `Task.totals`, of the rows that are fitted.
        job: The strategy and the seed.
        offset: `[width]` the correction; by default that of the strategy.

    Raises:
        InputError: There is nothing to tell apart.
    """
    require_enough(task, totals)
    correction = fitted_correction(job.strategy, task, totals)
    if offset is not None:
        correction = dataclasses.replace(correction, offset=offset)
    shifts = np.array(correction.offset)
    present = np.flatnonzero(present_classes(task, totals))
    if task.kind == "multilabel":
        return _boost_labels(boost, rows, task, totals, job, shifts, present)
    codes = np.searchsorted(present, rows.y)
    compact = dataclasses.replace(
        rows,
        y=codes,
        splits=[with_every_class(split, codes) for split in rows.splits],
    )
    if rows.rates is not None:
        compact = dataclasses.replace(compact, rates=rows.rates[present])
    weights = job.strategy.class_weights(totals)[present]
    inside = shifts[present]
    if len(present) == 2:
        inside = inside[1:] - inside[:1]
    boosted = boost(
        compact, weights, Correction(offset=tuple(inside.tolist())), job.seed
    )
    members = len(rows.splits)
    groups = [
        boosted.forests[place * members : (place + 1) * members]
        for place in range(len(boosted.forests) // members)
    ]
    if len(present) == 2:
        groups = [(constant_forest(0.0),) * members, *groups]
    by_class = dict(zip(present.tolist(), groups, strict=True))
    if len(present) < task.width:
        raw = [sum(f.raw(rows.x) for f in group) / members for group in groups]
        floor = floor_score(np.stack(raw, axis=1) + shifts[present], totals)
        for place in set(range(task.width)) - set(by_class):
            by_class[place] = (constant_forest(floor - shifts[place]),) * members
    forests = [forest for place in range(task.width) for forest in by_class[place]]
    return BoostedOutputs(
        tuple(forests), correction.offset, boosted.grown, boosted.kept
    )


def _boost_labels(
    boost: Boost,
    rows: BoostingRows,
    task: Task,
    totals: FloatArray,
    job: Job,
    shifts: FloatArray,
    present: IntArray,
) -> BoostedOutputs:
    constant = prior_scores(task, totals) - shifts
    weights = job.strategy.class_weights(totals)
    forests: list[Forest] = []
    grown, lengths = 0, []
    for label in range(task.width):
        if label not in present:
            forests += [constant_forest(float(constant[label]))] * len(rows.splits)
            continue
        seed = derive(job.seed, "trees", "label", label)
        boosted = boost(
            labelled_rows(rows, label),
            weights[label],
            Correction(offset=(float(shifts[label]),)),
            seed,
        )
        forests += boosted.forests
        grown += boosted.grown
        lengths.append(boosted.kept)
    mean_length = round(float(np.mean(lengths)))
    return BoostedOutputs(tuple(forests), tuple(shifts.tolist()), grown, mean_length)


def drawn_rates(job: Job, task: Task, totals: FloatArray) -> FloatArray | None:
    """Return how often a row of each class was drawn, `[classes]`.

    With these weights the stop rows have the shares that the training rows have, so
    that a loss which knows no correction falls as long as trees help.

    Args:
        job: Its training rows were drawn or not.
        task: What the target is.
        totals: As `Task.totals`, of the rows that were drawn from.

    Returns:
        None if there is nothing to weigh; rows of labels are weighted as they are
        drawn.
    """
    if not job.drawn or task.kind == "multilabel":
        return None
    shares = totals / totals.sum()
    prior = job.strategy.drawn_prior(totals)
    there = shares > 0
    return np.where(there, prior / np.where(there, shares, 1.0), 1.0)


def with_every_class(split: Split, y: npt.NDArray[Any]) -> Split:
    """Return a split whose training side has every class that occurs in `y`.

    Rows of a class that only the other side has change sides; a side to stop by that
    would be left without rows keeps them too.

    Args:
        split: Positions in `y`.
        y: `[rows]` class numbers.

    Example:
        >>> split = Split(np.array([0, 1]), np.array([2, 3]))
        >>> whole = with_every_class(split, np.array([0, 1, 2, 0]))
        >>> whole.train.tolist(), whole.test.tolist()
        ([0, 1, 2], [3])
    """
    lone = np.isin(y[split.test], y[split.train], invert=True)
    if not lone.any():
        return split
    train = np.sort(np.concatenate([split.train, split.test[lone]]))
    return Split(train, split.test if lone.all() else split.test[~lone])


def labelled_rows(rows: BoostingRows, label: int) -> BoostingRows:
    """Return the rows of which one label is known, as a problem of two classes.

    Args:
        rows: With y `[rows, labels]`.
        label: Which one.
    """
    here = np.flatnonzero(rows.y[:, label] >= 0)
    y = rows.y[here, label].astype(np.int64)
    splits = []
    for split in rows.splits:
        train, test = (
            np.flatnonzero(np.isin(here, side)) for side in (split.train, split.test)
        )
        test = test if len(test) else train
        splits.append(with_every_class(Split(train, test), y))
    weights = None if rows.weights is None else rows.weights[here]
    return dataclasses.replace(
        rows, x=rows.x[here], y=y, splits=splits, weights=weights
    )
