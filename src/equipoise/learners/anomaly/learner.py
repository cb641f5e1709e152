# SPDX-License-Identifier: Apache-2.0
"""What the detectors that are networks share: all jobs are trained as one program."""

from __future__ import annotations

import abc
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, Float32Array, FloatArray, IntArray
from equipoise.errors import TrainingError
from equipoise.jobs import Job, Outcome, Progress
from equipoise.learners.anomaly.members import (
    DetectorDraws,
    DetectorSettings,
    WeightedRows,
    dense_places,
    first_parameters,
    picked,
    spread_out,
    stream_of,
)
from equipoise.learners.anomaly.network import (
    DetectorKind,
    DetectorNetwork,
    DetectorScorer,
)
from equipoise.learners.anomaly.rows import learned_rows
from equipoise.networks.layout import Layout, common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.by_task import require_task
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.training.encoded_store import EncodedPart, EncodedStore, encode_parts

LAYOUT = NetworkSpec("detector", hidden=(), one_hot=1002)
"""How rows enter: scaled numbers, indicators, a column for each code."""

MEMORY = 2**30
"""Bytes that the encoded rows of one group of networks may take, about."""


@dataclass(frozen=True, eq=False)
class DetectorMember:
    """One network to be trained.

    Attributes:
        job: The number of its job.
        copy: Its number among those that are averaged.
        seed: The job's seed.
        strategy: What says the options.
        part: The job's split, with its encoding.
        places: Where the columns of the encoding are in the common layout.
        train: What it learns from.
        stop: What decides when it stops; weights that sum to 1.
    """

    job: int
    copy: int
    seed: int
    strategy: Strategy
    part: EncodedPart
    places: IntArray
    train: WeightedRows
    stop: WeightedRows


@dataclass(frozen=True, eq=False)
class TrainedDetector:
    """What training gave.

    Attributes:
        member: The network.
        parameters: By name, in the exact layout of its encoding.
        centre: `[out]`; empty without one.
        updates: How many updates were made.
        best: The look that was kept, from 1.
    """

    member: DetectorMember
    parameters: Mapping[str, Float32Array]
    centre: Float32Array
    updates: int
    best: int


