# SPDX-License-Identifier: Apache-2.0
"""The verb `compare` for rows that are larger than memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import Any

import numpy as np

from equipoise._core.checks import listing
from equipoise._core.types import IntArray
from equipoise.diagnosis.diagnosis import diagnose
from equipoise.jobs import Progress, scaled
from equipoise.stores.stored_table import StoredTable
from equipoise.strategies.strategy import Strategy
from equipoise.table.splits import SplitKeys
from equipoise.table.table import Table
from equipoise.trials.arm_importance import with_importance
from equipoise.trials.blended_arms import fitted_arms, with_blends
from equipoise.trials.conclude import Criteria, conclude
from equipoise.trials.fold_scores import Scores
from equipoise.trials.fresh_rows import FreshRows
from equipoise.trials.kinds import PositiveKinds, without_column
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import Runner, opened
from equipoise.trials.schedule import Repeats, fit_repeats
from equipoise.trials.sources import split_by
from equipoise.trials.stored_kinds import StoredKinds
from equipoise.trials.stored_rows import (
    JudgedStore,
    StoredRows,
    judge_store,
    stored_facts,
    whole_notes,
)
from equipoise.trials.trial import TrialRecord
from equipoise.trials.unseen import (
    UNSEEN_SHARE,
    kind_notes,
    kind_split_by,
    with_unseen_kinds,
)

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
        kinds = self.plan.kinds
        if kinds is not None:
            kinds = dataclasses.replace(kinds, of_rows=self._of_judged(kinds.of_rows))
        grouped = self.plan.table.groups is not None
        table = Table(
            (),
            judged.y,
            task,
            target=self.plan.table.target,
            groups=judged.units if grouped else None,
            source=self.plan.table.source,
        )
        y = judged.y if task.kind == "multilabel" else judged.y.astype(np.int64)
        keys = SplitKeys(y, judged.units, None, task, grouped=grouped)
        return dataclasses.replace(
            self.plan,
            table=table,
            weights=judged.weights,
            known_keys=keys,
            kinds=kinds,
        )

    def _of_judged(self, of_rows: IntArray) -> IntArray:
        """Return numbers of the rows that were fitted on for those that are judged.

        Args:
            of_rows: `[rows fitted on]`.

        Returns:
            `[rows judged]`; -1 for a row that was not fitted on.
        """
        if self.rows.shares.whole:
            return of_rows
        numbers = np.full(len(self.judged.places), -1, np.int64)
        places = np.searchsorted(self.judged.places, self.rows.taken.places)
        numbers[places] = of_rows
        return numbers

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know of the rows."""
        judged = self.judged
        said = self._of_networks()
        return (self.rows.sentence(), *said, *judged.notes, *whole_notes(judged.whole))

    @property
    def streaming(self) -> tuple[str, ...]:
        """The strategies whose networks took new rows from disk between epochs."""
        plan = self.plan
        return tuple(s.name for s in plan.strategies if plan.learners.streams(s))

    @property
    def sharded(self) -> tuple[str, ...]:
        """The strategies of which each model learned from rows of its own."""
        plan = self.plan
        return tuple(s.name for s in plan.strategies if plan.learners.shards(s))

    def _of_networks(self) -> list[str]:
        shares = self.rows.shares
        classes = [
            name
            for name, count, total in zip(
                self.rows.store.strata_names, shares.kept, shares.totals, strict=True
            )
            if count < total
        ]
        said = []
        if self.sharded:
            said.append(
                f"Each model of {listing(self.sharded)} learned from a part of its own "
                f"of {listing(classes)}, from all rows on disk."
            )
        if not self.streaming:
            return said
        return [
            *said,
            f"The networks of {listing(self.streaming)} took new rows of "
            f"{listing(classes)} from disk after each pass over those in memory, as "
            "many as there were.",
        ]


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
    kinds: PositiveKinds | None = None,
    rows: StoredRows | None = None,
    test_table: Table | None = None,
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
        kinds: The kinds of positives that folds leave out; None for usual folds.
        rows: Those to fit on; None for as many as fit into memory.
        test_table: Rows that every model scores and none learns from, or None.
    """
    report("choosing the rows that fit into memory", 0.0)
    if rows is None:
        rows = StoredRows.of(store, protocol.seed)
    for strategy in strategies:
        strategy.with_table(rows.table)
    by = None if protocol.by == "" else protocol.by
    protocol = dataclasses.replace(
        protocol,
        by=split_by(rows.table, by) if kinds is None else kind_split_by(rows.table, by),
        folds=protocol.folds if kinds is None else len(kinds),
    )
    plan = TrialPlan(
        rows.table,
        tuple(strategies),
        protocol,
        learners,
        weights=rows.row_weights,
        keep=True,
        baseline=baseline,
        kinds=kinds,
    )
    if repeats == "auto" and not rows.shares.whole:
        repeats = 1
    often = Repeats.of(repeats, minutes, protocol.by)
    fresh = None if often.number is None else FreshRows.of(rows, plan, often.number)
    learning = dataclasses.replace(
        plan,
        learners=dataclasses.replace(plan.learners, supply=fresh),
        known_keys=plan.keys,
    )
    with opened(runner) as who:
        step = scaled(report, 0.0, FITS)
        scores = fit_repeats(learning, often, step, started=started, runner=who)
    if not rows.shares.whole:
        scores = dataclasses.replace(scores, source_rows=len(store))
    progress = scaled(report, FITS, SCORES)
    fold_of_row = None
    if fresh is not None and len(fresh.folds.kept) == scores.repeats:
        fold_of_row = fresh.folds
    judged = judge_store(
        rows,
        plan,
        scores,
        progress,
        with_columns=with_columns,
        test_table=test_table,
        fold_of_row=fold_of_row,
    )
    done = dataclasses.replace(learning, test_table=test_table)
    return StoredTrial(rows, done, judged)


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
    test_table: Table | None = None,
    unseen: str | None = None,
    importance: bool = False,
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
        test_table: Rows that every model scores and none learns from, or None.
        unseen: By what the kinds of positives are told that folds leave out, as in
            `compare`; None for usual folds.
        importance: Whether the trial says which columns its choice owes its ranking to.
    """
    started = monotonic()
    criteria = criteria.of(store.task)
    kinds = None
    if unseen is not None:
        kinds = StoredKinds.of(store, unseen, protocol.duplicates, protocol.seed)
        store = kinds.rows.store
        test_table = without_column(test_table, unseen)
    share = 1.0 if kinds is None else UNSEEN_SHARE
    with opened(runner) as who:
        shared: dict[str, Any] = {
            "learners": learners,
            "minutes": minutes,
            "baseline": baseline,
            "runner": who,
        }
        trial = fit_stored(
            store,
            fitted_arms(arms),
            protocol=protocol,
            repeats=repeats,
            report=scaled(report, 0.0, share),
            started=started,
            kinds=None if kinds is None else kinds.kinds,
            rows=None if kinds is None else kinds.rows,
            test_table=test_table,
            **shared,
        )
        plan = trial.judged_plan
        scores = trial.judged.scores.of_task(store.task)
        scores = with_blends(
            scores,
            arms,
            trial.judged.y,
            past_only=plan.protocol.by == "time",
            task=store.task,
            rows=trial.judged.weights,
        )
        report("looking at the data", (FITS + SCORES) * share)
        seed, duplicates = plan.protocol.seed, plan.protocol.duplicates
        diagnosis = diagnose(store, test=test_table, duplicates=duplicates, seed=seed)
        report("computing intervals", 0.95 * share)
        record = conclude(
            plan,
            arms,
            dataclasses.replace(scores, scorers={}),
            diagnosis,
            criteria,
            started=started,
            notes=[*notes, *trial.notes, *kind_notes(plan.kinds)],
        )
        if kinds is not None:
            usual = partial(
                _ordinary_fits, kinds, arms, protocol, report=report, **shared
            )
            record = with_unseen_kinds(
                plan, arms, record, criteria, report, None, usual
            )
        if importance:
            weights = trial.rows.row_weights
            if weights is None and not trial.rows.shares.whole:
                weights = trial.rows.shares.weights(trial.rows.table.labels())
            record = with_importance(
                trial.plan,
                record,
                scaled(report, 0.98, 0.02),
                who,
                weights,
                trial.judged.fitted,
            )
        return dataclasses.replace(
            record,
            stored=stored_facts(
                trial.rows, trial.judged, trial.streaming, trial.sharded
            ),
            seconds=monotonic() - started,
        )


def _ordinary_fits(
    kinds: StoredKinds,
    arms: Sequence[Strategy],
    protocol: Protocol,
    *,
    report: Progress,
    **shared: Any,
) -> tuple[TrialPlan, Scores]:
    """Fit arms once more, on one repeat of as many ordinary folds as there are kinds.

    Args:
        kinds: The kinds, with the rows that were chosen.
        arms: The arms of the trial.
        protocol: How rows are split.
        report: Called with a sentence and the share of the whole work done.
        **shared: As `fit_stored` takes it.
    """
    trial = fit_stored(
        kinds.rows.store,
        fitted_arms(arms),
        protocol=dataclasses.replace(protocol, folds=len(kinds.kinds)),
        repeats=1,
        report=scaled(report, UNSEEN_SHARE, 1.0 - UNSEEN_SHARE),
        started=monotonic(),
        rows=kinds.rows,
        **shared,
    )
    with_kinds = dataclasses.replace(
        trial, plan=dataclasses.replace(trial.plan, kinds=kinds.kinds)
    )
    return with_kinds.judged_plan, trial.judged.scores
