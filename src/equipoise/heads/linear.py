# SPDX-License-Identifier: Apache-2.0
"""Heads that are trained: linear networks on features, as one population.

The population engine trains them as it trains the networks of a trial, with the same
draws, weights, losses and early stopping.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from equipoise._core.types import FloatArray
from equipoise.heads.feature_part import FeaturePart
from equipoise.jobs import Job
from equipoise.networks.catalogue import network
from equipoise.training.grouping import plan_groups
from equipoise.training.idle import idle_in_training
from equipoise.training.members import make_members
from equipoise.training.population import FittedMember, Population
from equipoise.training.run import train
from equipoise.training.settings import TrainingSettings


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
    members = make_members(jobs, parts, spec)
    done: dict[int, TrainedHead] = {}
    for group in plan_groups(members, spec, common, settings):
        start = time.monotonic()
        some = [members[place] for place in group.members]
        population = Population(some, spec, common, settings)
        if not train(population):
            raise KeyboardInterrupt
        fits = population.results(keep=True)
        each = (time.monotonic() - start) / len(fits)
        for place, fit in zip(group.members, fits, strict=True):
            done[place] = _head(fit, settings, each)
    return [done[place] for place in range(len(members))]


def _head(fit: FittedMember, settings: TrainingSettings, seconds: float) -> TrainedHead:
    """Return a head on raw features."""
    member = fit.member
    part, exact = cast("FeaturePart", member.part), dict(fit.parameters or {})
    kernel, bias = part.unscaled(exact["kernel_0"], exact["bias_0"])
    rows = len(part.train)
    idle = idle_in_training(
        [member], [fit.trained], settings.batch_for(rows), settings.steps_for(rows)
    )
    return TrainedHead(
        kernel,
        bias,
        fit.updates,
        fit.best_epoch,
        settings.epochs,
        idle,
        (
            *member.strategy.draw_notes,
            *(() if member.neighbours is None else member.neighbours.notes),
        ),
        seconds,
    )
