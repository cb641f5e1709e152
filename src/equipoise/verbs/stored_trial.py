# SPDX-License-Identifier: Apache-2.0
"""The verb `compare` for rows that are larger than memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from time import monotonic

import numpy as np

from equipoise.diagnosis.diagnosis import diagnose
from equipoise.jobs import Progress, scaled
from equipoise.stores.stored_table import StoredTable
from equipoise.strategies.strategy import Strategy
from equipoise.table.splits import SplitKeys
from equipoise.table.table import Table
from equipoise.trials.blended_arms import fitted_arms, with_blends
from equipoise.trials.conclude import Criteria, conclude
from equipoise.trials.fold_scores import Scores
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import Runner, opened
from equipoise.trials.schedule import Repeats, fit_repeats
from equipoise.trials.sources import split_by
from equipoise.trials.stored_rows import (
    JudgedStore,
    StoredRows,
    judge_store,
    stored_facts,
    whole_notes,
)
from equipoise.trials.trial import TrialRecord

FITS = 0.6
"""Share of the work that fits are, for progress."""
SCORES = 0.3
"""Share of the work that scoring all rows is."""


@dataclasses.dataclass(frozen=True, eq=False)
class StoredTrial:
    """A trial on rows larger than memory, fitted and scored, before it is judged.

    Attributes:
        rows: The store, and the rows that were fitted on.
        plan: How these were split.
        judged: The rows that are judged, with their scores.
    """

    rows: StoredRows
    plan: TrialPlan
    judged: JudgedStore

    @property
    def judged_plan(self) -> TrialPlan:
        """The plan with the rows that are judged, without their columns."""
        judged, task = self.judged, self.plan.table.task
        grouped = self.plan.table.groups is not None
        table = Table(
            (),
            judged.y,
            task,
            target=self.plan.table.target,
            groups=judged.units if grouped else None,
            source=self.plan.table.source,
        )
        keys = SplitKeys(
            judged.y.astype(np.int64), judged.units, None, task, grouped=grouped
        )
        return dataclasses.replace(
            self.plan,
            table=table,
            weights=judged.weights,
            known_keys=keys,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know of the rows."""
        judged = self.judged
        return (self.rows.sentence(), *judged.notes, *whole_notes(judged.whole))


def fit_stored(
    store: StoredTable,
    strategies: Sequence[Strategy],
    *,
    protocol: Protocol,
    learners: LearnerChoice,
    repeats: int | str,
    minutes: float,
    baseline: str | None,
    report: Progress,
    started: float,
    runner: Runner | None = None,
    with_columns: bool = False,
) -> StoredTrial:
    """Fit strategies on the rows that fit into memory, and score all rows.

    Args:
        store: All rows.
        strategies: What is fitted.
        protocol: How the rows are split.
        learners: Who learns.
        repeats: How often the folds are drawn; "auto" means once if not all rows are
            fitted on.
        minutes: The time budget of "auto".
        baseline: The strategy that others are compared with, or None.
        report: Called with a sentence and the share done.
        started: When it began, `time.monotonic()`.
        runner: Who does the fits; this process if None.
        with_columns: Whether the judged rows are needed with their columns, so that
            there must not be more than memory holds.
    """
    report("choosing the rows that fit into memory", 0.0)
    rows = StoredRows.of(store, protocol.seed)
    protocol = dataclasses.replace(
        protocol, by=split_by(rows.table, None if protocol.by == "" else protocol.by)
    )
    plan = TrialPlan(
        rows.table,
        tuple(strategies),
        protocol,
        learners,
        keep=True,
        baseline=baseline,
    )
    if repeats == "auto" and not rows.shares.whole:
        repeats = 1
    often = Repeats.of(repeats, minutes, protocol.by)
    with opened(runner) as who:
        step = scaled(report, 0.0, FITS)
        scores = fit_repeats(plan, often, step, started=started, runner=who)
    if not rows.shares.whole:
        scores = dataclasses.replace(scores, source_rows=len(store))
    progress = scaled(report, FITS, SCORES)
    judged = judge_store(rows, plan, scores, progress, with_columns=with_columns)
    return StoredTrial(rows, plan, judged)


def compare_stored(
    store: StoredTable,
    arms: Sequence[Strategy],
    criteria: Criteria,
    *,
    protocol: Protocol,
    learners: LearnerChoice,
    repeats: int | str,
    minutes: float,
    baseline: str,
    report: Progress,
    runner: Runner | None = None,
    notes: Sequence[str] = (),
) -> TrialRecord:
    """Compare strategies on rows that are larger than memory; see `compare`.

    Args:
        store: All rows.
        arms: The strategies.
        criteria: By what they are judged.
        protocol: How the rows are split; `by` is "" for what the table has columns for.
        learners: Who learns.
        repeats: As in `compare`.
        minutes: As in `compare`.
        baseline: The arm that the others are compared with.
        report: Called with a sentence and the share done.
        runner: Who does the fits; this process if None.
        notes: What was done before.
    """
    started = monotonic()
    criteria = criteria.of(store.task)
    trial = fit_stored(
        store,
        fitted_arms(arms),
        protocol=protocol,
        learners=learners,
        repeats=repeats,
        minutes=minutes,
        baseline=baseline,
        report=report,
        started=started,
        runner=runner,
    )
    plan = trial.judged_plan
    scores = of_views(trial.judged.scores, store)
    scores = with_blends(
        scores,
        arms,
        trial.judged.y,
        past_only=plan.protocol.by == "time",
        task=store.task,
        rows=trial.judged.weights,
    )
    report("looking at the data", FITS + SCORES)
    seed, duplicates = plan.protocol.seed, plan.protocol.duplicates
    diagnosis = diagnose(store, duplicates=duplicates, seed=seed)
    report("computing intervals", 0.95)
    record = conclude(
        plan,
        arms,
        dataclasses.replace(scores, scorers={}),
        diagnosis,
        criteria,
        started=started,
        notes=[*trial.notes, *notes],
    )
    return dataclasses.replace(record, stored=stored_facts(trial.rows, trial.judged))


def of_views(scores: Scores, store: StoredTable) -> Scores:
    """Return scores as what blends and judges takes them: two classes as one view."""
    return scores.binary(store.task) if store.task.kind == "binary" else scores
