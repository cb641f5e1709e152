# SPDX-License-Identifier: Apache-2.0
"""The inner folds of a search: the same for all candidates of a training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise._core.types import IntArray
from equipoise.errors import SplitError
from equipoise.jobs import Job
from equipoise.learners.tuned.candidates import JudgedRows
from equipoise.strategies.strategy import Strategy
from equipoise.table.splits import SplitKeys
from equipoise.table.table import Table
from equipoise.table.units import tied_rows

STOP_SHARE = 0.2
"""Share of an inner training part that decides when training stops."""


@dataclass(frozen=True, eq=False)
class InnerFold:
    """One inner fold: disjoint row positions in the table of the trial.

    Attributes:
        train: `[n]` rows to learn from.
        stop: `[n]` rows that decide when training stops.
        scored: `[n]` rows by which candidates are judged.
        seed: Of its fits.
    """

    train: IntArray
    stop: IntArray
    scored: IntArray
    seed: int


def inner_folds(table: Table, job: Job, folds: int) -> list[InnerFold]:
    """Return the inner folds of a training part, with groups and time kept.

    Its stop rows are among them: a search has no other use for them.

    Args:
        table: The rows that the job indexes.
        job: The outer fit; its scored rows are not looked at.
        folds: How many.

    Raises:
        SplitError: There are too few rows of a class for so many folds.
    """
    used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
    keys = SplitKeys.of(table.take(used))
    by = "time" if table.time is not None else "stratified"
    seed = derive(job.seed, "tuning")
    try:
        splits = keys.outer(folds, seed=seed, by=by)
        result = []
        for number, split in enumerate(splits):
            derived = derive(seed, "fold", number)
            train, stop = keys.inner(split.train, share=STOP_SHARE, seed=derived, by=by)
            rows = used[train], used[stop], used[split.test]
            result.append(InnerFold(*rows, derived))
    except SplitError as error:
        raise SplitError(
            sentence(
                f"a search with folds={folds} inside a training part of {len(used)} "
                f"rows ({error.facts.rstrip('.')})",
                "inner folds that each have all there is to tell apart",
                "Pass Tuned(..., folds=2), or leave the strategy as it is.",
            )
        ) from error
    return result


def inner_job(strategy: Strategy, job: Job, fold: InnerFold, part: int) -> Job:
    """Return the fit of a candidate on an inner fold.

    If the outer rows are a share of all (`Job.shares`), so are those of the inner
    folds, and candidates are judged among them: the share needs no correction here.

    Args:
        strategy: The candidate.
        job: The outer fit.
        fold: One of its inner folds.
        part: The number of the part, shared by all candidates.
    """
    return Job(
        strategy,
        fold.train,
        fold.stop,
        fold.scored,
        fold.seed,
        part,
        job.row_weights,
    )


def inner_judged_rows(table: Table, job: Job, folds: Sequence[InnerFold]) -> JudgedRows:
    """Return the rows by which the candidates of a training part are judged.

    Args:
        table: The rows that the job indexes.
        job: The outer fit.
        folds: Its inner folds; their scored rows are judged in their order.
    """
    rows = np.concatenate([fold.scored for fold in folds])
    units = tied_rows(table.take(rows), "auto")
    return JudgedRows(
        np.asarray(table.labels()[rows]),
        table.task,
        None if job.row_weights is None else job.weights(rows),
        units,
    )
