# SPDX-License-Identifier: Apache-2.0
"""The scores of a trial: every arm on every fold of every repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import EquipoiseError
from equipoise.evaluation.estimand import SplitSizes
from equipoise.jobs import Job, Learner, Outcome, Progress, Scorer
from equipoise.learners.registry import learner_for
from equipoise.strategies.idle import idle_parts
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import (
    Table,
)
from equipoise.trials.protocol import Part, fold_numbers, jobs

MOST_STUCK = 0.5
"""An arm is named if the first, or the last, epoch was best in this share of fits."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What the fits of a trial gave.

    Attributes:
        log_odds: Arm -> `[repeats, rows]` out-of-fold corrected log-odds; NaN for
            a row that no fold tests.
        folds: `[repeats, rows]` fold numbers; -1 for a row that no fold tests.
        extra: Arm -> `[repeats * folds, extra rows]` log-odds of the test file's
            rows, one line per fitted model.
        seconds: Arm -> wall seconds over all its fits.
        updates: Arm -> mean number of optimiser steps (trees, iterations).
        scorers: Arm -> its fitted models, one per split, where they were kept.
        notes: What learners had to say, once each.
        groups: How the engine grouped networks into programs: the sizes of each
            run's groups, once each.
        failed: Arm -> why it gave no scores; such an arm is nowhere else.
        idle: Arm -> what had no effect, one sentence each, and in how many fits.
        blends: Arm that averages others -> the weight of each, learned on all rows
            that are tested; those without a weight are absent.
        trained: `[repeats, folds]` rows of each training part, those that decide when
            training stops among them; None if all rows of the other folds.
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
    trained: IntArray | None = None

    @property
    def repeats(self) -> int:
        """The number of repeats."""
        return len(self.folds)

    @property
    def tested(self) -> npt.NDArray[np.bool_]:
        """Which rows every repeat tests, `[rows]`; by time the first are not."""
        return np.asarray((self.folds >= 0).all(axis=0))

    def sizes(self, by: str) -> SplitSizes:
        """Return how many rows each split trained and tested on.

        Args:
            by: How the rows were split: "stratified", "group" or "time".
        """
        rows = self.folds.shape[1]
        tested = self.folds[:, self.tested]
        return SplitSizes.of(tested, self.trained, rows, past=by == "time")


def run(
    table: Table,
    parts: Sequence[Part],
    strategies: Sequence[Strategy],
    *,
    rows: int,
    learner: Callable[[Strategy], Learner] = learner_for,
    keep: bool = False,
    weights: FloatArray | None = None,
    progress: Progress | None = None,
    baseline: str | None = None,
) -> Scores:
    """Fit every strategy on every part and collect the scores.

    Args:
        table: The rows; those from `rows` on are a test file's.
        parts: Outer splits of whole repeats.
        strategies: The arms, with different names.
        rows: How many rows belong to the trial itself.
        learner: Finds the learner of a strategy; the same one for all that share it.
        keep: Whether the fitted models are kept.
        weights: `[rows of the table]` how much each row counts; None for 1 each.
        progress: Called with a sentence and the share done.
        baseline: The arm that the others are compared with. If it is named, an error
            in another arm ends that arm alone: its reason is in `Scores.failed`.

    Raises:
        EquipoiseError: The baseline cannot be fitted; or any arm, without one.
    """
    extra_rows = np.arange(rows, len(table))
    repeats = len({part.repeat for part in parts})
    first = min(part.repeat for part in parts)
    log_odds = {s.name: np.full((repeats, rows), np.nan) for s in strategies}
    extra = {s.name: np.full((len(parts), len(extra_rows)), np.nan) for s in strategies}
    seconds = dict.fromkeys(log_odds, 0.0)
    updates = dict.fromkeys(log_odds, 0.0)
    scorers: dict[str, list[Scorer]] = {name: [] for name in log_odds}
    stopped: dict[str, list[tuple[int, int]]] = {name: [] for name in log_odds}
    notes: dict[str, None] = {}
    idle: dict[str, Counter[str]] = {name: Counter() for name in log_odds}
    groups: dict[tuple[int, ...], None] = {}
    number = {part.number: (i, part) for i, part in enumerate(parts)}
    planned = partial(jobs, parts, extra=extra_rows, weights=weights)
    failed: dict[str, str] = {}
    work = _Work(table, planned, len(parts), learner, keep, baseline, failed)
    for outcome in work.outcomes(strategies, progress):
        i, part = number[outcome.job.part]
        name = outcome.job.strategy.name
        own = len(part.test)
        log_odds[name][part.repeat - first, part.test] = outcome.log_odds[:own]
        extra[name][i] = outcome.log_odds[own:]
        seconds[name] += outcome.seconds
        updates[name] += outcome.updates / len(parts)
        if outcome.scorer is not None:
            scorers[name].append(outcome.scorer)
        if outcome.groups:
            groups[outcome.groups] = None
        if outcome.job.strategy.learner_record.trains_networks:
            stopped[name].append((outcome.best_epoch, outcome.limit))
        notes.update(dict.fromkeys(f"{name}: {note}" for note in outcome.notes))
        known = idle_parts(
            outcome.job.strategy,
            *outcome.job.totals(table.labels(), outcome.job.train_rows),
        )
        idle[name].update(dict.fromkeys([*known, *outcome.idle], 1))
    for name, epochs in stopped.items():
        if name not in failed:
            notes.update(dict.fromkeys(f"{name}: {n}" for n in stopping_notes(epochs)))
    folds = fold_numbers(parts, rows, repeats)
    kept = {name: tuple(fitted) for name, fitted in scorers.items()}
    for by_arm in (log_odds, extra, seconds, updates, kept, idle):
        for name in failed:
            del by_arm[name]
    return Scores(
        log_odds,
        folds,
        extra,
        seconds,
        updates,
        kept,
        tuple(notes),
        tuple(groups),
        failed,
        idle,
        trained=np.array([len(p.train) + len(p.stop) for p in parts]).reshape(
            repeats, -1
        ),
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
        trained=None
        if first.trained is None or second.trained is None
        else np.concatenate([first.trained, second.trained]),
    )


