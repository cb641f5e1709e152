# SPDX-License-Identifier: Apache-2.0
"""Sampling and synthesis for learners that take all their rows at once.

Networks draw rows for each batch. Other learners are given rows that the same sampler
draws once, in the same shares, so the correction is the same; a synthesis puts examples
between them, which become rows of the table again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equipoise._core.seeds import derive
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.encoding.encoding import Encoding, learn_encoding
from equipoise.jobs import Job, Learner, Outcome, Progress
from equipoise.learners.resampled.sampler_view import sampler_view
from equipoise.sampling.classes import Classes
from equipoise.sampling.draw import Draw
from equipoise.sampling.groups import GroupBalanced
from equipoise.sampling.once import draws_at, draws_of
from equipoise.strategies.by_task import present_classes, require_enough, require_task
from equipoise.synthesis.synthesis import Neighbours
from equipoise.table.table import Table, concatenate
from equipoise.task import Task

Votes = dict[str, IntArray]
"""By categorical column, `[rows]` a row that has the category of a made row."""


@dataclass(frozen=True)
class DrawnLearner:
    """Draws each job's training rows once and hands them to another learner.

    Attributes:
        learner: Who learns from them.
    """

    learner: Learner

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        Raises:
            InputError: A training part lacks a class.
        """
        for job in jobs:
            require_task(job.strategy, table.task)
        for done, job in enumerate(jobs, start=1):
            start = time.perf_counter()
            rows, made, notes = drawn_job(table, job)
            (outcome,) = self.learner.run(rows, [made], keep=keep)
            yield replace(
                outcome,
                job=job,
                notes=(*notes, *outcome.notes),
                idle=(*made.strategy.idle_draws, *outcome.idle),
                seconds=time.perf_counter() - start,
            )
            if progress is not None:
                text = f"{job.strategy.name}: fit {done} of {len(jobs)}"
                progress(text, done / len(jobs))


def drawn_job(table: Table, job: Job) -> tuple[Table, Job, tuple[str, ...]]:
    """Return a table of the drawn, the stop and the scored rows, and the job on it.

    Args:
        table: The rows that the job indexes.
        job: What is to be fitted; its strategy names a sampling.

    Returns:
        The table, the job, and what the user should know.

    Raises:
        InputError: The training part lacks a class.
    """
    job = replace(job, strategy=job.strategy.drawing(table, job.train_rows))
    part = table.take(job.train_rows).bare()
    totals = job.totals(table, job.train_rows)
    draw, votes, notes = _draw(part, job, totals)
    rest = table.take(np.concatenate([job.stop_rows, job.scored_rows]))
    rows = concatenate([drawn_rows(part, draw, votes), rest.bare()])
    count = draw.index.size
    weights = _weights(part, job, draw)
    if weights is not None:
        others = job.weights(np.concatenate([job.stop_rows, job.scored_rows]))
        weights = np.concatenate([weights, others])
    ends = np.cumsum([count, len(job.stop_rows), len(job.scored_rows)])
    train, stop, scored = np.split(np.arange(ends[-1]), ends[:-1])
    made = replace(
        job,
        train_rows=train,
        stop_rows=stop,
        scored_rows=scored,
        part=0,
        row_weights=weights,
        drawn_from=totals,
    )
    return rows, made, notes


def drawn_rows(part: Table, draw: Draw, votes: Votes | None = None) -> Table:
    """Return the rows of a draw as a table, without groups and times.

    A made row lies on the line between two rows in the space in which networks see
    them; each of its categories is that of a vote, or else of the nearer one.

    Args:
        part: The training rows.
        draw: Positions in them, in any shape; partners are of the same class.
        votes: By categorical column, for each of the training rows one that has the
            category of what is made from it.
    """
    index = draw.index.ravel()
    rows = part.take(index)
    if draw.partner is None or draw.mix is None:
        return rows
    partner, mix = draw.partner.ravel(), draw.mix.ravel().astype(np.float64)
    noise = draw.noise
    between = np.flatnonzero((mix > 0) & ((partner != index) | (noise is not None)))
    if not len(between):
        return rows
    view = sampler_view(part)
    one, other = view.matrix[index[between]], view.matrix[partner[between]]
    x = one + mix[between, None] * (other - one)
    if noise is not None:
        scale = noise.deviations(view.matrix)[noise.of[index[between]]]
        x = x + noise.normals(between, x.shape[1]) * scale
    labels = part.labels()[index[between]]
    if draw.labels is not None:
        labels = draw.labels.reshape(len(index), -1)[between]
    made = view.restore(x, labels)
    voters = {name: rows[index[between]] for name, rows in (votes or {}).items()}
    made = replace(
        made,
        columns=tuple(
            part[c.name].take(voters[c.name]) if c.name in voters else c
            for c in made.columns
        ),
    )
    order = np.arange(len(rows))
    order[between] = len(rows) + np.arange(len(between))
    return concatenate([rows, made]).take(order)


