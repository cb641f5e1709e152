# SPDX-License-Identifier: Apache-2.0
"""Which learner does a strategy. A learner is loaded when it is asked for."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from equipoise._core.checks import one_of
from equipoise.jobs import Learner, Scorer
from equipoise.strategies.strategy import Strategy

_LEARNERS = {
    "network": ("equipoise.learners.network", "NetworkLearner", "NetworkScorer"),
    "trees": ("equipoise.learners.trees.histogram", "TreesLearner", "TreesScorer"),
    "extra_trees": (
        "equipoise.learners.trees.extra",
        "ExtraTreesLearner",
        "ExtraTreesScorer",
    ),
    "logistic": (
        "equipoise.learners.linear.logistic",
        "LogisticLearner",
        "LogisticScorer",
    ),
    "prior": ("equipoise.learners.prior", "PriorLearner", "PriorScorer"),
    "resampled": ("equipoise.learners.resampled.learner", "ResampledLearner", ""),
}
_NAMES = [name for name, (_, _, scorer) in _LEARNERS.items() if scorer]


def learner_for(strategy: Strategy) -> Learner:
    """Return the learner of a strategy; the same one for all that share it.

    Args:
        strategy: A strategy; one around a sampler object has a learner of its own.

    Raises:
        InputError: No learner has that name.

    Example:
        >>> from equipoise.strategies.catalogue import strategy
        >>> type(learner_for(strategy("prior"))).__name__
        'PriorLearner'
    """
    if hasattr(strategy, "resampler"):
        return _learner("resampled")
    return _learner(one_of(strategy.learner, _NAMES, "learner"))


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
    module, _, scorer = _LEARNERS[one_of(learner, _NAMES, "learner")]
    if learner == "network":  # without the engine, which loads TensorFlow
        module = "equipoise.training.scorer"
    built: Scorer = getattr(importlib.import_module(module), scorer).from_state(state)
    return built


@cache
def _learner(name: str) -> Learner:
    module, learner, _ = _LEARNERS[name]
    built: Learner = getattr(importlib.import_module(module), learner)()
    return built
