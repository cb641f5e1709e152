# SPDX-License-Identifier: Apache-2.0
"""The learner of tuned strategies: a search in each training part, then a fit."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise._core.checks import sentence
from equipoise.errors import InputTypeError
from equipoise.jobs import Job, Learner, Outcome, Progress, scaled
from equipoise.learners.network import NetworkLearner
from equipoise.learners.tuned.candidates import TuningResult, choose
from equipoise.learners.tuned.halving import SearchedPart, halved_scores
from equipoise.learners.tuned.memory import SearchMemory, learner_facts
from equipoise.learners.tuned.proposed import proposed_scores, require_optuna
from equipoise.networks.catalogue import network
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.table import Table
from equipoise.training.checkpoints import CheckpointStore
from equipoise.training.members import RECIPE_OPTIONS

BLOCK_ROWS = 2_000_000
"""Rows of training parts that are searched at once, about."""

SEARCH_SHARE = 0.9
"""Share of the work that the search is, for progress."""


@dataclass(frozen=True, eq=False)
class TunedLearner:
    """Searches the options of each job's strategy in its training part, then fits it.

    Attributes:
        learner: Who fits the candidates and the choice. Networks of ours are trained
            as populations and halved; the candidates of other learners are proposed by
            Optuna, and fitted by what `learner.for_search()` returns if it has that
            method: a lighter learner, whose options mean the same.
        folder: Where choices are kept, so that a trial that is interrupted does not
            search them again; None keeps none.
    """

    learner: Learner
    folder: str | os.PathLike[str] | None = None

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job, in the order of the jobs.

        `Outcome.tuning` says what was chosen; `Outcome.seconds` holds the search.

        Args:
            table: The rows that all jobs index.
            jobs: Their strategies are tuned.
            keep: Whether each outcome carries its fitted model.
            progress: Called now and then.

        Raises:
            InputTypeError: A strategy is not tuned.
            MissingExtraError: Optuna is needed and not installed.
            SplitError: A training part has too few rows for the inner folds.
            TrainingError: The strategy as it is, or the choice, met a number that is
                not finite.
        """
        report = progress or (lambda text, share: None)
        if not isinstance(self.learner, NetworkLearner):
            require_optuna()
        chosen: dict[int, TuningResult] = {}
        by_strategy: dict[str, list[int]] = {}
        for place, job in enumerate(jobs):
            by_strategy.setdefault(job.strategy.name, []).append(place)
        done = 0
        for places in by_strategy.values():
            each = SEARCH_SHARE / len(jobs)
            step = scaled(report, each * done, each * len(places))
            results = self._search(table, [jobs[place] for place in places], step)
            chosen.update(zip(places, results, strict=True))
            done += len(places)
        final = [
            dataclasses.replace(job, strategy=_chosen(job, chosen[place]))
            for place, job in enumerate(jobs)
        ]
        outcomes = self.learner.run(
            table,
            final,
            keep=keep,
            progress=scaled(report, SEARCH_SHARE, 1 - SEARCH_SHARE),
        )
        for place, outcome in enumerate(outcomes):
            yield dataclasses.replace(
                outcome,
                job=jobs[place],
                seconds=outcome.seconds + chosen[place].seconds,
                tuning=chosen[place].to_dict(),
            )

    def as_one_run(self, table: Table, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return outcomes of several runs with the groups that one run would have.

        Args:
            table: The rows that all jobs index.
            outcomes: In the order of the jobs.
        """
        if not isinstance(self.learner, NetworkLearner):
            return list(outcomes)
        final = []
        for outcome in outcomes:
            values = (outcome.tuning or {}).get("values")
            tuned = _tuned(outcome.job)
            chosen = tuned.candidate(values) if values else tuned.default
            final.append(dataclasses.replace(outcome.job, strategy=chosen))
        sizes = self.learner.group_sizes(table, final)
        return [
            dataclasses.replace(outcome, groups=groups)
            for outcome, groups in zip(outcomes, sizes, strict=True)
        ]

    def _search(
        self, table: Table, jobs: Sequence[Job], progress: Progress
    ) -> list[TuningResult]:
        """Return what was chosen in each training part of one strategy."""
        tuned = _tuned(jobs[0])
        memory = SearchMemory(
            None if self.folder is None else CheckpointStore(self.folder),
            table,
            learner_facts(self.learner),
        )
        results = {place: memory.recall(job) for place, job in enumerate(jobs)}
        missing = [place for place, result in results.items() if result is None]
        blocks = _blocks(jobs, missing)
        for number, places in enumerate(blocks):
            start = time.monotonic()
            step = scaled(progress, number / len(blocks), 1 / len(blocks))
            block = [jobs[place] for place in places]
            parts = [SearchedPart.of(table, job, tuned.folds) for job in block]
            search = (
                self._halved
                if isinstance(self.learner, NetworkLearner)
                else self._proposed
            )
            made = search(table, tuned, parts, step)
            each = (time.monotonic() - start) / len(block)
            made = [dataclasses.replace(one, seconds=each) for one in made]
            memory.keep(block, made)
            results.update(zip(places, made, strict=True))
        return [result for result in results.values() if result is not None]

    def _halved(
        self,
        table: Table,
        tuned: Tuned,
        parts: Sequence[SearchedPart],
        progress: Progress,
    ) -> list[TuningResult]:
        learner: Any = self.learner  # networks of ours: `_search` asks
        linear = not network(learner.network).hidden
        hidden = [name for name in RECIPE_OPTIONS if name != "weight_decay"]
        values = tuned.design(hidden if linear else ())
        candidates = [tuned.default, *(tuned.candidate(each) for each in values)]
        epochs = learner.settings.epochs

        def report(epoch: int, left: int) -> None:
            progress(f"{tuned.name}: epoch {epoch}, {left} networks", epoch / epochs)

        scores = halved_scores(table, parts, candidates, learner, report)
        return [
            choose(
                part.rows,
                each,
                {c: part.correction(candidates[c]) for c in each},
                values,
            )
            for part, each in zip(parts, scores, strict=True)
        ]

    def _proposed(
        self,
        table: Table,
        tuned: Tuned,
        parts: Sequence[SearchedPart],
        progress: Progress,
    ) -> list[TuningResult]:
        def report(done: int, of: int) -> None:
            progress(f"{tuned.name}: candidate {done} of {of}", done / of)

        lighter = getattr(self.learner, "for_search", None)
        learner = self.learner if lighter is None else lighter()
        studies = proposed_scores(table, parts, tuned, learner, report)
        results = []
        for study in studies:
            part = study.part
            candidates = [tuned.default, *map(tuned.candidate, study.values)]
            corrections = {c: part.correction(candidates[c]) for c in study.scores}
            results.append(choose(part.rows, study.scores, corrections, study.values))
        return results


def _chosen(job: Job, result: TuningResult) -> Strategy:
    tuned = _tuned(job)
    return tuned.candidate(result.values) if result.values else tuned.default


def _tuned(job: Job) -> Tuned:
    if not isinstance(job.strategy, Tuned):
        raise InputTypeError(
            sentence(f"the strategy {job.strategy!r}", "one made by equipoise.Tuned")
        )
    return job.strategy


def _blocks(jobs: Sequence[Job], places: Sequence[int]) -> list[list[int]]:
    """Return the places of jobs in blocks that fit into memory."""
    blocks: list[list[int]] = []
    rows = BLOCK_ROWS
    for place in places:
        size = len(jobs[place].train_rows) + len(jobs[place].stop_rows)
        if rows + size > BLOCK_ROWS:
            blocks.append([])
            rows = 0
        blocks[-1].append(place)
        rows += size
    return blocks