def _draw(
    part: Table, job: Job, totals: FloatArray
) -> tuple[Draw, Votes, tuple[str, ...]]:
    """Return which of the training rows are drawn, `[1, rows]`, votes, and notes."""
    task, y = part.task, part.labels()
    sampler = job.strategy.sampler()
    if task.kind != "binary":
        require_enough(task, totals)
    groups = Classes.of(y, len(task.classes))
    groups.require_both(sampler.name)
    shares = np.asarray(sampler.prior(groups.totals), np.float64)
    count = draws_of(groups.totals, shares, sampler.repeats_positives)
    if isinstance(sampler, GroupBalanced):
        count = draws_at(sampler.rates(y, len(task.classes)))
    seed = derive(job.seed, "drawn")
    draw = sampler.draw(
        y, batch=count, steps=1, seed=seed, epoch=0, classes=len(task.classes)
    )
    absent = _absent(task, totals, y, draw.index.ravel())
    if len(absent):
        draw = Draw(np.append(draw.index, absent[None], axis=1).astype(np.int32))
    synthesis, said = job.strategy.synthesizer(), job.strategy.draw_notes
    if synthesis is None:
        return draw, {}, said
    encoding = learn_encoding(part, np.arange(len(part)))
    encoded = encoding.transform(part)
    names = task.kind == "multiclass" or synthesis.relabels
    named: Any = {"classes": task.classes} if names else {}
    neighbours = synthesis.prepare(encoded.numbers, encoded.codes, y, seed, **named)
    made = synthesis.mix(draw, neighbours, y, seed, 0)
    return made, _votes(encoding, neighbours), (*said, *neighbours.notes)


def _votes(encoding: Encoding, neighbours: Neighbours) -> Votes:
    """Return where the categories of made rows are, by column."""
    if neighbours.voters is None:
        return {}
    rows = np.arange(len(neighbours.of))
    lines = neighbours.voters[np.maximum(neighbours.of, 0)]
    return {
        category.column: np.where(neighbours.of >= 0, lines[:, place], rows)
        for place, category in enumerate(encoding.categories)
    }


def _absent(task: Task, totals: FloatArray, y: AnyArray, index: AnyArray) -> IntArray:
    """Return a row of each class, or side of a label, that was not drawn but is there.

    What learns needs one of each.
    """
    if task.kind != "multilabel":
        missing = np.setdiff1d(np.unique(y), y[index])
        return np.array([np.argmax(y == each) for each in missing], np.int64)
    rows = [
        int(np.argmax(y[:, label] == side))
        for label in np.flatnonzero(present_classes(task, totals))
        for side in (0, 1)
        if not (y[index, label] == side).any()
    ]
    return np.unique(np.array(rows, np.int64))


def _weights(part: Table, job: Job, draw: Draw) -> FloatArray | None:
    """Return how much each drawn row counts; None for 1 each."""
    importance = job.strategy.importance(part.labels(), len(part.task.classes))
    if job.row_weights is None and importance is None:
        return None
    each = job.weights(job.train_rows)
    if importance is not None:
        each = each * importance
    index = draw.index.ravel()
    if draw.partner is None or draw.mix is None:
        return np.asarray(each[index])
    share = draw.mix.ravel()
    return np.asarray(each[index] + share * (each[draw.partner.ravel()] - each[index]))
