# SPDX-License-Identifier: Apache-2.0
"""Heads that are trained: linear networks on features, as one population.

The population engine trains them as it trains the networks of a trial, with the same
draws, weights, losses and early stopping.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray
from equipoise.heads.feature_part import FeaturePart
from equipoise.jobs import Job
from equipoise.networks.catalogue import network
from equipoise.networks.layout import Layout
from equipoise.networks.parameters import Parameters, to_common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.strategy import Strategy
from equipoise.training.grouping import plan_groups
from equipoise.training.idle import idle_in_training
from equipoise.training.members import Member, make_members
from equipoise.training.population import FittedMember, Population
from equipoise.training.run import train
from equipoise.training.settings import TrainingSettings

DEFERRED = "deferred"
"""The option that says from when on class weights count."""


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """What training one head gave.

    Attributes:
        kernel: `[features, width]`, on raw features.
        bias: `[width]`.
        updates: How many updates it took.
        best_epoch: The epoch that was kept.
        limit: The last epoch that there could have been.
        idle: Parts of the strategy that had no effect.
        notes: What the synthesis had to say.
        seconds: Its share of the time.
    """

    kernel: FloatArray
    bias: FloatArray
    updates: int
    best_epoch: int
    limit: int
    idle: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class StartedMember(Member):
    """A member that goes on from weights that it is given.

    Attributes:
        start: The weights, in the exact layout of its part; None to begin with its own.
    """

    start: Parameters | None = None

    def first_weights(self, spec: NetworkSpec, common: Layout) -> Parameters:
        """Return the weights that it begins with, in the common layout."""
        if self.start is None:
            return super().first_weights(spec, common)
        return to_common_layout(self.start, spec, self.part.exact, common)


def train_linear(
    jobs: Sequence[Job], parts: Sequence[FeaturePart], settings: TrainingSettings
) -> list[TrainedHead]:
    """Train the heads of all jobs, and return what each gave.

    Where class weights are deferred, a head is first trained without them, for that
    share of the epochs at most, and goes on with them from its best weights: deferred
    re-weighting (Cao et al. 2019, algorithm 1).

    Args:
        jobs: One head each.
        parts: The part of each job, with equally many features.
        settings: How they are trained.

    Raises:
        TrainingError: A head met a number that is not finite.
        KeyboardInterrupt: The user pressed Ctrl-C.
    """
    fits: list[TrainedHead | None] = [None] * len(jobs)
    later = [place for place, job in enumerate(jobs) if _first_epochs(job, settings)]
    at_once = [place for place in range(len(jobs)) if place not in later]
    members = _members([jobs[i] for i in at_once], [parts[i] for i in at_once])
    for place, done in zip(at_once, _trained(members, settings), strict=True):
        fits[place] = done.of(settings.epochs)
    for epochs in sorted({_first_epochs(jobs[place], settings) for place in later}):
        here = [i for i in later if _first_epochs(jobs[i], settings) == epochs]
        both = _deferred(
            [jobs[i] for i in here], [parts[i] for i in here], settings, epochs
        )
        for place, fit in zip(here, both, strict=True):
            fits[place] = fit
    return [fit for fit in fits if fit is not None]


def _first_epochs(job: Job, settings: TrainingSettings) -> int:
    """Return for how many epochs class weights wait; 0 if they do not."""
    share = float(job.strategy.option(DEFERRED) or 0.0)
    # A share such as .29 times 100 is just below 29.
    return min(math.floor(share * settings.epochs + 1e-9), settings.epochs - 1)


@dataclass(frozen=True, eq=False)
class _Trained:
    """A member after training."""

    fit: FittedMember
    seconds: float
    settings: TrainingSettings

    @property
    def exact(self) -> Parameters:
        return dict(self.fit.parameters or {})

    def of(self, limit: int, before: _Trained | None = None) -> TrainedHead:
        """Return the head, with the epochs of what came before it."""
        member = self.fit.member
        part = cast("FeaturePart", member.part)
        kernel, bias = part.unscaled(self.exact["kernel_0"], self.exact["bias_0"])
        rows = len(part.train)
        idle = idle_in_training(
            [member],
            [self.fit.trained],
            self.settings.batch_for(rows),
            self.settings.steps_for(rows),
        )
        first = 0 if before is None else before.fit.best_epoch
        return TrainedHead(
            kernel,
            bias,
            self.fit.updates + (0 if before is None else before.fit.updates),
            first + self.fit.best_epoch,
            limit,
            idle,
            () if member.neighbours is None else member.neighbours.notes,
            self.seconds + (0.0 if before is None else before.seconds),
        )


def _deferred(
    jobs: Sequence[Job],
    parts: Sequence[FeaturePart],
    settings: TrainingSettings,
    epochs: int,
) -> list[TrainedHead]:
    """Train without class weights, and go on with them."""
    unweighted = [
        dataclasses.replace(job, strategy=_without_weights(job.strategy))
        for job in jobs
    ]
    first_settings = dataclasses.replace(settings, epochs=epochs)
    first = _trained(_members(unweighted, parts), first_settings)
    # Other draws than those of the first epochs.
    again = [
        dataclasses.replace(job, seed=derive(job.seed, "deferred weights"))
        for job in jobs
    ]
    members = [
        dataclasses.replace(member, start=before.exact)
        for member, before in zip(_members(again, parts), first, strict=True)
    ]
    rest = dataclasses.replace(settings, epochs=settings.epochs - epochs)
    second = _trained(members, rest)
    return [
        after.of(settings.epochs, before)
        for after, before in zip(second, first, strict=True)
    ]


def _without_weights(strategy: Strategy) -> Strategy:
    scheme = strategy.parts.scheme
    gone = {DEFERRED, *(() if scheme is None else scheme.options)}
    options = {k: v for k, v in strategy.settings.items() if k not in gone}
    return dataclasses.replace(strategy, weights=None, options=options)


def _members(jobs: Sequence[Job], parts: Sequence[FeaturePart]) -> list[StartedMember]:
    members = make_members(jobs, parts, network("linear"))
    return [
        StartedMember(
            **{f.name: getattr(member, f.name) for f in dataclasses.fields(Member)}
        )
        for member in members
    ]


def _trained(
    members: Sequence[StartedMember], settings: TrainingSettings
) -> list[_Trained]:
    """Train members group by group; they come back in their order."""
    if not members:
        return []
    spec, common = network("linear"), members[0].part.exact
    done: dict[int, _Trained] = {}
    for group in plan_groups(members, spec, common, settings):
        start = time.monotonic()
        population = Population(
            [members[place] for place in group.members], spec, common, settings
        )
        if not train(population):
            raise KeyboardInterrupt
        fits = population.results(keep=True)
        each = (time.monotonic() - start) / len(fits)
        for place, fit in zip(group.members, fits, strict=True):
            done[place] = _Trained(fit, each, settings)
    return [done[place] for place in range(len(members))]
