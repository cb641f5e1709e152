# SPDX-License-Identifier: Apache-2.0
"""A member: one network of the population, and what it draws."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray, Int32Array
from equipoise.jobs import Job
from equipoise.networks.layout import Layout
from equipoise.networks.parameters import Parameters, initial, to_common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import Correction, prior_logits
from equipoise.sampling.draw import Draw
from equipoise.strategies.by_task import (
    fitted_correction,
    prior_scores,
)
from equipoise.strategies.corrections import weighs_rows
from equipoise.strategies.deferral import deferred_share, without_weights
from equipoise.strategies.strategy import Strategy
from equipoise.synthesis.synthesis import Neighbours
from equipoise.task import Task
from equipoise.training.encoded_store import EncodedPart

RECIPE_OPTIONS = ("width", "depth", "dropout", "weight_decay")
"""The options of a strategy that change the recipe of its network."""


@dataclass(frozen=True, order=True)
class Family:
    """Members whose losses are computed by one call.

    Attributes:
        loss: The loss' name.
        options: The names of the options that are given, each a number per member.
        warm_start: The largest share of epochs of a start with something else: the
            cross-entropy, or the same loss without class weights.
        wide: Which of the options hold a number per class or label.
    """

    loss: str
    options: tuple[str, ...] = ()
    warm_start: float = 0.0
    wide: tuple[str, ...] = ()

    def warm_epochs(self, epochs: int) -> int:
        """Return how many epochs the warm start has, at most.

        Args:
            epochs: How many there are in all.

        Example:
            >>> Family("pairwise_auc", (), 0.25).warm_epochs(10)
            2
        """
        # A share such as .29 times 100 is just below 29.
        return math.floor(self.warm_start * epochs + 1e-9)


@dataclass(frozen=True, eq=False)
class Member:
    """One network of the population.

    Attributes:
        job: The place of its job.
        copy: Its number among the networks of the job.
        seed: Its own seed: of weights, draws and dropout.
        part: Its split.
        strategy: What is done about the imbalance.
        family: How its loss is computed.
        options: The numbers of the family's options; `[width]` those of a wide one.
        weights: `[classes]` of an example of each class, or `[labels, 2]` without and
            with each label; a row's own weight, over the mean of its class, multiplies
            them (`EncodedPart.shares`).
        correction: From raw logits to the population's log-odds.
        neighbours: What its synthesis learned, or None.
        learning_rate: The step size that its strategy names, or None.
        spec: Its recipe: that of the network, with what its strategy names.
        importance: `[rows of the table]` by how much an example counts more since it
            is drawn less, see `Strategy.importance`; None for 1 each.
        early: The same member without class weights, if these are deferred: what it
            is while it starts.
        shift: What moves its corrected scores to all rows, if its part is a share of
            them (`Job.shares`); empty if it is all.
    """

    job: int
    copy: int
    seed: int
    part: EncodedPart
    strategy: Strategy
    family: Family
    options: tuple[Any, ...]
    weights: tuple[Any, ...]
    correction: Correction
    neighbours: Neighbours | None
    spec: NetworkSpec
    learning_rate: float | None = None
    importance: FloatArray | None = None
    early: Member | None = None
    shift: tuple[float, ...] = ()

    @property
    def final_correction(self) -> Correction:
        """From raw logits to the log-odds of all rows, also those left out."""
        if not self.shift:
            return self.correction
        offset = np.asarray(self.correction.offset) + self.shift
        return dataclasses.replace(self.correction, offset=tuple(offset.tolist()))

    @property
    def task(self) -> Task:
        """What the target is."""
        return self.part.table.task

    @property
    def width(self) -> int:
        """How many logits it gives per row."""
        return self.task.width

    @property
    def name(self) -> str:
        """What messages call it."""
        copy = f", network {self.copy + 1}" if self.copy else ""
        return f"{self.strategy.name!r} on part {self.part.number}{copy}"

    def step_size(self, spec: NetworkSpec) -> float:
        """Return the step size of Adam: the strategy's, else the network's."""
        if self.learning_rate is None:
            return spec.learning_rate
        return self.learning_rate

    @property
    def weighs_rows(self) -> bool:
        """Whether rows count differently, beyond the weights of their classes."""
        return self.part.weights is not None or self.importance is not None

    def row_shares(self) -> FloatArray:
        """Return how much each row counts beyond its class weights, `[rows]`."""
        shares = self.part.shares()
        return shares if self.importance is None else shares * self.importance

    def rows(self, first: int, epochs: int, batch: int, steps: int) -> Int32Array:
        """Return the rows that the sampler draws in some epochs.

        A sampler's stream is endless, and drawing a piece of it has a cost of its
        own, so several epochs are drawn at once.

        Args:
            first: The first epoch, a multiple of `epochs`.
            epochs: How many.
            batch: Examples per update.
            steps: Updates per epoch.

        Returns:
            `[epochs, steps, batch]` int32 positions among the training rows.
        """
        draw = self.strategy.sampler().draw(
            self.part.train_labels,
            batch=batch,
            steps=steps * epochs,
            seed=self.seed,
            epoch=first // epochs,
            classes=len(self.task.classes),
        )
        return draw.index.reshape(epochs, steps, batch)

    def draw(self, rows: Int32Array, epoch: int) -> Draw:
        """Return the examples of an epoch, as positions in the table.

        Args:
            rows: `[steps, batch]`, what `rows` gave for the epoch.
            epoch: The number of the epoch.
        """
        draw = Draw(rows)
        synthesis = self.strategy.synthesizer()
        if synthesis is not None and self.neighbours is not None:
            labels = self.part.train_labels
            draw = synthesis.mix(draw, self.neighbours, labels, self.seed, epoch)
        places = self.part.train.astype(np.int32)
        partner = None if draw.partner is None else places[draw.partner]
        noise = draw.noise
        if noise is not None:
            noise = dataclasses.replace(noise, of=self.noise_groups())
        return dataclasses.replace(
            draw, index=places[draw.index], partner=partner, noise=noise
        )

    def noise_groups(self) -> Int32Array:
        """Return the group of each row of the table whose noise it gets, -1 if none."""
        groups = np.full(len(self.part.table), -1, np.int32)
        if self.neighbours is not None and self.neighbours.widths is not None:
            groups[self.part.train] = self.neighbours.of
        return groups

    def first_weights(self, spec: NetworkSpec, common: Layout) -> Parameters:
        """Return first weights in the common layout.

        The output starts at the log-odds that the loss is shown: the population's,
        less the correction.
        """
        exact = self.part.exact
        parameters = initial(spec, exact, self.seed, self._first_logits())
        return to_common_layout(parameters, spec, exact, common)

    def _first_logits(self) -> Any:
        totals = self.part.totals()
        if self.task.kind == "binary":
            (start,) = prior_logits(totals / totals.sum()).tolist()
            return start - self.correction.shift
        return self.correction.invert(prior_scores(self.task, totals))


def spec_of(strategy: Strategy, spec: NetworkSpec) -> NetworkSpec:
    """Return the network of a strategy: with the width and so on that it names.

    Args:
        strategy: Its options are those of a network.
        spec: The network, for all that it does not name.

    Example:
        >>> narrow = Strategy(options={"width": 8})
        >>> spec_of(narrow, NetworkSpec("x", hidden=(64, 64))).hidden
        (8, 8)
    """
    named: dict[str, Any] = {
        name: value
        for name in RECIPE_OPTIONS
        if (value := strategy.option(name)) is not None
    }
    return spec.changed(**named) if named else spec


def make_members(
    jobs: Sequence[Job], parts: Sequence[EncodedPart], spec: NetworkSpec
) -> list[Member]:
    """Return the networks of all jobs: `spec.copies` for each model of a plan.

    Args:
        jobs: What is to be fitted.
        parts: The part of each job.
        spec: The network, for what a strategy does not name.
    """
    prepared: dict[tuple[int, object], Neighbours] = {}
    weighed: dict[tuple[int, object], FloatArray | None] = {}
    members: list[Member] = []
    for place, (job, part) in enumerate(zip(jobs, parts, strict=True)):
        strategy = job.strategy.drawing(part.table, part.train)
        neighbours = _neighbours(strategy, part, prepared)
        importance = _importance(strategy, part, weighed)
        changed = spec_of(strategy, spec)
        for copy in range(strategy.members * spec.copies):
            seed = derive(job.seed, "network", copy) if copy else job.seed
            shared = part, strategy, neighbours, importance
            made = _member(place, copy, seed, *shared, changed)
            if job.shares is not None:
                made = dataclasses.replace(made, shift=job.shares.shift)
            members.append(_deferring(made))
    return members


def _deferring(member: Member) -> Member:
    """Return a member that starts without its class weights, if they are deferred."""
    share = deferred_share(member.strategy)
    if not share:
        return member
    family = dataclasses.replace(member.family, warm_start=share)
    early = _member(
        member.job,
        member.copy,
        member.seed,
        member.part,
        without_weights(member.strategy),
        member.neighbours,
        member.importance,
        member.spec,
    )
    early = dataclasses.replace(early, family=family)
    return dataclasses.replace(member, family=family, early=early)


def _member(
    job: int,
    copy: int,
    seed: int,
    part: EncodedPart,
    strategy: Strategy,
    neighbours: Neighbours | None,
    importance: FloatArray | None,
    spec: NetworkSpec,
) -> Member:
    totals = part.totals()
    chosen: dict[str, Any] = dict(strategy.loss_options(totals))
    options = {
        name: float(value) if isinstance(value, int | float) else tuple(value)
        for name, value in sorted(chosen.items())
        if value is not None and not isinstance(value, str)
    }
    wide = tuple(name for name, value in options.items() if isinstance(value, tuple))
    warm_start = float(strategy.option("warm_start", 0.0) or 0.0)
    rate = strategy.option("learning_rate")
    return Member(
        job,
        copy,
        seed,
        part,
        strategy,
        Family(strategy.loss, tuple(options), warm_start, wide),
        tuple(options.values()),
        _class_weights(strategy, part),
        fitted_correction(strategy, part.table.task, totals),
        neighbours,
        spec,
        None if rate is None else float(rate),
        importance,
    )


def _class_weights(strategy: Strategy, part: EncodedPart) -> tuple[Any, ...]:
    """Return what the examples of each class count on average.

    A sampler draws rows whatever they weigh. The classes are weighted so that
    positives have the share of the total that the sampler would have drawn of rows
    repeated as often as they weigh.
    """
    weights = strategy.class_weights(part.totals())
    if part.weights is None or part.table.task.kind == "multilabel":
        return tuple(weights.tolist())
    prior = strategy.drawn_prior(part.counts())
    weighted_prior = strategy.drawn_prior(part.totals())
    present = prior > 0
    if not present.all():  # a class that no example has counts whatever it counts
        prior, weighted_prior = (
            np.where(present, share, 1.0) for share in (prior, weighted_prior)
        )
    return tuple((weights * weighted_prior / prior).tolist())


def _importance(
    strategy: Strategy,
    part: EncodedPart,
    weighed: dict[tuple[int, object], FloatArray | None],
) -> FloatArray | None:
    """Weigh drawn rows once for each set of rows and sampler, if they are weighed."""
    if not weighs_rows(strategy.parts, part.table.task.kind):
        return None
    key = (id(part.train), strategy.sampler())
    if key not in weighed:
        classes = len(part.table.task.classes)
        of_training = strategy.importance(part.train_labels, classes)
        weighed[key] = None
        if of_training is not None:
            everyone = np.ones(len(part.table))
            everyone[part.train] = of_training
            weighed[key] = everyone
    return weighed[key]


def _neighbours(
    strategy: Strategy,
    part: EncodedPart,
    prepared: dict[tuple[int, object], Neighbours],
) -> Neighbours | None:
    """Search neighbours once for each set of rows and synthesis."""
    synthesis = strategy.synthesizer()
    if synthesis is None:
        return None
    key = (id(part.train), synthesis)
    if key not in prepared:
        encoded = part.encode(part.train)
        task = part.table.task
        names = task.kind == "multiclass" or synthesis.relabels
        named: Any = {"classes": task.classes} if names else {}
        prepared[key] = synthesis.prepare(
            encoded.numbers, encoded.codes, part.train_labels, 0, **named
        )
    return prepared[key]


def stacked_weights(
    members: Sequence[Member], spec: NetworkSpec, common: Layout
) -> dict[str, npt.NDArray[np.floating]]:
    """Return the first weights of members, `[members, ...]` each."""
    each = [member.first_weights(spec, common) for member in members]
    return {
        name: np.stack([parameters[name] for parameters in each]) for name in each[0]
    }
