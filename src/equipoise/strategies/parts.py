# SPDX-License-Identifier: Apache-2.0
"""What a strategy is made of: its names looked up once, each part with its facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of
from equipoise._core.options import Number, Setting
from equipoise._core.types import FloatArray
from equipoise.losses.records import LOSS_RECORDS, LossRecord
from equipoise.sampling.by_group import ByGroup
from equipoise.sampling.groups import GroupBalanced
from equipoise.sampling.named import NamedShares
from equipoise.sampling.proportions import Proportions
from equipoise.sampling.sampler import Sampler
from equipoise.sampling.samplers import SAMPLERS
from equipoise.strategies.learner_records import (
    CLASSIFIER,
    DEFERRED,
    LEARNERS,
    LearnerRecord,
)
from equipoise.strategies.loss_object import loss_name
from equipoise.strategies.plans import PLANS, Plan
from equipoise.synthesis.syntheses import SYNTHESES
from equipoise.synthesis.synthesis import Synthesis
from equipoise.weights.named import NamedWeights, named_scheme
from equipoise.weights.scheme import Scheme
from equipoise.weights.schemes import SCHEMES


@dataclass(frozen=True, eq=False)
class Parts:
    """The records behind the names of a strategy, and its options.

    Attributes:
        learner: Who learns.
        sampling: The name of the sampling; under a plan the sampler may be another.
        shares: The shares of the classes that are drawn, if they are by name.
        by_group: By which groups rows are drawn; None if by their classes.
        sampler_type: What draws the examples of each model.
        synthesis_type: What puts examples between them, or None.
        scheme: The rule of the class weights, or None.
        loss: What is minimised.
        plan: How many models there are, or None for one.
        chosen: The options that the user set.
        settings: Every option of these parts, with its default and range.
    """

    learner: LearnerRecord
    sampling: str
    sampler_type: type[Sampler]
    synthesis_type: type[Synthesis] | None
    scheme: Scheme | None
    loss: LossRecord
    plan: Plan | None
    chosen: Mapping[str, Number]
    settings: Mapping[str, Setting]
    shares: NamedShares | None = None
    by_group: ByGroup | None = None

    @property
    def options(self) -> dict[str, Number]:
        """The value of every option of these parts: the user's, or the default."""
        defaults = {name: setting.default for name, setting in self.settings.items()}
        return {**defaults, **self.chosen}

    @property
    def members(self) -> int:
        """How many models there are, at most; 1 without a plan."""
        return 1 if self.plan is None else self.plan.models(self.options)

    @property
    def by_rounds(self) -> bool:
        """Whether an algorithm says, round after round, what the models learn from."""
        networks = self.learner.trains_networks
        return self.plan is not None and self.plan.by_rounds(networks)

    @property
    def draws(self) -> bool:
        """Whether the learner is shown rows that a sampler draws.

        A network always is, and others if a sampling or a synthesis is named.
        """
        named = self.sampling != "natural" or self.synthesis_type is not None
        return self.learner.draws_rows or named

    @property
    def weights_after(self) -> float | None:
        """The share of the epochs before class weights count; None if they always do.

        It is None for a head, which is at the minimum of its last phase, as a network
        need not be.
        """
        share = self.options.get(DEFERRED)
        return None if share is None or self.learner.needs_model else float(share)

    @property
    def citations(self) -> list[str]:
        """The keys of the sources of exactly the methods in use."""
        sampler = self.sampler_type if self.draws else None
        parts = (
            *(self.learner, self.plan, sampler),
            *(self.synthesis_type, self.scheme, self.loss),
        )
        return [key for part in parts if part is not None for key in part.citations]

    def sampler(self) -> Sampler:
        """Return the sampler, with its options set."""
        if self.shares is not None:
            return self.shares.sampler()
        if self.by_group is not None:
            return self.by_group.sampler()
        options: dict[str, Any] = self._chosen(self.sampler_type.settings())
        if self.plan is not None and self.plan.sampling == self.sampler_type.name:
            options.update(self.plan.fixed)
        return self.sampler_type(**options)

    def synthesis(self) -> Synthesis | None:
        """Return the synthesis, with its options set; None without one."""
        if self.synthesis_type is None:
            return None
        options: dict[str, Any] = self._chosen(self.synthesis_type.settings())
        return self.synthesis_type(**options)

    def class_weights(self, totals: npt.ArrayLike) -> FloatArray:
        """Return how much an example of each class counts.

        Args:
            totals: `[classes]` the number of training rows of each class, or their
                total weight; or `[labels, 2]` without and with each label.

        Returns:
            Shaped as the totals, with mean 1 over the training rows, for each label if
            they are labels. An absent class counts 1, and so does a label that all
            rows have or none has.
        """
        if self.scheme is None:
            return np.ones(np.shape(totals), np.float64)
        options: dict[str, Any] = self._chosen(self.scheme.options)
        return self.scheme.task_weights(totals, **options)

    def drawn_prior(self, totals: npt.ArrayLike) -> FloatArray:
        """Return the share of each class among the drawn examples.

        A sampler counts whole rows, so totals of row weights are rounded for it. The
        rows of a label matrix are weighted until they stand for all rows (see
        `Sampler.importance`), so each label has its natural share; and so are those of
        `ByGroup(weighted=True)`.

        Args:
            totals: `[classes]` the number of training rows of each class, or their
                total weight; or `[labels, 2]` without and with each label.

        Returns:
            Shaped as the totals; 0 for an absent class.
        """
        each = np.asarray(totals, np.float64)
        if each.ndim == 2:
            rows = each.sum(axis=1, keepdims=True)
            return np.where(rows > 0, each / np.maximum(rows, 1e-300), 0.5)
        if self.by_group is not None and self.by_group.weighted:
            return np.asarray(each / each.sum())
        several = len(each) > 2
        counts = [
            0 if several and not total else max(1, round(total))
            for total in each.tolist()
        ]
        return np.asarray(self.sampler().prior(counts), np.float64)

    def loss_prior(self, totals: npt.ArrayLike) -> FloatArray:
        """Return the prior that a loss is given: `drawn_prior`, but nowhere 0.

        An absent class is given the share of half a row. Which it is makes no
        difference to the probabilities, if the loss and its correction have the same.

        Args:
            totals: As in `drawn_prior`.
        """
        prior = self.drawn_prior(totals)
        if (prior > 0).all():
            return prior
        rows = np.asarray(totals, np.float64).sum(axis=-1, keepdims=True)
        floored = np.where(prior > 0, prior, 0.5 / np.maximum(rows, 1.0))
        return np.asarray(floored / floored.sum(axis=-1, keepdims=True))

    def loss_options(self, totals: npt.ArrayLike) -> dict[str, Any]:
        """Return all keyword arguments of the loss' function.

        Args:
            totals: As in `drawn_prior`.

        Returns:
            Numbers by name. "prior" is the share of positives of two classes; of
            several classes `[classes]` their shares, and of labels `[labels]` the
            share with each, as tuples. "rows" is the number of training rows; of labels
            `[labels]` how many have a known value.
        """
        options = self.options
        values: dict[str, Any] = {name: options[name] for name in self.loss.options}
        if self.loss.needs_prior:
            prior = self.loss_prior(totals)
            if prior.ndim == 1 and len(prior) == 2:
                values["prior"] = float(prior[1])
            else:
                each = prior if prior.ndim == 1 else prior[:, 1]
                values["prior"] = tuple(each.tolist())
        return {**values, **self.told_rows(totals)}

    def told_rows(self, totals: npt.ArrayLike) -> dict[str, Any]:
        """Return the number of training rows, if the loss is given it.

        Args:
            totals: As in `drawn_prior`.

        Returns:
            "rows", a number; of labels a tuple; nothing if the loss needs none.
        """
        if not self.loss.needs_rows:
            return {}
        rows = np.asarray(totals, np.float64).sum(axis=-1)
        return {"rows": tuple(rows.tolist()) if rows.ndim else float(rows)}

    def _chosen(self, names: Iterable[str]) -> dict[str, Number]:
        return {name: self.chosen[name] for name in names if name in self.chosen}


