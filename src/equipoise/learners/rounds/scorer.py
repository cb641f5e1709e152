# SPDX-License-Identifier: Apache-2.0
"""A fitted ensemble: the models of its rounds, and how they add up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from equipoise._core.checks import one_of, sentence
from equipoise._core.states import array
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.jobs import Scorer
from equipoise.learners.rounds.combining import (
    Combination,
    as_combination,
    class_shares,
    finished,
    terms,
)
from equipoise.priors import Link

KIND = "rounds"
"""What tells the state of an ensemble from that of one model."""


@dataclass(frozen=True, eq=False)
class RoundsScorer:
    """The models of an ensemble with their weights.

    Attributes:
        models: What was fitted, in the order of the rounds.
        shares: `[models]` what each counts, above 0.
        shifts: `[models, width]` added to the scores of each.
        combination: How they add up, see `combining`.
        link: What turns their scores into probabilities, as `Task.link`.
    """

    models: tuple[Scorer, ...]
    shares: FloatArray
    shifts: FloatArray
    combination: Combination
    link: Link = "sigmoid"

    @property
    def width(self) -> int:
        """How many scores it gives per row."""
        return int(self.shifts.shape[1])

    @property
    def encoding(self) -> Any:
        """The encoding of the training part, which all models have in common."""
        model: Any = self.models[0]
        return model.encoding

    def log_odds(self, rows: Any) -> FloatArray:
        """Return the scores of the ensemble, `[rows, width]`."""
        total: Any = 0.0
        for model, share, shift in zip(
            self.models, self.shares, self.shifts, strict=True
        ):
            said = class_shares(model.log_odds(rows) + shift)
            total = total + share * terms(said, self.combination)
        return finished(total, float(self.shares.sum()), self.combination)

    def state(self) -> dict[str, Any]:
        """Return all that is needed to rebuild it; a common encoding once."""
        states = [model.state() for model in self.models]
        encodings = [_encoding_of(state) for state in states]
        common = encodings[0]
        alike = common is not None and all(each == common for each in encodings)
        return {
            "kind": KIND,
            "combination": self.combination,
            "shares": self.shares,
            "shifts": self.shifts,
            "link": self.link,
            "encoding": common if alike else None,
            "models": [_without(state) if alike else state for state in states],
        }

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], rebuild: Callable[[dict[str, Any]], Scorer]
    ) -> RoundsScorer:
        """Rebuild an ensemble from `state()`.

        Args:
            state: What `state()` gave.
            rebuild: Returns one of its models for the model's state.

        Raises:
            InputError: Numbers and models do not fit.
        """
        states = list(state["models"])
        if not states:
            raise InputError(sentence("an ensemble without models", "one or more"))
        common = state["encoding"]
        if common is not None:
            states = [_with(each, common) for each in states]
        shares = array(state, "shares", "float64", (len(states),))
        shifts = array(state, "shifts", "float64", (len(states), None))
        if (shares <= 0).any() or not shifts.shape[1]:
            raise InputError(
                sentence("models that count nothing", "shares above 0, and scores")
            )
        one_of(state["link"], get_args(Link), "link")
        models = tuple(rebuild(each) for each in states)
        return cls(
            models,
            shares,
            shifts,
            as_combination(state["combination"]),
            state["link"],
        )


def _encoding_of(state: Mapping[str, Any]) -> Any:
    """Return the encoding in a model's state, or None."""
    plain = state.get("plain")
    holder = plain if isinstance(plain, Mapping) else state
    return holder.get("encoding")


def _without(state: Mapping[str, Any]) -> dict[str, Any]:
    plain = state.get("plain")
    if isinstance(plain, Mapping):
        return {**state, "plain": _without(plain)}
    return {name: value for name, value in state.items() if name != "encoding"}


def _with(state: Mapping[str, Any], encoding: Any) -> dict[str, Any]:
    plain = state.get("plain")
    if isinstance(plain, Mapping):
        return {**state, "plain": _with(plain, encoding)}
    return {**state, "encoding": encoding}


def ensemble(
    models: Sequence[Scorer],
    shares: Sequence[float],
    shifts: Sequence[FloatArray],
    combination: Combination,
    link: Link,
) -> RoundsScorer:
    """Return an ensemble of the models that count.

    Args:
        models: What was fitted.
        shares: What each counts; those that count nothing are left out.
        shifts: `[width]` each, added to the scores of each.
        combination: How they add up.
        link: As `Task.link`.
    """
    counted = [place for place, share in enumerate(shares) if share]
    return RoundsScorer(
        tuple(models[place] for place in counted),
        np.array([shares[place] for place in counted], np.float64),
        np.array([shifts[place] for place in counted], np.float64),
        combination,
        link,
    )
