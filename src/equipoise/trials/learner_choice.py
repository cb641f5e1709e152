# SPDX-License-Identifier: Apache-2.0
"""Who learns: each strategy's learner, the networks with the trial's settings."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, one_of, sentence
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.jobs import Learner
from equipoise.learners.registry import learner_for
from equipoise.learners.resampled.learner import ResampledLearner
from equipoise.learners.user_model.input import require_finite
from equipoise.networks.catalogue import network_names
from equipoise.reading.read import read_table
from equipoise.reading.target import Positives
from equipoise.strategies.strategy import Strategy
from equipoise.table.fingerprint import fingerprint
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings


@dataclass(frozen=True)
class LearnerChoice:
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
        if not strategy.learner_record.trains_networks:
            return learner_for(strategy)
        return self._resampled if strategy.resamples else self._networks

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
    def _resampled(self) -> Learner:
        return ResampledLearner(network=self._networks)

    @cached_property
    def _networks(self) -> Learner:
        if self.model is not None and self.x is not None:
            from equipoise.learners.user_model.model import UserModelLearner

            return UserModelLearner(self.model, self.x, self.training)
        from equipoise.learners.network import NetworkLearner

        return NetworkLearner(
            self.network, self.training or TrainingSettings(), self.checkpoints
        )


def labels_of(
    source: Any,
    *,
    positive: Positives | None = None,
    group: Any = None,
    time: Any = None,
    unlabelled: str = "refuse",
) -> tuple[Table, npt.NDArray[Any]]:
    """Return a table that holds labels only, and what the user's network takes.

    Args:
        source: `(x, y)`: an array with one entry per row, of any shape, and labels.
        positive: The positive class; None for the rarest.
        group: `[rows]` values; rows with equal ones stay on one side of a split.
        time: `[rows]` by which the rows are ordered and split.
        unlabelled: What becomes of rows without a label, as in `read_table`; rows
            that are dropped are dropped from all arrays.

    Raises:
        InputTypeError: It is no pair; or the network would take several arrays.
        InputError: The lengths differ, or a number is missing or infinite.
    """
    if not isinstance(source, tuple) or len(source) != 2:
        raise InputTypeError(
            sentence(
                f"a source of type {type(source).__name__} with model=",
                "(x, y): an array with one entry per row, and labels",
            )
        )
    x, y = _one_array(source[0]), np.asarray(source[1])
    if x.ndim < 2 or len(x) != len(y):
        raise InputError(
            sentence(
                f"x of shape {x.shape} and y of shape {y.shape}",
                "x of shape [rows, ...] and as many labels",
            )
        )
    require_finite(x)
    # The labels' own rules are the table's; a number per row makes it one.
    numbers = np.linspace(0.0, 1.0, len(y)) ** 0.5
    table = read_table((numbers[:, None], y), positive=positive, unlabelled=unlabelled)
    labelled = np.searchsorted(numbers, table.columns[0].values)
    roles = {
        name: _per_row(values, name, len(y))[labelled]
        for name, values in {"group": group, "time": time}.items()
        if values is not None
    }
    if roles:
        columns = {"number": numbers[labelled], "label": table.labels(), **roles}
        by_name = {name: name if name in roles else None for name in ("group", "time")}
        ordered = read_table(
            columns, "label", group=by_name["group"], time=by_name["time"]
        )
        table = dataclasses.replace(table, groups=ordered.groups, time=ordered.time)
    x = x[labelled] if len(labelled) < len(x) else x
    return dataclasses.replace(table, columns=(), fingerprint=fingerprint(x)), x


def _one_array(x: Any) -> npt.NDArray[Any]:
    """Return x as an array.

    Raises:
        InputTypeError: It is several arrays.
    """
    several = isinstance(x, Mapping) or (
        isinstance(x, list | tuple) and any(np.ndim(part) > 1 for part in x)
    )
    if several:
        names = f" ({listing(x)})" if isinstance(x, Mapping) else ""
        raise InputTypeError(
            sentence(
                f"{len(x)} arrays{names} as the input of model=",
                "one array [rows, ...]",
                "Join them, for example numpy.concatenate([a, b], axis=1), and let the "
                "model take them apart: inputs = keras.Input((5,)); first = "
                "inputs[:, :3]; second = inputs[:, 3:].",
            )
        )
    return np.asarray(x)


def _per_row(values: Any, name: str, rows: int) -> npt.NDArray[Any]:
    """Return one value per row.

    Raises:
        InputTypeError: It is the name of a column, which arrays do not have.
        InputError: There are not as many values as rows.
    """
    if isinstance(values, str):
        raise InputTypeError(
            sentence(
                f"{name}={values!r} with model=",
                "an array with one value per row",
                "Arrays (x, y) have no columns to name.",
            )
        )
    each = np.asarray(values)
    if each.shape != (rows,):
        raise InputError(
            sentence(
                f"{name}= of shape {each.shape} for {rows:,} rows",
                f"one value per row: shape ({rows},)",
            )
        )
    return each


def refuse_columns(**arguments: Any) -> None:
    """Refuse what is about columns or files beside a network of the user's own.

    Args:
        **arguments: By name; None and empty ones were not used.

    Raises:
        UnsupportedError: One of them was.
    """
    for name, value in arguments.items():
        if value is None or value == ():
            continue
        raise UnsupportedError(
            sentence(
                f"{name}= with model=",
                "one of them, for now",
                "Put the test rows into (x, y), or score them with your model."
                if name == "test"
                else "Arrays (x, y) have no columns to name.",
            )
        )
