# SPDX-License-Identifier: Apache-2.0
"""Heads of the user's own network: one plain network for each part, and its features.

The network is trained once, as it is. What its last layer is given is kept for all rows
of the part, and all heads of all parts are trained on it together.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise.errors import UnsupportedError
from equipoise.heads.feature_part import FeaturePart
from equipoise.heads.head import Head
from equipoise.heads.splitting import FeatureSplit, split_at_features
from equipoise.heads.train import HeadJob, fit_heads, is_plain
from equipoise.jobs import Job, Outcome, Progress, Scorer
from equipoise.priors import Correction
from equipoise.strategies.by_task import require_task
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings

COPIES = 3
"""How often the features of a part are held while heads are trained."""


@dataclass(frozen=True)
class HeadLearner:
    """Who is asked for a head without a network of the user's own: it refuses."""

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Raise.

        Args:
            table: Not looked at.
            jobs: What is to be fitted.
            keep: Not looked at.
            progress: Not called.

        Raises:
            UnsupportedError: There is a job.
        """
        if not jobs:
            return iter(())
        raise UnsupportedError(
            sentence(
                f"the strategy {jobs[0].strategy.name!r}, a last layer for a network "
                "of your own, without one",
                "such a strategy with model=, a function that returns your keras.Model",
                "Pass equipoise.compare((x, y), model=build), with arrays x and y.",
            )
        )


@dataclass(eq=False)
class Backbones:
    """The plain networks of some parts, trained once each.

    Attributes:
        outcomes: By what they were trained on.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def keep_only(self, jobs: Sequence[Job]) -> None:
        """Forget the networks that none of these jobs is about."""
        keys = {part_key(job) for job in jobs}
        self.outcomes = {k: v for k, v in self.outcomes.items() if k in keys}

    def plain(self, job: Job, fit: Callable[[Job], Outcome]) -> Outcome:
        """Return the plain network of a job's part; it is trained if there is none.

        Args:
            job: Any job on the part.
            fit: Trains a job and keeps its model.
        """
        key = part_key(job)
        if key not in self.outcomes:
            strategy = job.strategy if is_plain(job.strategy) else Strategy()
            self.outcomes[key] = fit(dataclasses.replace(job, strategy=strategy))
        return self.outcomes[key]

    def as_arm(self, job: Job, outcome: Outcome, keep: bool) -> Outcome:
        """Return the outcome of a plain job that has such a network.

        Args:
            job: The job.
            outcome: What `plain` gave for it.
            keep: Whether the outcome carries its model.
        """
        scorer = outcome.scorer if keep else None
        return dataclasses.replace(outcome, job=job, scorer=scorer)


def part_key(job: Job) -> str:
    """Return what tells the rows, their weights and the seed of a job from others'."""
    digest = hashlib.sha256(f"{job.part} {job.seed}".encode())
    for rows in (job.train_rows, job.stop_rows, job.scored_rows, job.row_weights):
        array = np.ascontiguousarray([] if rows is None else rows)
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class HeadFits:
    """Does the head jobs of one run.

    Attributes:
        x: `[rows, ...]` what the network takes.
        table: The rows that the jobs index.
        backbones: The plain networks that there are.
        fit: Trains a plain job and keeps its model.
        copy: Returns a new model of the user's, with any weights.
        scorer: Makes a fitted model of a Keras model and its correction.
        settings: How heads are trained.
    """

    x: npt.NDArray[Any]
    table: Table
    backbones: Backbones
    fit: Callable[[Job], Outcome]
    copy: Callable[[], Any]
    scorer: Callable[[Any, Correction], Scorer]
    settings: TrainingSettings

    def outcomes(
        self, jobs: Sequence[Job], *, plain: Sequence[Job], keep: bool
    ) -> dict[int, Outcome]:
        """Return the outcomes of the jobs whose strategy serves the task.

        Args:
            jobs: Heads.
            plain: The plain jobs of the run: the time of their networks is theirs.
            keep: Whether each outcome carries a model with its head.

        Returns:
            By the identity of the job.

        Raises:
            InputError: The network does not end in a `Dense` layer.
            TrainingError: A network or a head met a number that is not finite.
        """
        width = split_at_features(self.copy(), self.x[:2]).width
        by_part: dict[str, list[Job]] = {}
        for job in jobs:
            if serves(job.strategy, self.table):
                by_part.setdefault(part_key(job), []).append(job)
        paid = {part_key(job) for job in plain}
        before = {*self.backbones.outcomes}
        results: dict[int, Outcome] = {}
        for keys in self._together(by_part, width):
            splits: dict[str, FeatureSplit] = {}
            todo: list[HeadJob] = []
            for key in keys:
                first = by_part[key][0]
                scorer: Any = self.backbones.plain(first, self.fit).scorer
                splits[key] = split_at_features(scorer.models[0], self.x[:2])
                part = self._part(first, splits[key])
                last = splits[key].kernel, splits[key].bias
                todo += [HeadJob(job, part, last) for job in by_part[key]]
            for one, head in zip(todo, fit_heads(todo, self.settings), strict=True):
                key = part_key(one.job)
                more = 0.0
                if key not in paid and key not in before:
                    whole = self.backbones.outcomes[key].seconds
                    more = whole / len(by_part[key])
                scored = None
                if keep:
                    model = self._with(splits[key], head)
                    scored = self.scorer(model, head.correction)
                results[id(one.job)] = _outcome(one, head, scored, more)
        return results

    def _together(
        self, by_part: dict[str, list[Job]], width: int
    ) -> Iterator[list[str]]:
        """Yield the keys of parts whose features are held at once."""
        keys = list(by_part)
        if not keys:
            return
        each = COPIES * 4 * width * max(1, len(self.x))
        at_once = max(1, self.settings.memory_limit // each)
        for start in range(0, len(keys), at_once):
            yield keys[start : start + at_once]

    def _part(self, job: Job, split: FeatureSplit) -> FeaturePart:
        used = np.unique(
            np.concatenate([job.train_rows, job.stop_rows, job.scored_rows])
        ).astype(np.int64)
        features = np.zeros((len(self.x), split.width), np.float32)
        features[used] = split.features(self.x[used])
        return FeaturePart.of(self.table, job, features)

    def _with(self, split: FeatureSplit, head: Head) -> Any:
        """Return a model of its own with a head in the place of its last layer."""
        model = self.copy()
        model.set_weights(split.model.get_weights())
        return split_at_features(model, self.x[:2]).put_back(head.kernel, head.bias)


def serves(strategy: Strategy, table: Table) -> bool:
    """Return whether a strategy serves the task of a table."""
    try:
        require_task(strategy, table.task)
    except UnsupportedError:
        return False
    return True


def _outcome(one: HeadJob, head: Head, scorer: Scorer | None, more: float) -> Outcome:
    return Outcome(
        one.job,
        head.log_odds(one.part.raw[one.job.scored_rows]),
        head.seconds + more,
        head.updates,
        head.best_epoch,
        scorer,
        head.notes,
        limit=head.limit,
        idle=head.idle,
    )
