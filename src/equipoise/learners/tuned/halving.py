# SPDX-License-Identifier: Apache-2.0
"""Successive halving inside the population: candidates of all parts as one program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.learners.tuned.candidates import JudgedRows, survivors
from equipoise.learners.tuned.inner import (
    InnerFold,
    inner_folds,
    inner_job,
    inner_judged_rows,
)
from equipoise.networks.catalogue import network
from equipoise.networks.layout import common_layout
from equipoise.priors import Correction
from equipoise.strategies.by_task import fitted_correction
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.training.average import average_log_odds
from equipoise.training.encoded_store import encode_parts
from equipoise.training.grouping import plan_groups
from equipoise.training.members import make_members, spec_of

if TYPE_CHECKING:  # it loads TensorFlow, which a search does when it runs
    from equipoise.training.population import Population

RUNGS = (3, 9, 27)
"""The epochs after which candidates are compared and most of them dropped."""

SHARE = 3
"""One in so many goes on."""


@dataclass(frozen=True, eq=False)
class SearchedPart:
    """One training part with its inner folds.

    Attributes:
        job: The outer fit.
        folds: Its inner folds.
        rows: By what its candidates are judged.
        totals: As `Task.totals`, of its training rows.
    """

    job: Job
    folds: Sequence[InnerFold]
    rows: JudgedRows
    totals: FloatArray

    @classmethod
    def of(cls, table: Table, job: Job, folds: int) -> SearchedPart:
        """Return the training part of a job, divided into inner folds.

        Args:
            table: The rows that the job indexes.
            job: The outer fit.
            folds: How many inner folds.

        Raises:
            SplitError: There are too few rows of a class for so many.
        """
        inner = inner_folds(table, job, folds)
        totals = job.totals(table, job.train_rows)
        return cls(job, inner, inner_judged_rows(table, job, inner), totals)

    def correction(self, candidate: Strategy) -> Correction:
        """Return the correction of a candidate; whether it is exact is what counts."""
        return fitted_correction(candidate, self.rows.task, self.totals)


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a member belongs: part, candidate and inner fold by number."""

    part: int
    candidate: int
    fold: int


def halved_scores(
    table: Table,
    parts: Sequence[SearchedPart],
    candidates: Sequence[Strategy],
    learner: NetworkLearner,
    report: Callable[[int, int], None],
) -> list[dict[int, FloatArray]]:
    """Train candidates on the inner folds; drop most of them on the way.

    All candidates of all parts with equal hidden layers are one program. The inner
    folds of a candidate go on or are dropped together, part by part.

    Args:
        table: The rows that the parts index.
        parts: The training parts.
        candidates: Number 0 is the strategy as it is, which always goes on.
        learner: Who trains the networks. A candidate is one network, where the
            recipe averages several copies.
        report: Called with the epoch and the number of networks that learn.

    Returns:
        For each part, by candidate that was trained to its end, its scores
        `[judged rows, width]`.
    """
    search = _Search.of(table, parts, candidates, learner)
    epochs = learner.settings.epochs
    alive = [list(range(len(candidates))) for _ in parts]
    for rung in (*(r for r in RUNGS if r < epochs), epochs):
        search.run_to(rung, report)
        if rung == epochs:
            break
        for number, part in enumerate(parts):
            losses = {
                c: part.rows.mean(part.rows.losses(z, part.correction(candidates[c])))
                for c, z in search.scores(number, alive[number]).items()
            }
            others = len(alive[number]) - 1
            staying = survivors(losses, max(1, -(-others // SHARE)))
            search.drop(number, set(alive[number]) - set(staying))
            alive[number] = staying
    return [search.scores(number, left) for number, left in enumerate(alive)]


@dataclass(frozen=True, eq=False)
class _Search:
    """The populations of a search, and where each member belongs."""

    parts: Sequence[SearchedPart]
    populations: Sequence[Population]
    places: Sequence[Sequence[_Place]]

    @classmethod
    def of(
        cls,
        table: Table,
        parts: Sequence[SearchedPart],
        candidates: Sequence[Strategy],
        learner: NetworkLearner,
    ) -> _Search:
        from equipoise.training.population import Population

        base = dataclasses.replace(network(learner.network), copies=1)
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for number, candidate in enumerate(candidates):
            hidden = spec_of(candidate, base).hidden
            by_shape.setdefault(hidden, []).append(number)
        populations, all_places = [], []
        for hidden, numbers in by_shape.items():
            spec = dataclasses.replace(base, hidden=hidden)
            common = common_layout(table, spec)
            jobs, belongs = _inner_jobs(parts, candidates, numbers)
            members = make_members(jobs, encode_parts(table, jobs, common), spec)
            for group in plan_groups(members, spec, common, learner.settings):
                chosen = [members[place] for place in group.members]
                populations.append(
                    Population(chosen, spec, common, learner.settings, forgiving=True)
                )
                all_places.append([belongs[member.job] for member in chosen])
        return cls(parts, populations, all_places)

    def run_to(self, epoch: int, report: Callable[[int, int], None]) -> None:
        """Train every population up to an epoch."""
        for population in self.populations:
            while not population.done and population.now.epoch < epoch:
                population.run_epoch()
                left = sum(len(each.now.active) for each in self.populations)
                report(population.now.epoch, left)

    def drop(self, part: int, candidates: set[int]) -> None:
        """Let the networks of some candidates of a part leave."""
        for population, places in zip(self.populations, self.places, strict=True):
            population.drop(
                [
                    member
                    for member, place in enumerate(places)
                    if place.part == part and place.candidate in candidates
                ]
            )

    def scores(self, part: int, candidates: Sequence[int]) -> dict[int, FloatArray]:
        """Return the scores of some candidates on the judged rows of a part."""
        asked = set(candidates)
        by_fold: dict[tuple[int, int], list[FloatArray]] = {}
        for population, places in zip(self.populations, self.places, strict=True):
            which = [
                member
                for member, place in enumerate(places)
                if place.part == part and place.candidate in asked
            ]
            if not which:
                continue
            for member, scores in zip(
                which, population.best_scores(which), strict=True
            ):
                place = places[member]
                by_fold.setdefault((place.candidate, place.fold), []).append(scores)
        link = self.parts[part].rows.task.link
        folds = range(len(self.parts[part].folds))
        return {
            c: np.concatenate([average_log_odds(by_fold[c, f], link) for f in folds])
            for c in sorted(asked)
        }


def _inner_jobs(
    parts: Sequence[SearchedPart],
    candidates: Sequence[Strategy],
    numbers: Sequence[int],
) -> tuple[list[Job], list[_Place]]:
    jobs, belongs = [], []
    for number, part in enumerate(parts):
        for fold, rows in enumerate(part.folds):
            for c in numbers:
                place = number * len(part.folds) + fold
                jobs.append(inner_job(candidates[c], part.job, rows, place))
                belongs.append(_Place(number, c, fold))
    return jobs, belongs
