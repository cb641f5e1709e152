# SPDX-License-Identifier: Apache-2.0
"""The scores of a trial: every arm on every fold of every repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from equipoise.learners.registry import learner_for
from equipoise.strategies.jobs import Job, Learner, Outcome, Progress, Scorer
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import FloatArray, IntArray, Table
from equipoise.workflows.plan import Part, fold_numbers, jobs


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
    """

    log_odds: Mapping[str, FloatArray]
    folds: IntArray
    extra: Mapping[str, FloatArray]
    seconds: Mapping[str, float]
    updates: Mapping[str, float]
    scorers: Mapping[str, tuple[Scorer, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=())
    groups: tuple[tuple[int, ...], ...] = ()

    @property
    def repeats(self) -> int:
        """The number of repeats."""
        return len(self.folds)

    @property
    def tested(self) -> npt.NDArray[np.bool_]:
        """Which rows every repeat tests, `[rows]`; by time the first are not."""
        return np.asarray((self.folds >= 0).all(axis=0))


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
    """
    extra_rows = np.arange(rows, len(table))
    repeats = len({part.repeat for part in parts})
    first = min(part.repeat for part in parts)
    log_odds = {s.name: np.full((repeats, rows), np.nan) for s in strategies}
    extra = {s.name: np.full((len(parts), len(extra_rows)), np.nan) for s in strategies}
    seconds = dict.fromkeys(log_odds, 0.0)
    updates = dict.fromkeys(log_odds, 0.0)
    scorers: dict[str, list[Scorer]] = {name: [] for name in log_odds}
    notes: dict[str, None] = {}
    groups: dict[tuple[int, ...], None] = {}
    number = {part.number: (i, part) for i, part in enumerate(parts)}
    planned = partial(jobs, parts, extra=extra_rows, weights=weights)
    for outcome in _outcomes(table, planned, strategies, learner, keep, progress):
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
        notes.update(dict.fromkeys(f"{name}: {note}" for note in outcome.notes))
    folds = fold_numbers(parts, rows, repeats)
    kept = {name: tuple(found) for name, found in scorers.items()}
    return Scores(
        log_odds, folds, extra, seconds, updates, kept, tuple(notes), tuple(groups)
    )


def join(first: Scores, second: Scores) -> Scores:
    """Return the scores of two runs of the same arms over different repeats."""

    def stack(
        a: Mapping[str, FloatArray], b: Mapping[str, FloatArray]
    ) -> dict[str, FloatArray]:
        return {name: np.concatenate([a[name], b[name]]) for name in a}

    share = first.repeats / (first.repeats + second.repeats)
    return Scores(
        log_odds=stack(first.log_odds, second.log_odds),
        folds=np.concatenate([first.folds, second.folds]),
        extra=stack(first.extra, second.extra),
        seconds={k: first.seconds[k] + second.seconds[k] for k in first.seconds},
        updates={
            k: share * first.updates[k] + (1 - share) * second.updates[k]
            for k in first.updates
        },
        scorers={k: first.scorers[k] + second.scorers[k] for k in first.scorers},
        notes=tuple(dict.fromkeys([*first.notes, *second.notes])),
        groups=tuple(dict.fromkeys([*first.groups, *second.groups])),
    )


def _outcomes(
    table: Table,
    planned: Callable[[Sequence[Strategy]], list[Job]],
    strategies: Sequence[Strategy],
    find: Callable[[Strategy], Learner],
    keep: bool,
    progress: Progress | None,
) -> Iterator[Outcome]:
    """Hand each learner all of its jobs at once."""
    by_learner: dict[int, tuple[Learner, list[Strategy]]] = {}
    for strategy in strategies:
        learner = find(strategy)
        by_learner.setdefault(id(learner), (learner, []))[1].append(strategy)
    done = 0.0
    for learner, members in by_learner.values():
        share = len(members) / len(strategies)
        yield from learner.run(
            table,
            planned(members),
            keep=keep,
            progress=None if progress is None else scaled(progress, done, share),
        )
        done += share


def scaled(progress: Progress, start: float, share: float) -> Progress:
    """Return a progress call for a part of the work, from `start` on."""
    return lambda text, part: progress(text, start + share * part)
