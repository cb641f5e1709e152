# SPDX-License-Identifier: Apache-2.0
"""Heads that are trained: linear networks on features, as one population.

The population engine trains them as it trains the networks of a trial, with the same
draws, weights, losses and early stopping.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from equipoise._core.types import FloatArray, IntArray, Tensors
from equipoise.heads.feature_part import FeaturePart
from equipoise.jobs import Job
from equipoise.networks.catalogue import network
from equipoise.networks.layout import Layout
from equipoise.networks.parameters import Parameters
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
class HeadMember(Member):
    """A head of the population, and what it is before its class weights count.

    Attributes:
        early: The same member without class weights, if they are deferred.
    """

    early: Member | None = None

    def first_weights(self, spec: NetworkSpec, common: Layout) -> Parameters:
        """Return first weights in the common layout: the output is the prior's."""
        if self.early is not None:
            return self.early.first_weights(spec, common)
        return super().first_weights(spec, common)


class HeadPopulation(Population):
    """Heads in training. Where class weights are deferred, they wait for their turn.

    That is a warm start of the same loss without weights: it has its own early
    stopping, and training goes on from its best weights with fresh moments.
    """

    def _columns(self, which: IntArray) -> Tensors:
        with self._as_they_learn():
            return super()._columns(which)

    def _stop_values(self, weights: Tensors) -> FloatArray:
        with self._as_they_learn():
            return super()._stop_values(weights)

    @contextlib.contextmanager
    def _as_they_learn(self) -> Iterator[None]:
        """Let the members be what they are in this epoch."""
        whole = self.members
        begins = (self._warm > 0) & (self.now.turned == 0)
        self.members = [
            getattr(member, "early", None) or member if first else member
            for member, first in zip(whole, begins, strict=True)
        ]
        try:
            yield
        finally:
            self.members = whole


def train_linear(
    jobs: Sequence[Job], parts: Sequence[FeaturePart], settings: TrainingSettings
) -> list[TrainedHead]:
    """Train the heads of all jobs as one population, and return what each gave.

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
    if not jobs:
        return []
    spec, common = network("linear"), parts[0].exact
    members = _members(jobs, parts, settings.epochs)
    done: dict[int, TrainedHead] = {}
    for group in plan_groups(members, spec, common, settings):
        start = time.monotonic()
        some = [members[place] for place in group.members]
        population = HeadPopulation(some, spec, common, settings)
        if not train(population):
            raise KeyboardInterrupt
        fits = population.results(keep=True)
        each = (time.monotonic() - start) / len(fits)
        for place, fit in zip(group.members, fits, strict=True):
            done[place] = _head(fit, settings, each)
    return [done[place] for place in range(len(members))]


def _members(
    jobs: Sequence[Job], parts: Sequence[FeaturePart], epochs: int
) -> list[HeadMember]:
    spec = network("linear")
    made = []
    for later, job, part in zip(
        make_members(jobs, parts, spec), jobs, parts, strict=True
    ):
        early = None
        if job.strategy.option(DEFERRED):
            first = dataclasses.replace(job, strategy=_without_weights(job.strategy))
            (early,) = make_members([first], [part], spec)
        made.append(_member(later, early, epochs))
    return made


def _member(later: Member, early: Member | None, epochs: int) -> HeadMember:
    fields = {f.name: getattr(later, f.name) for f in dataclasses.fields(Member)}
    share = float(later.strategy.option(DEFERRED) or 0.0)
    family = dataclasses.replace(later.family, warm_start=share)
    if early is None or not family.warm_epochs(epochs):
        return HeadMember(**fields)
    fields["family"] = family
    return HeadMember(**fields, early=dataclasses.replace(early, family=family))


def _without_weights(strategy: Strategy) -> Strategy:
    scheme = strategy.parts.scheme
    gone = {DEFERRED, *(() if scheme is None else scheme.options)}
    options = {k: v for k, v in strategy.settings.items() if k not in gone}
    return dataclasses.replace(strategy, weights=None, options=options)


def _head(fit: FittedMember, settings: TrainingSettings, seconds: float) -> TrainedHead:
    """Return a head on raw features."""
    member = fit.member
    part, exact = cast("FeaturePart", member.part), dict(fit.parameters or {})
    kernel, bias = part.unscaled(exact["kernel_0"], exact["bias_0"])
    rows = len(part.train)
    begun = [fit.trained]
    if isinstance(member, HeadMember) and member.early is not None:
        begun = [2]  # its loss is the same from the start
    idle = idle_in_training(
        [member], begun, settings.batch_for(rows), settings.steps_for(rows)
    )
    return TrainedHead(
        kernel,
        bias,
        fit.updates,
        fit.best_epoch,
        settings.epochs,
        idle,
        () if member.neighbours is None else member.neighbours.notes,
        seconds,
    )
