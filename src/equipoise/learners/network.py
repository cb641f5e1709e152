# SPDX-License-Identifier: Apache-2.0
"""The network arms of a trial: all jobs at once, by the population engine."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import InputError
from equipoise.networks.catalogue import network
from equipoise.networks.layout import Layout, common_layout
from equipoise.networks.parameters import condense
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.jobs import Job, Outcome, Progress
from equipoise.table.table import Table
from equipoise.training.average import average_log_odds
from equipoise.training.data import Part, make_part
from equipoise.training.grouping import plan_groups
from equipoise.training.members import Member, make_members
from equipoise.training.population import Population, Report, train
from equipoise.training.scorer import NetworkScorer, stack_weights
from equipoise.training.settings import TrainingSettings


@dataclass(frozen=True)
class NetworkLearner:
    """Trains the networks of all jobs as one program.

    Attributes:
        network: A network's name, or a recipe.
        settings: How networks are trained.
    """

    network: str | NetworkSpec = "small"
    settings: TrainingSettings = field(default_factory=TrainingSettings)

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job, in the order of the jobs.

        Args:
            table: The rows that all jobs index.
            jobs: What is to be fitted.
            keep: Whether each outcome carries its fitted model.
            progress: Called after each epoch.

        Raises:
            InputError: A job's training rows hold one class only.
            TrainingError: A network met a number that is not finite.
        """
        table.require_binary("a network")
        spec = network(self.network)
        common = common_layout(table, spec)
        parts = _parts(table, jobs, common)
        members = make_members(jobs, parts, spec)
        groups = plan_groups(members, spec, common, self.settings)
        waiting = {place: _Collector(job) for place, job in enumerate(jobs)}
        for member in members:
            waiting[member.job].expected += 1
        following = 0
        for number, group in enumerate(groups):
            own = [members[place] for place in group.members]
            population = Population(own, spec, common, self.settings)
            report = _report(progress, number, len(groups), len(own), self.settings)
            start = time.monotonic()
            train(population, report)
            scores = population.scores()
            seconds = (time.monotonic() - start) / len(own)
            for place, member in enumerate(own):
                waiting[member.job].add(
                    member, population, place, scores[place], seconds
                )
            while following < len(jobs) and waiting[following].complete:
                yield waiting.pop(following).outcome(spec, common, keep)
                following += 1


@dataclass(eq=False)
class _Collector:
    """The networks of one job, as they come."""

    job: Job
    expected: int = 0
    found: list[tuple[int, Member, Population, int, np.ndarray]] = field(
        default_factory=list
    )
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        return len(self.found) == self.expected

    def add(
        self,
        member: Member,
        population: Population,
        place: int,
        scores: np.ndarray,
        seconds: float,
    ) -> None:
        self.found.append((member.copy, member, population, place, scores))
        self.seconds += seconds

    def outcome(self, spec: NetworkSpec, common: Layout, keep: bool) -> Outcome:
        found = sorted(self.found, key=lambda entry: entry[0])
        members = [entry[1] for entry in found]
        best = [
            int(population.patience.epoch[place])
            for _, _, population, place, _ in found
        ]
        notes = dict.fromkeys(
            note for m in members if m.neighbours for note in m.neighbours.notes
        )
        scorer = None
        if keep:
            part = members[0].part
            weights = stack_weights(
                [
                    condense(population.kept[place], spec, part.exact, common)
                    for _, _, population, place, _ in found
                ]
            )
            scorer = NetworkScorer(
                spec, part.encoding, part.exact, members[0].correction, weights
            )
        return Outcome(
            self.job,
            average_log_odds([entry[4] for entry in found]),
            self.seconds,
            sum(population.updates(place) for _, _, population, place, _ in found),
            round(float(np.mean(best))),
            scorer,
            tuple(notes),
        )


def _parts(table: Table, jobs: Sequence[Job], common: Layout) -> dict[int, Part]:
    parts: dict[int, Part] = {}
    for job in jobs:
        if job.part in parts:
            continue
        parts[job.part] = part = make_part(table, job, common)
        negatives, positives = part.counts()
        if not negatives or not positives:
            raise InputError(
                sentence(
                    f"{negatives} negatives and {positives} positives to train on in "
                    f"part {job.part}",
                    "at least one of each",
                    "Use fewer folds.",
                )
            )
    return parts


def _report(
    progress: Progress | None,
    number: int,
    groups: int,
    members: int,
    settings: TrainingSettings,
) -> Report | None:
    if progress is None:
        return None

    def report(epoch: int, left: int, seconds: float) -> None:
        share = max(epoch / settings.epochs, 1 - left / members)
        group = f"group {number + 1} of {groups}, " if groups > 1 else ""
        progress(
            f"{group}epoch {epoch}: {left} of {members} networks left, at most "
            f"{math.ceil(seconds)} s",
            (number + share) / groups,
        )

    return report
