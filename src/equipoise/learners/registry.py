# SPDX-License-Identifier: Apache-2.0
"""Which learner does a strategy. A learner is loaded when it is asked for."""

from __future__ import annotations

from functools import cache
from typing import Any

from equipoise._core.lazy import loaded
from equipoise.jobs import Learner, Scorer
from equipoise.learners.rounds.scorer import KIND, RoundsScorer
from equipoise.strategies.learner_records import record_of
from equipoise.strategies.strategy import Strategy

_ROUNDS = "equipoise.learners.rounds.learner:RoundsLearner"
_RESAMPLED = "equipoise.learners.resampled.learner:ResampledLearner"


def learner_for(strategy: Strategy) -> Learner:
    """Return the learner of a strategy; the same one for all that share it.

    Args:
        strategy: A strategy; one around a sampler object has a learner of its own.

    Raises:
        InputError: No learner has that name.
        MissingExtraError: The package that it needs is not installed.

    Example:
        >>> from equipoise.strategies.catalogue import strategy
        >>> type(learner_for(strategy("prior"))).__name__
        'PriorLearner'
    """
    if strategy.resamples:
        return _made(_RESAMPLED)
    record = strategy.learner_record
    record.require_extra()
    if strategy.parts.draws and not record.draws_rows:
        return _drawn(record.learner)
    if strategy.parts.by_rounds:
        return _ensembles(record.learner)
    return _made(record.learner)


def scorer_from_state(learner: str, state: dict[str, Any]) -> Scorer:
    """Rebuild a fitted model from its learner's name and its `state()`.

    Args:
        learner: A learner's name, as in `Strategy.learner`.
        state: What the scorer's `state()` gave: numbers, texts and arrays.

    Raises:
        InputError: No learner has that name.

    Example:
        >>> scorer_from_state("prior", {"value": -2.0})
        PriorScorer(value=-2.0)
    """
    record = record_of(learner)
    rebuild = loaded(record.scorer).from_state
    if state.get("kind") == KIND:
        return RoundsScorer.from_state(state, rebuild)
    scorer: Scorer = rebuild(state)
    return scorer


def rounds_of(learner: Learner) -> Learner:
    """Return who makes ensembles of models of a learner.

    Args:
        learner: Who learns in each round.
    """
    made: Learner = loaded(_ROUNDS)(learner)
    return made


@cache
def _ensembles(learner: Any) -> Learner:
    """Return the one that makes ensembles of models of a learner's class."""
    return rounds_of(_made(learner))


@cache
def _made(learner: Any) -> Learner:
    """Return the one learner of a class, or of its import path."""
    made: Learner = loaded(learner)()
    return made


@cache
def _drawn(learner: Any) -> Learner:
    """Return the one learner that draws rows for another."""
    from equipoise.learners.drawn import DrawnLearner

    return DrawnLearner(_made(learner))