@dataclass(frozen=True, eq=False)
class _Work:
    """The fits of a run, arm by arm.

    Attributes:
        table: The rows that all jobs index.
        planned: Gives the jobs of some arms, arm by arm.
        parts: The number of jobs of an arm.
        learner: Finds the learner of a strategy.
        keep: Whether the fitted models are kept.
        baseline: As in `run`.
        failed: Takes why an arm gave no scores.
    """

    table: Table
    planned: Callable[[Sequence[Strategy]], list[Job]]
    parts: int
    learner: Callable[[Strategy], Learner]
    keep: bool
    baseline: str | None
    failed: dict[str, str]

    def outcomes(
        self, strategies: Sequence[Strategy], progress: Progress | None
    ) -> Iterator[Outcome]:
        """Hand each learner all of its jobs at once."""
        by_learner: dict[int, tuple[Learner, list[Strategy]]] = {}
        for strategy in strategies:
            learner = self.learner(strategy)
            by_learner.setdefault(id(learner), (learner, []))[1].append(strategy)
        done = 0.0
        for learner, members in by_learner.values():
            share = len(members) / len(strategies)
            call = None if progress is None else scaled(progress, done, share)
            yield from self._surviving(learner, members, call)
            done += share

    def _surviving(
        self, learner: Learner, arms: Sequence[Strategy], progress: Progress | None
    ) -> Iterator[Outcome]:
        """Yield what all arms give; if one fails, the others are fitted one by one."""
        waiting = [list(arms)]
        while waiting:
            group = waiting.pop(0)
            complete = 0
            try:
                for outcomes in self._by_arm(learner, group, progress):
                    complete += 1
                    yield from outcomes
            except EquipoiseError as error:
                open_arms = group[complete:]
                names = [arm.name for arm in open_arms]
                if self.baseline is None or names == [self.baseline]:
                    raise
                if len(open_arms) == 1:
                    self.failed[names[0]] = str(error)
                else:
                    waiting += [[arm] for arm in open_arms]

    def _by_arm(
        self, learner: Learner, arms: Sequence[Strategy], progress: Progress | None
    ) -> Iterator[list[Outcome]]:
        """Yield the outcomes of one arm after the other, each when all are there."""
        outcomes: list[Outcome] = []
        jobs = self.planned(arms)
        run = learner.run(self.table, jobs, keep=self.keep, progress=progress)
        for outcome in run:
            outcomes.append(outcome)
            if len(outcomes) == self.parts:
                yield outcomes
                outcomes = []


def scaled(progress: Progress, start: float, share: float) -> Progress:
    """Return a progress call for a part of the work, from `start` on."""
    return lambda text, part: progress(text, start + share * part)
