# SPDX-License-Identifier: Apache-2.0
"""What a trial follows from: its scores, how rows were split, and what was asked.

A trial is a function of these, so that it can be concluded again: by other costs,
with further arms, or from a file.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise._core.files import to_json
from equipoise._core.types import IntArray
from equipoise.diagnosis.diagnosis import Diagnosis
from equipoise.errors import InputError
from equipoise.evaluation.cross_validation import CrossValidated, cross_validated
from equipoise.evaluation.decided import Decided
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.fixed_model import as_costs
from equipoise.evaluation.kind_values import UnseenKinds
from equipoise.explanations.importance import Importance
from equipoise.jobs import Progress
from equipoise.priors import log_odds as to_log_odds
from equipoise.strategies.strategy import Strategy
from equipoise.table.hashes import row_hashes
from equipoise.trials.blended_arms import fitted_arms, with_blends
from equipoise.trials.conclude import Criteria, conclude
from equipoise.trials.early_scores import EarlyScores
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Runner
from equipoise.trials.trial import TrialRecord

STALE_KINDS = (
    "How well each unseen kind is found was said when {}, and is left out. Compare "
    "again, in a new folder, to see it."
)

NO_IMPORTANCE = "importance=True"
"""What every note holds that says why a trial has no importance of columns."""

ALL_ROWS = (
    "the rows learned from: all of them, as with TrainingSettings(fewer_rows=False) in "
    "Python and --all-rows on the command line"
)


@dataclass(frozen=True, eq=False, repr=False)
class TrialBasis:
    """What a trial follows from.

    Attributes:
        plan: Which rows were split, and how; of a trial from a file a `StoredPlan`.
        arms: The arms, in the order asked for.
        fitted: What the fits gave, before any average.
        criteria: By what the arms are judged.
        diagnosis: Of the rows.
        asked: What was asked for that decides about the fits: plain data.
        digest: Of the rows, their targets and how they belong together.
        notes: What was done to the rows before.
        training: How networks were trained, as `LearnerChoice.record` says.
        unseen: What was said of each kind of positives, if one was left out at a time.
        later: Notes of the kinds that were left out, and why there is no importance,
            after all others.
        reading: How the rows were read, if they came from a file: plain data.
        origin: When it was made, by which command and from which files, with their
            hashes, as far as that is known: plain data.
        seconds: Wall time of the whole trial.
        versions: Of what computed the numbers; empty for what is installed.
        importance: What an arm owes to each column; None if that was not asked for.
        importance_of: The arm; its importance is shown while it is the choice.
    """

    plan: TrialPlan
    arms: tuple[Strategy, ...]
    fitted: Scores
    criteria: Criteria
    diagnosis: Diagnosis
    asked: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    notes: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    unseen: UnseenKinds | None = None
    later: tuple[str, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    importance: Importance | None = None
    importance_of: str = ""

    def __repr__(self) -> str:
        names = ", ".join(arm.name for arm in self.arms)
        return f"<TrialBasis of {names} on {len(self.plan.table):,} rows>"

    def conclude(self, started: float | None = None) -> TrialRecord:
        """Return the trial.

        Args:
            started: When it began, `time.monotonic()`; None if `seconds` tells how long
                it took.
        """
        begun = time.monotonic() if started is None else started
        table = self.plan.table
        scores = with_blends(
            self.fitted,
            self.arms,
            table.labels(),
            past_only=self.plan.protocol.by == "time",
            task=table.task,
        )
        record = conclude(
            self.plan,
            self.arms,
            scores,
            self.diagnosis,
            self.criteria,
            started=begun,
            notes=self.notes,
        )
        seconds = record.seconds if started is not None else self.seconds
        return replace(
            record,
            training=self.training,
            unseen=self.unseen,
            notes=(*record.notes, *self.later),
            seconds=seconds,
            versions=self.versions,
            basis=replace(self, seconds=seconds),
            importance=(
                self.importance if self.importance_of == record.best.name else None
            ),
        )

    def judged_by(self, criteria: Criteria) -> TrialBasis:
        """Return the same scores, judged by others than before.

        Decisions for another goal say something else of each kind of positives, so what
        was said of kinds that were left out goes then.

        Args:
            criteria: By what the arms are to be judged, for the task of the trial.
        """
        changed = replace(self, criteria=criteria)
        if self.unseen is None or _decides(criteria) == _decides(self.criteria):
            return changed
        return changed.without_unseen("the decisions were for another goal")

    def without_unseen(self, why: str) -> TrialBasis:
        """Return the same without what was said of each kind of positives.

        Args:
            why: What was different then, for the note.
        """
        if self.unseen is None:
            return self
        others = (note for note in self.later if NO_IMPORTANCE in note)
        return replace(self, unseen=None, later=(STALE_KINDS.format(why), *others))

    def evaluate(
        self,
        name: str,
        scores: Scores,
        results: CrossValidated,
        threshold: float,
        lower: float | None = None,
    ) -> Evaluation:
        """Judge an arm by thresholds that are given, on its out-of-fold scores.

        Args:
            name: The arm.
            scores: The trial's, of all arms.
            results: The trial's, whose calibrated scores are used.
            threshold: A row is flagged from this calibrated probability on.
            lower: A row is left undecided from this one up to it; None for none.
        """
        plan = self.plan
        tested, units = scores.tested, plan.keys.units
        ends = [
            None if p is None else float(to_log_odds(p)) for p in (threshold, lower)
        ]
        rule = Decided(results[name].fitted.log_odds, ends[0] or 0.0, ends[1])
        judged = cross_validated(
            plan.table.labels()[tested],
            {name: scores.log_odds[name][:, tested]},
            scores.folds[:, tested],
            clusters=None if units is None else units[tested],
            decided={name: rule},
            baseline=name,
            seed=plan.protocol.seed,
            sizes=scores.sizes(plan.protocol.by),
        )
        return judged[name].evaluation

    def differs(self, plan: TrialPlan, asked: Mapping[str, Any], digest: str) -> str:
        """Return in what another trial is not this one; empty if it is.

        Arms, costs, metric and margin do not count: they need no fit again.

        Args:
            plan: Of the other trial.
            asked: What was asked for.
            digest: Of its rows.
        """
        ours = {**_plain(self.plan), **self.asked, "training": dict(self.training)}
        theirs = {**_plain(plan), **asked, "training": plan.learners.record()}
        if self.digest != digest:
            return "the rows"
        ours, theirs = _as_json(ours), _as_json(theirs)
        names = [n for n in {**ours, **theirs} if ours.get(n) != theirs.get(n)]
        if names == ["training"] and self._all_rows_instead_of(plan):
            return ALL_ROWS
        return listing(names) if names else ""

    def _all_rows_instead_of(self, plan: TrialPlan) -> bool:
        """Return whether another trial differs in that this one is of all rows."""
        theirs = {**plan.learners.record(), "fewer_rows": False}
        return _as_json(dict(self.training)) == _as_json(theirs)


@dataclass(frozen=True, eq=False)
class StoredPlan(TrialPlan):
    """The plan of a trial from a file, which holds targets and no columns.

    Attributes:
        stored_test_units: Which rows of the test table are one case.
    """

    stored_test_units: IntArray | None = None

    @property
    def test_units(self) -> IntArray | None:
        """Which rows of the test table are one case; None for each."""
        return self.stored_test_units


def rows_digest(plan: TrialPlan) -> str:
    """Return a name of the rows of a trial, which other rows do not share.

    Args:
        plan: Its plan.
    """
    digest = hashlib.sha256()
    for table in (plan.table, plan.test_table):
        if table is None:
            digest.update(b"no test table")
            continue
        kinds = [(column.name, column.kind) for column in table.columns]
        digest.update(to_json([kinds, table.task.to_dict(), table.target]).encode())
        arrays = (row_hashes(table), table.labels(), table.groups, table.time)
        for array in arrays:
            if array is not None:
                digest.update(str((array.shape, array.dtype)).encode())
                digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def with_arms(
    basis: TrialBasis,
    arms: Sequence[Strategy],
    progress: Progress | None = None,
    *,
    runner: Runner | None = None,
    early: EarlyScores | None = None,
) -> TrialBasis:
    """Return the basis of a trial of more arms: only what is new is fitted.

    Args:
        basis: Its plan holds the rows.
        arms: All arms, in their order; those that the trial has and these lack are
            kept behind them.
        progress: Called with a sentence and the share of the work done.
        runner: Who does the fits; this process if None.
        early: Who tells what the new arms are worth so far, or None.

    Raises:
        InputError: An arm has the name of another one of the trial.
    """
    by_name = {arm.name: arm for arm in basis.arms}
    for arm in arms:
        other = by_name.get(arm.name)
        if other is not None and _recipe(other) != _recipe(arm):
            raise InputError(
                sentence(
                    f"an arm {arm.name!r} that is not the one of the trial",
                    "the same strategy, or another name",
                    f"Give it a name of its own: Strategy({arm.name + ' 2'!r}, ...).",
                )
            )
    names = {arm.name for arm in arms}
    everything = (*arms, *(arm for arm in basis.arms if arm.name not in names))
    present = {*basis.fitted.log_odds, *basis.fitted.failed}
    new = [arm for arm in fitted_arms(everything) if arm.name not in present]
    if {arm.name for arm in everything} != set(by_name):
        basis = basis.without_unseen("the arms were fewer")
    if not new:
        return replace(basis, arms=everything)
    if isinstance(basis.plan, StoredPlan):
        raise InputError(
            sentence(
                f"the new {'arms' if len(new) > 1 else 'arm'} "
                f"{listing([arm.name for arm in new])} for a trial from a file, which "
                "holds no columns",
                "the rows of the trial",
                "Pass them as they were given to compare: trial.add(arms, source, "
                "target), with test= if there was one.",
            )
        )
    begun = time.monotonic()
    plan = replace(basis.plan, strategies=tuple(new))
    fitted = fit_parts(
        plan,
        plan.parts(range(basis.fitted.repeats)),
        progress,
        runner=runner,
        early=early,
    )
    return replace(
        basis,
        arms=everything,
        fitted=joined_arms(basis.fitted, fitted.of_task(plan.table.task)),
        seconds=basis.seconds + time.monotonic() - begun,
        versions={},
    )


def joined_arms(first: Scores, second: Scores) -> Scores:
    """Return the scores of other arms on the same splits as one.

    Args:
        first: Of some arms.
        second: Of others.

    Raises:
        InputError: The splits differ.
    """
    if not np.array_equal(first.folds, second.folds):
        raise InputError(
            sentence(
                "arms on other splits than those of the trial",
                "the same rows and the version of the libraries that split them",
                "Compare all arms again.",
            )
        )
    both = (
        *("log_odds", "extra", "seconds", "updates"),
        *("failed", "idle", "tuning", "shares"),
    )
    merged: dict[str, Any] = {
        name: {**getattr(first, name), **getattr(second, name)} for name in both
    }
    return replace(
        first,
        notes=tuple(dict.fromkeys([*first.notes, *second.notes])),
        groups=tuple(dict.fromkeys([*first.groups, *second.groups])),
        **merged,
    )


def _decides(criteria: Criteria) -> tuple[Any, ...]:
    """Return what the decisions follow from; kinds are left out of two classes only."""
    return criteria.objective, as_costs(criteria.costs), dict(criteria.options)


def _recipe(strategy: Strategy) -> str:
    return to_json(strategy.to_dict())


def _plain(plan: TrialPlan) -> dict[str, Any]:
    return dict(vars(plan.protocol))


def _as_json(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: to_json(value) for name, value in values.items()}
