# SPDX-License-Identifier: Apache-2.0
"""Who learns: each strategy's learner, the networks with the trial's settings."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise.errors import InputError, InputTypeError
from equipoise.learners.registry import learner_for
from equipoise.learners.resampled import ResampledLearner
from equipoise.networks.catalogue import network_names
from equipoise.strategies.jobs import Learner
from equipoise.strategies.strategy import Strategy
from equipoise.table.read import read_table
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings


@dataclass(frozen=True)
class Arms:
    """Finds the learner of a strategy; one object for all that share it.

    Attributes:
        network: The network of the "network" strategies, a name of the catalogue.
        checkpoints: A folder for the engine's checkpoints, or None.
        model: Returns the user's own uncompiled network; None for ours.
        x: `[rows, ...]` what the user's own network takes.
        training: How networks are trained; None for the usual settings.
    """

    network: str = "default"
    checkpoints: str | os.PathLike[str] | None = None
    model: Callable[[], Any] | None = None
    x: npt.NDArray[Any] | None = None
    training: TrainingSettings | None = None

    def __post_init__(self) -> None:
        one_of(self.network, network_names(), "network")

    def __call__(self, strategy: Strategy) -> Learner:
        """Return the learner of a strategy."""
        if strategy.learner != "network":
            return learner_for(strategy)
        return self._resampled if hasattr(strategy, "resampler") else self._networks

    def record(self) -> dict[str, Any]:
        """Return how networks are trained, as plain data.

        Example:
            >>> record = Arms("small").record()
            >>> record["network"], record["epochs"], record["patience"]
            ('small', 100, 10)
        """
        own = self.model is not None
        settings = self.training or TrainingSettings()
        return {"network": None if own else self.network, **settings.to_dict()}

    @cached_property
    def _resampled(self) -> Learner:
        return ResampledLearner(network=self._networks)

    @cached_property
    def _networks(self) -> Learner:
        if self.model is not None and self.x is not None:
            from equipoise.learners.own_model import OwnModelLearner

            settings = self.training or TrainingSettings()
            return OwnModelLearner(self.model, self.x, settings)
        from equipoise.learners.network import NetworkLearner

        return NetworkLearner(
            self.network, self.training or TrainingSettings(), self.checkpoints
        )


def labels_of(source: Any) -> tuple[Table, npt.NDArray[Any]]:
    """Return a table that holds labels only, and what the user's network takes.

    Args:
        source: `(x, y)`: an array with one entry per row, of any shape, and labels.

    Raises:
        InputTypeError: It is no pair.
        InputError: The lengths differ.
    """
    if not isinstance(source, tuple) or len(source) != 2:
        raise InputTypeError(
            sentence(
                f"a source of type {type(source).__name__} with model=",
                "(x, y): an array with one entry per row, and labels",
            )
        )
    x, y = np.asarray(source[0]), np.asarray(source[1])
    if x.ndim < 2 or len(x) != len(y):
        raise InputError(
            sentence(
                f"x of shape {x.shape} and y of shape {y.shape}",
                "x of shape [rows, ...] and as many labels",
            )
        )
    # The labels' own rules are the table's; a number per row makes it one.
    table = read_table((np.linspace(0.0, 1.0, len(y))[:, None] ** 0.5, y))
    return dataclasses.replace(table, columns=()), x
