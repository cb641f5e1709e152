# SPDX-License-Identifier: Apache-2.0
"""Who learns: each strategy's learner, the networks with the trial's settings."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy.typing as npt

from equipoise._core.checks import one_of
from equipoise.jobs import Learner, RowSupply
from equipoise.learners.registry import learner_for, rounds_of
from equipoise.learners.resampled.learner import ResampledLearner
from equipoise.learners.tuned.learner import TunedLearner
from equipoise.networks.catalogue import network, network_names
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.training.settings import TrainingSettings, require_float32


@dataclass(frozen=True)
class LearnerChoice:
    """Finds the learner of a strategy; one object for all that share it.

    Attributes:
        network: The network of the "network" strategies, a name of the catalogue.
        checkpoints: A folder for the engine's checkpoints, or None.
        model: Returns the user's own uncompiled network; None for ours.
        x: `[rows, ...]` what the user's own network takes.
        training: How networks are trained; None for the usual settings.
        supply: Rows that take the place of others between the epochs of our networks;
            None for none. Ensembles that go by rounds, and searches, do without.
    """

    network: str = "default"
    checkpoints: str | os.PathLike[str] | None = None
    model: Callable[[], Any] | None = None
    x: npt.NDArray[Any] | None = None
    training: TrainingSettings | None = None
    supply: RowSupply | None = None

    def __post_init__(self) -> None:
        one_of(self.network, network_names(), "network")
        if self.model is not None:
            require_float32(self.training, "a model of your own")
        elif not network(self.network).hidden:
            require_float32(self.training, f"network={self.network!r}")

    def __call__(self, strategy: Strategy) -> Learner:
        """Return the learner of a strategy."""
        learner: Learner = self._networks
        record = strategy.learner_record
        if not record.trains_networks or (record.needs_model and self.model is None):
            learner = learner_for(strategy)
        elif strategy.resamples:
            learner = self._resampled
        elif strategy.parts.by_rounds:
            learner = self._rounds
        if not isinstance(strategy, Tuned):
            return self._with_parts(learner) if self.shards(strategy) else learner
        # What a network of the user's own is made of is not known here.
        folder = self.checkpoints if self.model is None else None
        if learner is self._networks:
            learner = self._alone
        return self._tuned.setdefault(id(learner), TunedLearner(learner, folder))

    def shards(self, strategy: Strategy) -> bool:
        """Return whether each model of a strategy has rows from disk of its own.

        Args:
            strategy: Any strategy.
        """
        return self.supply is not None and self._could_shard(strategy)

    @staticmethod
    def _could_shard(strategy: Strategy) -> bool:
        plan = strategy.parts.plan
        if plan is None or not strategy.parts.by_rounds:
            return False
        return plan.shards and not isinstance(strategy, Tuned)

    def _with_parts(self, learner: Any) -> Learner:
        key = id(learner)
        if key not in self._of_parts:
            self._of_parts[key] = dataclasses.replace(learner, supply=self.supply)
        return self._of_parts[key]

    @cached_property
    def _of_parts(self) -> dict[int, Learner]:
        """By the identity of a learner, the same with rows from disk."""
        return {}

    def streams(self, strategy: Strategy) -> bool:
        """Return whether a strategy's networks take new rows between epochs.

        Args:
            strategy: Any strategy.
        """
        return self.supply is not None and self._could_stream(strategy)

    def _could_stream(self, strategy: Strategy) -> bool:
        return strategy.takes_new_rows and self(strategy) is self._networks

    def takes_rows(self, strategy: Strategy) -> bool:
        """Return whether a strategy takes rows of a supply, now or if there is one.

        Args:
            strategy: Any strategy.

        Example:
            >>> from equipoise.strategies.catalogue import strategy
            >>> LearnerChoice().takes_rows(strategy("trees"))
            False
        """
        return self._could_shard(strategy) or self._could_stream(strategy)

    def record(self) -> dict[str, Any]:
        """Return how networks are trained, as plain data.

        Example:
            >>> record = LearnerChoice("small").record()
            >>> record["network"], record["epochs"], record["patience"]
            ('small', 100, 10)
        """
        settings = (self.training or TrainingSettings()).to_dict()
        if self.model is None:
            return {"network": self.network, **settings}
        from equipoise.learners.user_model.model import PATIENCE_UPDATES

        least = None if self.training is not None else PATIENCE_UPDATES
        return {"network": None, **settings, "patience_updates": least}

    @cached_property
    def _tuned(self) -> dict[int, TunedLearner]:
        """By the identity of a learner, the one that searches for it."""
        return {}

    @cached_property
    def _resampled(self) -> Learner:
        return ResampledLearner(network=self._alone)

    @cached_property
    def _rounds(self) -> Learner:
        return rounds_of(self._alone)

    @cached_property
    def _alone(self) -> Learner:
        """Networks that learn from the rows of the plan, and from no others."""
        if self.supply is None:
            return self._networks
        return dataclasses.replace(self, supply=None)._networks

    @cached_property
    def _networks(self) -> Learner:
        if self.model is not None and self.x is not None:
            from equipoise.learners.user_model.model import UserModelLearner

            return UserModelLearner(self.model, self.x, self.training)
        from equipoise.learners.network import NetworkLearner

        return NetworkLearner(
            self.network,
            self.training or TrainingSettings(),
            self.checkpoints,
            self.supply,
        )
