# SPDX-License-Identifier: Apache-2.0
"""The scores of a trial: every arm on every fold of every repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray, IntArray
from equipoise.evaluation.estimand import SplitSizes
from equipoise.jobs import Outcome, Progress, Scorer
from equipoise.stores.class_shares import KeptShares
from equipoise.strategies.idle import idle_parts
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.trials.early_scores import EarlyScores
from equipoise.trials.fewer_rows import fewer_note
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Part, fold_numbers
from equipoise.trials.runners.local import LocalRunner
from equipoise.trials.runners.runner import Runner, StrategyFailure, make_shards

MOST_STUCK = 0.5
"""An arm is named if the first, or the last, epoch was best in this share of fits."""


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """What the fits of a trial gave.

    Attributes:
        log_odds: Arm -> `[repeats, rows, width]` out-of-fold corrected log-odds, or
            those of one view, `[repeats, rows]`; NaN for a row that no fold tests.
        folds: `[repeats, rows]` fold numbers; -1 for a row that no fold tests.
        extra: Arm -> `[repeats * folds, extra rows, width]` log-odds of the test
            file's rows, or those of one view, by fitted model.
        seconds: Arm -> wall seconds over all its fits.
        updates: Arm -> mean number of optimiser steps (trees, iterations).
        scorers: Arm -> its fitted models, one per split, where they were kept.
        notes: What learners had to say, once each; what fits learned from says
            `share_notes`.
        groups: How the engine grouped networks into programs: the sizes of each
            run's groups, once each.
        failed: Arm -> why it gave no scores; such an arm is nowhere else.
        idle: Arm -> what had no effect, one sentence each, and in how many fits.
        blends: Arm that averages others -> the weight of each, learned on all rows
            that are tested; those without a weight are absent.
        tuning: Tuned arm -> what its search chose in each training part.
        trained: `[repeats, folds]` rows of each training part, those that decide when
            training stops among them; None if all rows of the other folds.
        source_rows: Rows of the source, if the table holds some of them; else None.
        shares: Arm -> which share of each class its fits learned from, if rows were
            left out since there are many; absent if not.
    """

    log_odds: Mapping[str, FloatArray]
    folds: IntArray
    extra: Mapping[str, FloatArray]
    seconds: Mapping[str, float]
    updates: Mapping[str, float]
    scorers: Mapping[str, tuple[Scorer, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=())
    groups: tuple[tuple[int, ...], ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    idle: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    blends: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    tuning: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    trained: IntArray | None = None
    source_rows: int | None = None
    shares: Mapping[str, tuple[KeptShares, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        names = ", ".join(self.log_odds)
        return f"<Scores of {names} on {self.folds.shape[1]:,} rows>"

    @property
    def repeats(self) -> int:
        """The number of repeats."""
        return len(self.folds)

    @property
    def tested(self) -> npt.NDArray[np.bool_]:
        """Which rows every repeat tests, `[rows]`; by time the first are not."""
        return np.asarray((self.folds >= 0).all(axis=0))

    def binary(self, task: Task) -> Scores:
        """Return the scores of the one view of two classes, without the last axis.

        What blends, evaluates, compares and decides takes scores of a binary view.

        Args:
            task: The task of the rows.

        Raises:
            UnsupportedError: The task has more views.
        """
        task.require_binary("a trial")
        return replace(
            self,
            log_odds={name: z[..., 0] for name, z in self.log_odds.items()},
            extra={name: z[..., 0] for name, z in self.extra.items()},
        )

    def of_task(self, task: Task) -> Scores:
        """Return the scores as what blends and judges takes them.

        Args:
            task: The task of the rows.

        Returns:
            Two classes as one view, see `binary`; of other tasks they are as they were.
        """
        return self.binary(task) if task.kind == "binary" else self

    def share_notes(
        self, task: Task, names: Iterable[str] | None = None
    ) -> tuple[str, ...]:
        """Say from which share of the rows the arms learned, in one sentence, if so.

        It is said of all fits at once: of all repeats, and of arms that came later.

        Args:
            task: The task of the rows.
            names: Those that were fitted; None for all that have scores.
        """
        names = self.log_odds if names is None else names
        shares = {name: self.shares.get(name, ()) for name in names}
        note = fewer_note(shares, task.classes)
        return (note,) if note else ()

    def sizes(self, by: str) -> SplitSizes:
        """Return how many rows each split trained and tested on.

        Args:
            by: How the rows were split: "stratified", "group" or "time".
        """
        rows = self.folds.shape[1]
        tested = self.folds[:, self.tested]
        sizes = SplitSizes.of(tested, self.trained, rows, past=by == "time")
        return replace(sizes, source_rows=self.source_rows)


def fit_parts(
    plan: TrialPlan,
    parts: Sequence[Part],
    progress: Progress | None = None,
    *,
    without: Container[str] = (),
    runner: Runner | None = None,
    early: EarlyScores | None = None,
) -> Scores:
    """Fit every strategy on every part and collect the scores.

    Args:
        plan: Rows, strategies and learners.
        parts: Outer splits of whole repeats.
        progress: Called with a sentence and the share done.
        without: Names of strategies that are left out.
        runner: Who does the fits; this process if None.
        early: Who tells what the arms are worth so far, or None.

    Raises:
        EquipoiseError: The baseline cannot be fitted; or any strategy, without one.
    """
    strategies = [s for s in plan.strategies if s.name not in without]
    scores = _Collected.of(plan, parts, [s.name for s in strategies])
    shards = make_shards(plan, parts, strategies)
    for result in (runner or LocalRunner()).run(plan, shards, progress):
        if isinstance(result, StrategyFailure):
            scores.failed[result.name] = result.reason
        else:
            scores.add(result)
            if early is not None:
                early.take(result, scores.parts[result.job.part][1])
    return scores.whole()


@dataclass(frozen=True, eq=False)
class _Collected:
    """The scores of some parts while they come in.

    Attributes:
        table: The rows of the trial.
        parts: By number, the place among the parts, and the part.
        log_odds: Arm -> `[repeats, rows, width]`.
        extra: Arm -> `[parts, test rows, width]`.
        seconds: Arm -> seconds.
        updates: Arm -> mean number of updates.
        scorers: Arm -> fitted models.
        epochs: Arm of networks -> by fit, the best epoch and the last.
        idle: Arm -> what had no effect, and in how many fits.
        tuning: Tuned arm -> what was chosen, part by part.
        notes: What learners had to say.
        groups: Sizes of the groups of networks.
        failed: Arm -> why it gave no scores.
        shares: Arm -> which share of each class its fits learned from.
    """

    table: Table
    parts: Mapping[int, tuple[int, Part]]
    log_odds: dict[str, FloatArray]
    extra: dict[str, FloatArray]
    seconds: dict[str, float]
    updates: dict[str, float]
    scorers: dict[str, list[Scorer]]
    epochs: dict[str, list[tuple[int, int]]]
    idle: dict[str, Counter[str]]
    tuning: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    groups: dict[tuple[int, ...], None] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    shares: dict[str, list[KeptShares]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, plan: TrialPlan, parts: Sequence[Part], names: Sequence[str]
    ) -> _Collected:
        """Make room for what the fits of some arms on some parts give."""
        shape = len({part.repeat for part in parts}), len(plan.table)
        width = plan.table.task.width
        test_rows = 0 if plan.test_table is None else len(plan.test_table)
        return cls(
            plan.table,
            {part.number: (place, part) for place, part in enumerate(parts)},
            {name: np.full((*shape, width), np.nan) for name in names},
            {name: np.full((len(parts), test_rows, width), np.nan) for name in names},
            dict.fromkeys(names, 0.0),
            dict.fromkeys(names, 0.0),
            {name: [] for name in names},
            {name: [] for name in names},
            {name: Counter() for name in names},
        )

    def add(self, outcome: Outcome) -> None:
        """Take what one job gave."""
        job = outcome.job
        name = job.strategy.name
        place, part = self.parts[job.part]
        first = min(p.repeat for _, p in self.parts.values())
        tested = len(part.test)
        self.log_odds[name][part.repeat - first, part.test] = outcome.log_odds[:tested]
        self.extra[name][place] = outcome.log_odds[tested:]
        self.seconds[name] += outcome.seconds
        self.updates[name] += outcome.updates / len(self.parts)
        if outcome.scorer is not None:
            self.scorers[name].append(outcome.scorer)
        if job.shares is not None:
            self.shares.setdefault(name, []).append(job.shares)
        if outcome.tuning is not None:
            self.tuning.setdefault(name, []).append(outcome.tuning)
        if outcome.groups:
            self.groups[outcome.groups] = None
        if job.strategy.learner_record.trains_networks:
            self.epochs[name].append((outcome.best_epoch, outcome.limit))
        self.notes.update(dict.fromkeys(f"{name}: {note}" for note in outcome.notes))
        idle = idle_parts(job.strategy, job.totals(self.table, job.train_rows))
        self.idle[name].update(dict.fromkeys([*idle, *outcome.idle], 1))

    def whole(self) -> Scores:
        """Return the scores, once all fits are done."""
        names = [name for name in self.log_odds if name not in self.failed]
        notes = dict(self.notes)
        for name in names:
            texts = stopping_notes(self.epochs[name])
            notes.update(dict.fromkeys(f"{name}: {text}" for text in texts))
        parts = [part for _, part in self.parts.values()]
        repeats = len({part.repeat for part in parts})
        trained = np.array([len(part.train) + len(part.stop) for part in parts])
        return Scores(
            log_odds={name: self.log_odds[name] for name in names},
            folds=fold_numbers(parts, len(self.table), repeats),
            extra={name: self.extra[name] for name in names},
            seconds={name: self.seconds[name] for name in names},
            updates={name: self.updates[name] for name in names},
            scorers={name: tuple(self.scorers[name]) for name in names},
            notes=tuple(notes),
            groups=tuple(self.groups),
            failed=self.failed,
            idle={name: self.idle[name] for name in names},
            tuning={k: tuple(v) for k, v in self.tuning.items() if k in names},
            trained=trained.reshape(repeats, -1),
            shares={k: tuple(v) for k, v in self.shares.items() if k in names},
        )


def stopping_notes(epochs: Sequence[tuple[int, int]]) -> list[str]:
    """Say that early stopping has not moved from the start, or was cut short.

    Args:
        epochs: By fit, the epoch that was kept and the last that was allowed, or 0.

    Example:
        >>> print(stopping_notes([(1, 100), (1, 100), (7, 100)])[0])
        in 2 of 3 fits no epoch was better than the first: the network learned almost
        nothing, or stopped before it began to learn. Try it with more patience,
        training=equipoise.training.TrainingSettings(patience=50), or with another
        learning rate, equipoise.Strategy(options={"learning_rate": 0.003}).
    """
    first = sum(best == 1 for best, _ in epochs)
    last = sum(best == limit > 1 for best, limit in epochs)
    rate = 'equipoise.Strategy(options={"learning_rate": 0.003})'
    notes = []
    if epochs and first >= MOST_STUCK * len(epochs):
        notes.append(
            f"in {first} of {len(epochs)} fits no epoch was better than the first: the "
            "network learned almost nothing, or stopped before it began to learn. Try "
            "it with more patience, training=equipoise.training.TrainingSettings("
            f"patience=50), or with another learning rate, {rate}."
        )
    if epochs and last >= MOST_STUCK * len(epochs):
        longer = 10 * max(limit for _, limit in epochs)
        notes.append(
            f"in {last} of {len(epochs)} fits the last epoch was the best: training "
            "ended at its limit while the network was still improving. Try it with "
            f"training=equipoise.training.TrainingSettings(epochs={longer}), or with a "
            f"larger learning rate, {rate}."
        )
    return notes


def join(first: Scores, second: Scores) -> Scores:
    """Return the scores of two runs of the same arms over different repeats.

    An arm that failed in one of them has failed.
    """
    arms = [name for name in first.log_odds if name in second.log_odds]

    def stack(
        a: Mapping[str, FloatArray], b: Mapping[str, FloatArray]
    ) -> dict[str, FloatArray]:
        return {name: np.concatenate([a[name], b[name]]) for name in arms}

    share = first.repeats / (first.repeats + second.repeats)
    return Scores(
        log_odds=stack(first.log_odds, second.log_odds),
        folds=np.concatenate([first.folds, second.folds]),
        extra=stack(first.extra, second.extra),
        seconds={k: first.seconds[k] + second.seconds[k] for k in arms},
        updates={
            k: share * first.updates[k] + (1 - share) * second.updates[k] for k in arms
        },
        scorers={k: first.scorers[k] + second.scorers[k] for k in arms},
        notes=tuple(dict.fromkeys([*first.notes, *second.notes])),
        groups=tuple(dict.fromkeys([*first.groups, *second.groups])),
        failed={**first.failed, **second.failed},
        idle={
            k: Counter(first.idle.get(k, {})) + Counter(second.idle.get(k, {}))
            for k in arms
        },
        tuning={
            k: (*first.tuning[k], *second.tuning[k]) for k in arms if k in first.tuning
        },
        shares={
            k: (*first.shares[k], *second.shares[k]) for k in arms if k in first.shares
        },
        trained=None
        if first.trained is None or second.trained is None
        else np.concatenate([first.trained, second.trained]),
    )