def resolve(
    learner: LearnerRecord,
    *,
    sampling: str | NamedShares | ByGroup,
    synthesis: str | None,
    weights: str | NamedWeights | None,
    loss: str,
    plan: str | None,
    options: Mapping[str, Number],
) -> Parts:
    """Look up the names of a strategy.

    Args:
        learner: Who learns.
        sampling: A name in `SAMPLERS`, shares by class, or groups. Under a plan,
            "natural" stands for the sampler of the plan.
        synthesis: A name in `SYNTHESES`, or None.
        weights: A name in `SCHEMES`, weights by class, or None.
        loss: A name in `LOSS_RECORDS`.
        plan: A name in `PLANS`, or None.
        options: The options that the user set.

    Raises:
        InputTypeError: A name is not a string.
        InputError: A name is unknown; the nearest one is suggested.
    """
    shares = sampling if isinstance(sampling, NamedShares) else None
    by_group = sampling if isinstance(sampling, ByGroup) else None
    named = sampling if isinstance(sampling, str) else ""
    if shares is not None:
        named = Proportions.name
    elif by_group is not None:
        named = by_group.name
    else:
        one_of(cast("str", sampling), SAMPLERS, "sampling")
    loss_record = LOSS_RECORDS[loss_name(loss)]
    synthesis_type = plan_record = None
    scheme: Scheme | None = None
    if synthesis is not None:
        synthesis_type = SYNTHESES[one_of(synthesis, SYNTHESES, "synthesis")]
    if isinstance(weights, NamedWeights):
        scheme = named_scheme(weights)
    elif weights is not None:
        scheme = SCHEMES[one_of(weights, SCHEMES, "weights")]
    if plan is not None:
        plan_record = PLANS[one_of(plan, PLANS, "plan")]
    drawn_by = named
    if plan_record is not None and named == "natural":
        drawn_by = plan_record.sampling
    sampler_type: type[Sampler]
    if shares is not None:
        sampler_type = Proportions
    else:
        sampler_type = GroupBalanced if by_group is not None else SAMPLERS[drawn_by]
    settings = {**loss_record.options, **loss_record.training}
    if plan_record is not None:
        settings.update(plan_record.options)
        if learner.trains_networks:
            settings.update(plan_record.network_options)
    settings.update(learner.options)
    settings.update(sampler_type.settings())
    if plan_record is not None:
        for name in plan_record.fixed:
            settings.pop(name, None)
    if synthesis_type is not None:
        settings.update(synthesis_type.settings())
    if scheme is not None:
        settings.update(scheme.options)
    return Parts(
        learner=learner,
        sampling=named,
        sampler_type=sampler_type,
        synthesis_type=synthesis_type,
        scheme=scheme,
        loss=loss_record,
        plan=plan_record,
        chosen=options,
        settings=settings,
        shares=shares,
        by_group=by_group,
    )


def missing_pieces(fields: Mapping[str, Any]) -> list[str]:
    """Return the pieces that a strategy names and that are not registered.

    Args:
        fields: What `Strategy.to_dict` gave.

    Example:
        >>> missing_pieces({"loss": "mine", "weights": None})
        ["the loss 'mine'"]
    """
    registries: dict[str, Mapping[str, Any]] = {
        "learner": {**LEARNERS, CLASSIFIER.name: CLASSIFIER},
        "sampling": SAMPLERS,
        "synthesis": SYNTHESES,
        "weights": SCHEMES,
        "loss": LOSS_RECORDS,
        "plan": PLANS,
    }
    return [
        f"the {field} {fields[field]!r}"
        for field, registry in registries.items()
        if isinstance(fields.get(field), str) and fields[field] not in registry
    ]
