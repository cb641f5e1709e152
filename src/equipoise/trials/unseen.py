# SPDX-License-Identifier: Apache-2.0
"""A trial that leaves kinds of positives out, beside the same with ordinary folds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import SplitError, UnsupportedError
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.evaluation.kind_values import (
    KindEstimates,
    UnseenKinds,
    false_alarm_rates,
    kind_values,
)
from equipoise.jobs import Progress
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.table.units import count_units
from equipoise.trials.blended_arms import with_blends
from equipoise.trials.conclude import Criteria, evaluate_scores
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.kinds import AUTO, PositiveKinds
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Runner
from equipoise.trials.sources import split_by
from equipoise.trials.trial import TrialRecord

UNSEEN_SHARE = 0.6
"""Share of the work that is done before kinds that are seen, for progress."""

OrdinaryFits = Callable[[], tuple[TrialPlan, Scores]]
"""Fits arms on one repeat of ordinary folds: the rows that are judged, with the kinds
of their positives, and their scores `[repeats, rows, width]`."""


def kind_split_by(table: Table, by: str | None) -> str:
    """Return how the rows beside the kinds are split, "stratified" or "group".

    Args:
        table: The rows.
        by: As asked; None for what the table has columns for.

    Raises:
        UnsupportedError: It is by time.
    """
    chosen = split_by(table, by)
    if chosen == "time":
        raise UnsupportedError(
            sentence(
                "unseen= with splits by time",
                "splits by='stratified' or by='group'",
                "Pass by='stratified' if the order in time does not matter.",
            )
        )
    return chosen


def column_kept(
    source: Any, unseen: str, keep: Sequence[str], model: Any
) -> Sequence[str]:
    """Return the columns that reading must keep, that of the kinds among them.

    Args:
        source: Of the trial.
        unseen: A column, or "auto".
        keep: What the user asked to keep.
        model: Returns the user's network, or None.

    Raises:
        UnsupportedError: There is one: arrays have no columns.
    """
    if model is not None:
        raise UnsupportedError(
            sentence(
                f"unseen={unseen!r} with model=",
                "one of them, for now",
                "Kinds follow from columns, and arrays have none.",
            )
        )
    if unseen == AUTO or isinstance(source, Table) or unseen in keep:
        return keep
    return [*keep, unseen]


def kind_notes(kinds: PositiveKinds | None) -> tuple[str, ...]:
    """Return what a trial says of how its positives were split.

    Args:
        kinds: The kinds; None for ordinary folds.
    """
    if kinds is None:
        return ()
    by = "clusters" if kinds.source == AUTO else f"column {kinds.source!r}"
    return (
        f"All numbers of this trial are of unseen kinds ({by}): each of the "
        f"{len(kinds)} folds leaves one kind of positives out of training and tests on "
        "it. Intervals are for these kinds, not for kinds to come.",
        *kinds.notes,
    )


def with_unseen_kinds(
    plan: TrialPlan,
    arms: Sequence[Strategy],
    trial: TrialRecord,
    criteria: Criteria,
    report: Progress,
    runner: Runner | None = None,
    ordinary: OrdinaryFits | None = None,
) -> TrialRecord:
    """Return a trial with what it says of each kind, unseen and seen.

    The same arms are fitted once more, on one repeat of as many ordinary folds, in
    which all kinds are trained on.

    Args:
        plan: Of the trial, with its kinds.
        arms: The arms that were asked for.
        trial: What it shows.
        criteria: By what the arms are judged.
        report: Called with a sentence and the share of this work done.
        runner: Who does the fits; this process if None.
        ordinary: Fits the arms on ordinary folds; None if the rows of the plan can be.
    """
    kinds, results = plan.kinds, trial.results
    if kinds is None or not isinstance(results, CrossValidated):
        return trial
    units, seed = plan.keys.units, plan.protocol.seed
    fits = ordinary or partial(_ordinary_fits, plan, report, runner)
    seen, note = _seen(arms, criteria, fits)
    y, weights = plan.table.labels(), plan.weights
    mass = np.ones(len(y)) if weights is None else weights
    of_each = [kinds.of_rows == number for number in range(len(kinds))]
    unseen = UnseenKinds(
        kinds.source,
        {
            name: int(rows.sum())
            for name, rows in zip(kinds.names, of_each, strict=True)
        },
        {
            name: count_units(units, rows)
            for name, rows in zip(kinds.names, of_each, strict=True)
        },
        round(float(mass[y == 0].sum())),
        false_alarm_rates(results, weights),
        kind_values(
            results,
            kinds.of_rows,
            kinds.names,
            clusters=units,
            weights=weights,
            seed=seed,
        ),
        seen,
    )
    return dataclasses.replace(trial, unseen=unseen, notes=(*trial.notes, *note))


def _ordinary_fits(
    plan: TrialPlan, report: Progress, runner: Runner | None
) -> tuple[TrialPlan, Scores]:
    """Fit the arms of a plan once more, on one repeat of ordinary folds."""
    ordinary = dataclasses.replace(plan, kinds=None, test_table=None)
    parts = ordinary.parts([0])
    return plan, fit_parts(ordinary, parts, report, runner=runner)


def _seen(
    arms: Sequence[Strategy],
    criteria: Criteria,
    fits: OrdinaryFits,
) -> tuple[KindEstimates, tuple[str, ...]]:
    """Return how well the kinds are found if all are trained on, and what to say."""
    try:
        plan, scores = fits()
    except SplitError as error:
        return {}, (f"Kinds that are seen could not be tried: {error.facts}",)
    task, y, weights = plan.table.task, plan.table.labels(), plan.weights
    kinds = plan.kinds
    scores = with_blends(scores.binary(task), arms, y, task=task, rows=weights)
    able = [arm for arm in arms if arm.name not in scores.failed]
    ordinary = dataclasses.replace(plan, kinds=None, test_table=None)
    results = evaluate_scores(ordinary, able, scores, criteria)
    if kinds is None or not isinstance(results, CrossValidated):
        return {}, ()
    return (
        kind_values(
            results,
            kinds.of_rows,
            kinds.names,
            clusters=plan.keys.units,
            weights=weights,
            seed=plan.protocol.seed,
        ),
        (),
    )
