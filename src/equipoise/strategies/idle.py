# SPDX-License-Identifier: Apache-2.0
"""Which parts of a strategy change nothing on the rows at hand.

A remedy that has no effect must not pass for one that was tried. What only training
shows, such as a loss that was never reached, is told by the learners.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from equipoise.priors import log_odds
from equipoise.sampling.samplers import SAMPLERS
from equipoise.strategies.plans import effective_sampling
from equipoise.strategies.strategy import Strategy
from equipoise.synthesis.syntheses import SYNTHESES
from equipoise.weights.schemes import class_weights

NEAR = 0.02
"""Odds that differ by less than this share differ by next to nothing."""

KEEPS_SHARES = ("natural", "stratified", "bootstrap")
"""Samplers that are meant to draw positives at the share that they have."""


def idle_parts(
    strategy: Strategy, negatives: float, positives: float
) -> tuple[str, ...]:
    """Return what has no effect on so many training rows, one sentence each.

    Args:
        strategy: The strategy.
        negatives: The number of negative training rows, or their total weight.
        positives: The number of positive training rows, or their total weight.

    Returns:
        Sentences without the name of the strategy; none if every part counts.

    Raises:
        InputError: A class is empty.

    Example:
        >>> print(idle_parts(Strategy(weights="balanced"), 50, 50)[0])
        weights='balanced' has no effect: a positive counts as much as a negative.
        >>> idle_parts(Strategy(weights="balanced"), 90, 10)
        ()
    """
    found = [
        *_weights(strategy, negatives, positives),
        *_loss(strategy, negatives, positives),
    ]
    if strategy.learner == "network":
        found += _sampling(strategy, negatives, positives)
    if strategy.plan is not None and strategy.members == 1:
        found.append(
            f"plan={strategy.plan!r} has no effect: with members=1 nothing is averaged."
        )
    return tuple(found)


def _weights(strategy: Strategy, negatives: float, positives: float) -> Iterator[str]:
    name = strategy.weights
    if name is None:
        return
    w0, w1 = strategy.class_weights(negatives, positives)
    what = f"weights={name!r}"
    if _no_shift(math.log(w1 / w0)):
        yield (
            f"{what} has no effect: a positive counts as much as a negative"
            f"{_about(w1 / w0)}."
        )
    elif name == "capped":
        free = class_weights("balanced", negatives, positives)
        if math.isclose(free[1] / free[0], w1 / w0):
            cap = strategy.option("cap")
            yield (
                f"cap={cap:g} of {what} has no effect: the weights do not reach it, so "
                "they are those of 'balanced'."
            )


def _loss(strategy: Strategy, negatives: float, positives: float) -> Iterator[str]:
    objective, loss = strategy.loss_record, strategy.loss
    neutral, alpha = objective.neutral, strategy.option("alpha")
    if neutral and all(strategy.option(n) == value for n, value in neutral.items()):
        named = ", ".join(f"{name}={value:g}" for name, value in neutral.items())
        if isinstance(alpha, int | float) and not _no_shift(float(log_odds(alpha))):
            yield (
                f"{named} of loss={loss!r} has no effect: it is the cross-entropy with "
                "class weights."
            )
        else:
            yield f"loss={loss!r} has no effect: at {named} it is the cross-entropy."
    elif objective.needs_prior:
        drawn = float(log_odds(strategy.drawn_prior(negatives, positives)))
        if _no_shift(drawn):
            yield (
                f"loss={loss!r} has no effect: half of the drawn rows are positive, so "
                f"it adjusts nothing{_about(math.exp(drawn))}."
            )
    if isinstance(alpha, int | float) and _no_shift(float(log_odds(alpha))):
        yield (
            f"alpha={alpha:g} of loss={loss!r} has no effect: a positive counts as "
            "much as a negative."
        )


def _sampling(strategy: Strategy, negatives: float, positives: float) -> Iterator[str]:
    name = effective_sampling(strategy)
    drawn = strategy.drawn_prior(negatives, positives)
    natural = positives / (negatives + positives)
    shift = float(log_odds(drawn)) - float(log_odds(natural))
    if name not in KEEPS_SHARES and _no_shift(shift):
        what = f"sampling={name!r}"
        if strategy.plan is not None and strategy.sampling == "natural":
            what = f"plan={strategy.plan!r}"
        yield (
            f"{what} rebalances nothing: positives are drawn at the share that they "
            f"have{_about(math.exp(shift))}."
        )
    synthesis = strategy.synthesis
    if synthesis is None or not SYNTHESES[synthesis].fills:
        return
    if not SAMPLERS[name].repeats_positives or shift <= NEAR:
        yield (
            f"synthesis={synthesis!r} has no effect: no positive is drawn oftener than "
            "a negative, so none is replaced."
        )


def _no_shift(shift: float) -> bool:
    return abs(shift) <= NEAR


def _about(ratio: float) -> str:
    return "" if abs(math.log(ratio)) < 1e-9 else f", to within {NEAR:.0%}"
