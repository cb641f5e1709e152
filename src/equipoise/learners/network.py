# SPDX-License-Identifier: Apache-2.0
"""The network arms of a trial: all jobs at once, by the population engine."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.memory import release_memory
from equipoise.errors import InputError
from equipoise.jobs import Job, Outcome, Progress, RowSupply, scaled
from equipoise.networks.catalogue import network
from equipoise.networks.layout import Layout, common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.by_task import absence_notes, present_classes, require_task
from equipoise.table.table import Table, class_counts
from equipoise.training.average import average_log_odds
from equipoise.training.checkpoints import CheckpointStore
from equipoise.training.encoded_store import encode_parts
from equipoise.training.grouping import Group, Seat, plan_groups, seat_groups
from equipoise.training.idle import idle_in_training
from equipoise.training.members import Member, make_members, spec_of
from equipoise.training.scorer import NetworkScorer, stack_networks
from equipoise.training.settings import TrainingSettings

if TYPE_CHECKING:  # both load TensorFlow, which a learner does when it runs
    from equipoise.training.population import FittedMember
    from equipoise.training.run import Report

__all__ = ["NetworkLearner", "NetworkScorer"]


@dataclass(frozen=True)
class NetworkLearner:
    """Trains the networks of all jobs as one program.

    A job's numbers do not depend on which other jobs it is trained with.

    Attributes:
        network: A network's name, or a recipe.
        settings: How networks are trained.
        checkpoints: A folder where the state is written now and then, and from
            where the same run, stopped at any moment, goes on; None for none.
        supply: Rows that take the place of others between epochs, for the jobs that
            `streams` tells; None for none.
    """

    network: str | NetworkSpec = "small"
    settings: TrainingSettings = field(default_factory=TrainingSettings)
    checkpoints: str | os.PathLike[str] | None = None
    supply: RowSupply | None = None

    def streams(self, table: Table, job: Job) -> bool:
        """Return whether the rows of a job are replaced between epochs.

        Not if the strategy cannot take others, nor if rows have weights of their own.

        Args:
            table: The rows that the job indexes.
            job: What is to be fitted.
        """
        if self.supply is None or table is not self.supply.table:
            return False
        return job.row_weights is None and job.strategy.takes_new_rows

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job, in the order of the jobs.

        After Ctrl-C the networks in training are left at their best epoch so far,
        the outcomes that are complete are yielded with a note, and
        KeyboardInterrupt is raised after the last of them.

        Args:
            table: The rows that all jobs index.
            jobs: What is to be fitted.
            keep: Whether each outcome carries its fitted model.
            progress: Called after each epoch.

        Raises:
            InputError: A job's training or stop rows are empty, or a class is
                absent from its training rows.
            TrainingError: A network met a number that is not finite.
            KeyboardInterrupt: The user pressed Ctrl-C.
        """
        if not jobs:
            return
        for job in jobs:
            require_task(job.strategy, table.task)
            _require_rows(table, job)
        base = network(self.network)
        by_shape: dict[tuple[tuple[int, ...], bool], list[int]] = {}
        for place, job in enumerate(jobs):
            key = spec_of(job.strategy, base).hidden, self.streams(table, job)
            by_shape.setdefault(key, []).append(place)
        if len(by_shape) == 1:
            ((hidden, streams),) = by_shape
            spec = dataclasses.replace(base, hidden=hidden)
            supply = self.supply if streams else None
            yield from self._run(
                table, jobs, spec, supply, keep=keep, progress=progress
            )
            return
        waiting: dict[int, Outcome] = {}
        following = done = 0
        for (hidden, streams), places in by_shape.items():
            share = len(places) / len(jobs)
            outcomes = self._run(
                table,
                [jobs[place] for place in places],
                dataclasses.replace(base, hidden=hidden),
                self.supply if streams else None,
                keep=keep,
                progress=progress and scaled(progress, done / len(jobs), share),
            )
            for place, outcome in zip(places, outcomes, strict=True):
                waiting[place] = outcome
                while following in waiting:
                    yield waiting.pop(following)
                    following += 1
            done += len(places)

    def as_one_run(self, table: Table, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return outcomes of several runs with the groups that one run would have.

        Their other numbers do not depend on which jobs were trained together.

        Args:
            table: The rows that all jobs index.
            outcomes: In the order of the jobs.
        """
        jobs = [outcome.job for outcome in outcomes]
        sizes = self.group_sizes(table, jobs)
        return [
            dataclasses.replace(outcome, groups=groups)
            for outcome, groups in zip(outcomes, sizes, strict=True)
        ]

    def group_sizes(self, table: Table, jobs: Sequence[Job]) -> list[tuple[int, ...]]:
        """Return how one run would group its networks, for each job.

        Args:
            table: The rows that all jobs index.
            jobs: What is to be fitted.
        """
        base = network(self.network)
        shapes = [
            (spec_of(job.strategy, base).hidden, self.streams(table, job))
            for job in jobs
        ]
        sizes: dict[tuple[tuple[int, ...], bool], tuple[int, ...]] = {}
        for key in dict.fromkeys(shapes):
            hidden = key[0]
            spec = dataclasses.replace(base, hidden=hidden)
            common = common_layout(table, spec)
            seats = [
                seat
                for job, shape in zip(jobs, shapes, strict=True)
                if shape == key
                for seat in [Seat.of(job, table, common)]
                * (job.strategy.members * spec.copies)
            ]
            groups = seat_groups(seats, spec, common, self.settings)
            sizes[key] = tuple(len(group.members) for group in groups)
        return [sizes[shape] for shape in shapes]

    def _run(
        self,
        table: Table,
        jobs: Sequence[Job],
        spec: NetworkSpec,
        supply: RowSupply | None,
        *,
        keep: bool,
        progress: Progress | None,
    ) -> Iterator[Outcome]:
        """Yield the outcomes of jobs whose networks have the same hidden layers."""
        common = common_layout(table, spec)
        members = make_members(jobs, encode_parts(table, jobs, common), spec)
        groups = plan_groups(members, spec, common, self.settings)
        sizes = tuple(len(group.members) for group in groups)
        expected = np.bincount([member.job for member in members])
        complete: list[list[FittedMember]] = [[] for _ in jobs]
        seconds = np.zeros(len(jobs))
        first = 0  # of the jobs whose outcome has not been yielded
        notes: list[str] = []
        for number, group in enumerate(groups):
            begin, report = _reports(progress, number, groups, self.settings)
            start = time.monotonic()
            fitted, whole = self._train(
                [members[place] for place in group.members],
                spec,
                common,
                supply,
                begin=begin,
                report=report,
                keep=keep,
                tell=notes.append,
            )
            each = (time.monotonic() - start) / len(fitted)
            for one in fitted:
                complete[one.member.job].append(one)
                seconds[one.member.job] += each
            stopped = () if whole else ("Stopped by the user before its end.",)
            while first < len(jobs) and len(complete[first]) == expected[first]:
                networks = sorted(complete[first], key=lambda one: one.member.copy)
                complete[first] = []
                yield dataclasses.replace(
                    _outcome(jobs[first], networks),
                    seconds=float(seconds[first]),
                    notes=(*_notes(networks), *notes, *stopped),
                    groups=sizes,
                    idle=self._idle(networks),
                )
                first += 1
                notes.clear()
            if not whole:
                raise KeyboardInterrupt

    def _idle(self, fits: Sequence[FittedMember]) -> tuple[str, ...]:
        rows = len(fits[0].member.part.train)
        return idle_in_training(
            [fit.member for fit in fits],
            [fit.trained for fit in fits],
            self.settings.batch_for(rows),
            self.settings.steps_for(rows),
        )

    def _train(
        self,
        members: Sequence[Member],
        spec: NetworkSpec,
        common: Layout,
        supply: RowSupply | None,
        *,
        begin: Callable[[], None] | None,
        report: Report | None,
        keep: bool,
        tell: Callable[[str], None],
    ) -> tuple[list[FittedMember], bool]:
        from equipoise.training.population import Population
        from equipoise.training.run import train

        population = Population(members, spec, common, self.settings, supply=supply)
        store = None if self.checkpoints is None else CheckpointStore(self.checkpoints)
        whole = train(
            population, begin=begin, report=report, checkpoints=store, tell=tell
        )
        release_memory()
        return population.results(keep), whole


def _outcome(job: Job, networks: Sequence[FittedMember]) -> Outcome:
    """Return the average of a job's networks, without what the run adds."""
    member = networks[0].member
    parameters = [one.parameters for one in networks if one.parameters is not None]
    scorer = (
        NetworkScorer(
            member.spec,
            member.part.encoding,
            member.part.exact,
            member.final_correction,
            stack_networks(parameters),
            member.task.link,
        )
        if parameters
        else None
    )
    return Outcome(
        job,
        average_log_odds([one.log_odds for one in networks], member.task.link),
        seconds=0.0,
        updates=sum(one.updates for one in networks),
        best_epoch=round(float(np.mean([one.best_epoch for one in networks]))),
        scorer=scorer,
    )


def _notes(networks: Sequence[FittedMember]) -> tuple[str, ...]:
    member = networks[0].member
    made = () if member.neighbours is None else member.neighbours.notes
    said = (*member.strategy.draw_notes, *made)
    return (*said, *absence_notes(member.task, member.part.totals()))


def _require_rows(table: Table, job: Job) -> None:
    if table.task.kind != "binary":
        _require_several(table, job)
        return
    negatives, positives = class_counts(table.labels()[job.train_rows])
    if negatives and positives and len(job.stop_rows):
        return
    raise InputError(
        sentence(
            f"{negatives} negatives and {positives} positives to train on, and "
            f"{len(job.stop_rows)} rows to stop by, in part {job.part}",
            "at least one of each",
            "Check the split: a part lacks a class, or rows to stop by.",
        )
    )


def _require_several(table: Table, job: Job) -> None:
    """Check that there are rows to stop by, and two classes, or a label, to learn."""
    totals = job.totals(table, job.train_rows)
    several = table.task.kind == "multiclass"
    least = 2 if several else 1
    present = int(present_classes(table.task, totals).sum())
    if present >= least and len(job.stop_rows):
        return
    what = "classes" if several else "labels with both values"
    raise InputError(
        sentence(
            f"{present} {what} to train on, and {len(job.stop_rows)} rows to stop by, "
            f"in part {job.part}",
            f"at least {least} {what}, and rows to stop by",
            "Check the split: a part lacks a class, or rows to stop by.",
        )
    )


def _reports(
    progress: Progress | None,
    number: int,
    groups: Sequence[Group],
    settings: TrainingSettings,
) -> tuple[Callable[[], None] | None, Report | None]:
    """Return what says that a group begins, and what says how it goes on."""
    if progress is None:
        return None, None
    members = len(groups[number].members)
    group = f"group {number + 1} of {len(groups)}, " if len(groups) > 1 else ""

    def report(epoch: int, left: int, seconds: float) -> None:
        del seconds
        share = max(share_of_epochs(epoch, settings), 1 - left / members)
        progress(
            f"{group}epoch {epoch}: {left} of {members} networks left",
            (number + share) / len(groups),
        )

    text = f"{group}compiling the program of {members} networks"
    return partial(progress, text, number / len(groups)), report


def share_of_epochs(epoch: int, settings: TrainingSettings) -> float:
    """Return the share of the epochs that are likely to be needed, for progress.

    Networks stop early, after some epochs more than their patience, and seldom at the
    limit. So the first epochs count more than the later ones, and all are 1.

    Args:
        epoch: How many are done.
        settings: How networks are trained.

    Example:
        >>> [round(share_of_epochs(n, TrainingSettings()), 1) for n in (0, 15, 100)]
        [0.0, 0.6, 1.0]
    """
    usual = 1.5 * settings.patience
    whole = settings.epochs / (settings.epochs + usual)
    return epoch / (epoch + usual) / whole