@dataclass(frozen=True)
class DetectorLearner(abc.ABC):
    """A learner whose networks say how odd a row is.

    A network that has stopped improving goes on until enough others have, and may yet
    find a better look: so all jobs are done in one run, see `one_run`.

    Attributes:
        settings: How the networks are trained.
        name: The learner's name.
        kind: What the networks measure.
        one_class: Whether they learn from negatives only.
        even: Whether half of each batch is positives.
        penalty: Times the squares of the hidden layers' kernels, added to the loss.
        one_run: Whether a job's numbers may depend on those that it is trained with,
            so that workers do not divide them.
    """

    settings: DetectorSettings = field(default_factory=DetectorSettings)

    name: ClassVar[str]
    kind: ClassVar[DetectorKind]
    one_class: ClassVar[bool] = False
    even: ClassVar[bool] = False
    penalty: ClassVar[float] = 0.0
    one_run: ClassVar[bool] = True

    @abc.abstractmethod
    def hidden(self, strategy: Strategy, columns: int) -> tuple[int, ...]:
        """Return the widths behind the input, without that of a reconstruction.

        Args:
            strategy: What says the options.
            columns: How many columns the table has.
        """

    @abc.abstractmethod
    def extras(
        self, member: DetectorMember, width: int, first_pass: FloatArray
    ) -> dict[str, AnyArray]:
        """Return what else the loss takes of one network, see `DetectorSignature`.

        Args:
            member: The network.
            width: How many columns the common layout has.
            first_pass: `[out]` the mean output of the training rows before any update.
        """

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job, in the order of the jobs.

        `Outcome.best_epoch` is the look at the stop rows that was kept, from 1.

        Args:
            table: The rows that all jobs index.
            jobs: What is to be fitted.
            keep: Whether each outcome carries its fitted model.
            progress: Called after each look.

        Raises:
            InputError: A training part lacks a class.
            TrainingError: A network met a number that is not finite.
        """
        for job in jobs:
            require_task(job.strategy, table.task)
        if not jobs:
            return
        start = time.monotonic()
        common = common_layout(table, LAYOUT)
        parts = encode_parts(table, jobs, common)
        groups = self._groups(table, jobs, parts, common)
        trained: list[list[TrainedDetector]] = [[] for _ in jobs]
        for number, (widths, places) in enumerate(groups):
            report = _part_of(progress, number, len(groups))
            for one in self._train(table, jobs, parts, common, widths, places, report):
                trained[one.member.job].append(one)
        each = (time.monotonic() - start) / len(jobs)
        for job, copies in zip(jobs, trained, strict=True):
            scorer = DetectorScorer(copies[0].member.part.encoding, self._stack(copies))
            yield Outcome(
                job,
                scorer.log_odds(table.take(job.scored_rows)),
                seconds=each,
                updates=sum(one.updates for one in copies),
                best_epoch=round(float(np.mean([one.best for one in copies]))),
                scorer=scorer if keep else None,
                limit=self.settings.looks,
            )

    def _stack(self, copies: Sequence[TrainedDetector]) -> DetectorNetwork:
        """Return the networks of one job as one."""
        layers = sum(name.startswith("kernel") for name in copies[0].parameters)

        def joined(name: str) -> Float32Array:
            stacked = np.stack([one.parameters[name] for one in copies])
            return np.ascontiguousarray(stacked)  # as a file gives it back

        biased = range(0 if self.kind == "distance" else layers)
        return DetectorNetwork(
            self.kind,
            tuple(joined(f"kernel_{layer}") for layer in range(layers)),
            tuple(joined(f"bias_{layer}") for layer in biased),
            np.stack([one.centre for one in copies]),
        )

    def _groups(
        self,
        table: Table,
        jobs: Sequence[Job],
        parts: Sequence[EncodedPart],
        common: Layout,
    ) -> list[tuple[tuple[int, ...], list[int]]]:
        """Return which jobs are trained together: of equal widths, in so much memory.

        Returns:
            By group, the widths of the layers and the numbers of the jobs.
        """
        row = 4 * (len(common.numbers) + len(common.categories)) + 1
        most = max(1, MEMORY // (row * len(table)))
        groups: dict[tuple[int, ...], list[list[int]]] = {}
        for number, job in enumerate(jobs):
            hidden = self.hidden(job.strategy, len(table.columns))
            end = (common.dense,) if self.kind == "reconstruction" else ()
            waiting = groups.setdefault((common.dense, *hidden, *end), [[]])
            held = {id(parts[other]) for other in waiting[-1]}
            if id(parts[number]) not in held and len(held) == most:
                waiting.append([])
            waiting[-1].append(number)
        return [(widths, each) for widths, some in groups.items() for each in some]

    def _members(
        self,
        table: Table,
        jobs: Sequence[Job],
        parts: Sequence[EncodedPart],
        common: Layout,
        numbers: Sequence[int],
        starts: Mapping[int, int],
    ) -> list[DetectorMember]:
        members = []
        for number in numbers:
            job, part = jobs[number], parts[number]
            rows = learned_rows(table, job)
            start = starts[id(part)]
            learned = [rows.negatives] if self.one_class else [job.train_rows]
            deciding = [rows.stop_negatives] if self.one_class else [job.stop_rows]
            train = _weighted(table, job, np.concatenate(learned), start)
            stop = _weighted(table, job, np.concatenate(deciding), start)
            if self.even and not (stop.targets > 0).any():
                # Without a positive to stop by, those of the training part decide.
                more = train.take(train.targets > 0)
                stop = WeightedRows(
                    *(
                        np.concatenate(pair)
                        for pair in zip(
                            vars(stop).values(), vars(more).values(), strict=True
                        )
                    )
                )
            if not len(stop) or not stop.weights.sum():
                stop = train
            members += [
                DetectorMember(
                    number,
                    copy,
                    job.seed,
                    job.strategy,
                    part,
                    dense_places(part.exact, common),
                    _of_mean_one(train),
                    _of_sum_one(stop, self.even),
                )
                for copy in range(int(job.strategy.option("copies") or 1))
            ]
        return members

    def _train(
        self,
        table: Table,
        jobs: Sequence[Job],
        parts: Sequence[EncodedPart],
        common: Layout,
        widths: tuple[int, ...],
        numbers: Sequence[int],
        report: Progress | None,
    ) -> list[TrainedDetector]:
        from equipoise.learners.anomaly.population import train_population
        from equipoise.learners.anomaly.program import DetectorSignature

        held = {id(parts[number]): parts[number] for number in numbers}
        store = EncodedStore.of(list(held.values()), common)
        starts = {key: place * len(table) for place, key in enumerate(held)}
        members = self._members(table, jobs, parts, common, numbers, starts)
        signature = DetectorSignature(
            self.kind,
            widths,
            len(common.numbers),
            common.entries,
            store.codes.dtype.name,
            self.penalty,
        )
        outputs = self.kind == "reconstruction"
        first = []
        for member in members:
            exact = len(member.places)
            end = (exact,) if outputs else ()
            hidden = widths[1:-1] if outputs else widths[1:]
            random = stream_of(member.seed, self.name, member.copy, "parameters")
            narrow = first_parameters(
                (exact, *hidden, *end), self.kind != "distance", random
            )
            first.append(
                spread_out(narrow, member.places, common.dense, outputs=outputs)
            )
        results = train_population(
            signature,
            {"numbers": store.numbers, "codes": store.codes},
            [
                DetectorDraws(
                    m.train, self.even, stream_of(m.seed, self.name, m.copy, "batches")
                )
                for m in members
            ],
            [member.stop for member in members],
            first,
            lambda place, mean: self.extras(members[place], common.dense, mean),
            [float(m.strategy.option("learning_rate") or 1e-3) for m in members],
            self.settings,
            report,
        )
        trained = []
        for member, result in zip(members, results, strict=True):
            if result is None:
                raise TrainingError(
                    sentence(
                        f"losses of {self.name} that are not finite, in part "
                        f"{member.part.number}",
                        "finite losses",
                        "Try a smaller learning_rate.",
                    )
                )
            trained.append(
                TrainedDetector(
                    member,
                    picked(result.parameters, member.places, outputs=outputs),
                    np.asarray(result.extras.get("centre", np.empty(0)), np.float32),
                    result.updates,
                    result.best,
                )
            )
        return trained


def _weighted(table: Table, job: Job, rows: AnyArray, start: int) -> WeightedRows:
    """Return rows of the table as places in the store, with targets and weights."""
    index = np.asarray(rows, np.int64)
    targets = table.labels()[index].astype(np.float32)
    return WeightedRows(start + index, targets, job.weights(index))


def _of_mean_one(rows: WeightedRows) -> WeightedRows:
    return WeightedRows(rows.index, rows.targets, rows.weights / rows.weights.mean())


def _of_sum_one(rows: WeightedRows, even: bool) -> WeightedRows:
    """Return rows whose weights sum to 1; each class to one half if `even`."""
    weights = rows.weights.astype(np.float64)
    if not even:
        return WeightedRows(rows.index, rows.targets, weights / weights.sum())
    positive = rows.targets > 0
    sums = np.where(positive, weights[positive].sum(), weights[~positive].sum())
    classes = len(np.unique(positive))
    return WeightedRows(rows.index, rows.targets, weights / sums / classes)


def _part_of(progress: Progress | None, number: int, groups: int) -> Progress | None:
    """Return a progress call for one group of several."""
    if progress is None:
        return None
    return lambda text, share: progress(text, (number + share) / groups)
