# SPDX-License-Identifier: Apache-2.0
"""Which parts of a strategy change nothing on the rows at hand.

A remedy that has no effect must not pass for one that was tried. What only training
shows, such as a loss that was never reached, is reported by the learners.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.priors import log_odds, prior_logits, prior_offsets
from equipoise.strategies.strategy import Strategy
from equipoise.weights.scheme import check_totals
from equipoise.weights.schemes import class_weights

LEAST_SHIFT = 0.02
"""Odds that differ by less than this share differ by next to nothing."""


def idle_parts(strategy: Strategy, totals: npt.ArrayLike) -> tuple[str, ...]:
    """Return what has no effect on so many training rows, one sentence each.

    Args:
        strategy: The strategy.
        totals: `[classes]` the number of training rows of each class, or their total
            weight.

    Returns:
        Sentences without the name of the strategy; none if every part has an effect.

    Raises:
        InputError: A class is empty.

    Example:
        >>> print(idle_parts(Strategy(weights="balanced"), [50, 50])[0])
        weights='balanced' has no effect: a positive counts as much as a negative.
        >>> idle_parts(Strategy(weights="balanced"), [90, 10])
        ()
    """
    each = check_totals(totals)
    sentences = [*_weights(strategy, each), *_loss(strategy, each)]
    if strategy.learner_record.trains_networks:
        sentences += _sampling(strategy, each)
    if strategy.plan is not None and strategy.members == 1:
        sentences.append(
            f"plan={strategy.plan!r} has no effect: with members=1 nothing is averaged."
        )
    return tuple(sentences)


def _weights(strategy: Strategy, totals: FloatArray) -> Iterator[str]:
    scheme = strategy.parts.scheme
    if scheme is None:
        return
    w0, w1 = strategy.class_weights(totals).tolist()
    what = f"weights={scheme.name!r}"
    if _no_shift(math.log(w1 / w0)):
        yield (
            f"{what} has no effect: a positive counts as much as a negative"
            f"{_about(w1 / w0)}."
        )
    elif scheme.limit is not None:
        option, unlimited = scheme.limit
        v0, v1 = class_weights(unlimited, totals).tolist()
        if math.isclose(v1 / v0, w1 / w0):
            yield (
                f"{option}={strategy.option(option):g} of {what} has no effect: the "
                f"weights do not reach it, so they are those of {unlimited!r}."
            )


def _loss(strategy: Strategy, totals: FloatArray) -> Iterator[str]:
    record, loss = strategy.loss_record, strategy.loss
    neutral, alpha = record.neutral, strategy.option(record.class_share)
    if neutral and all(strategy.option(n) == value for n, value in neutral.items()):
        named = ", ".join(f"{name}={value:g}" for name, value in neutral.items())
        if isinstance(alpha, int | float) and not _no_shift(float(log_odds(alpha))):
            yield (
                f"{named} of loss={loss!r} has no effect: it is the cross-entropy with "
                "class weights."
            )
        else:
            yield f"loss={loss!r} has no effect: at {named} it is the cross-entropy."
    elif record.needs_prior:
        shift = float(prior_logits(strategy.drawn_prior(totals))[0])
        if _no_shift(shift):
            yield (
                f"loss={loss!r} has no effect: half of the drawn rows are positive, so "
                f"it adjusts nothing{_about(math.exp(shift))}."
            )
    if isinstance(alpha, int | float) and _no_shift(float(log_odds(alpha))):
        yield (
            f"{record.class_share}={alpha:g} of loss={loss!r} has no effect: a "
            "positive counts as much as a negative."
        )


def _sampling(strategy: Strategy, totals: FloatArray) -> Iterator[str]:
    sampler, synthesis = strategy.parts.sampler_type, strategy.parts.synthesis_type
    (shift,) = -prior_offsets(strategy.drawn_prior(totals), totals / totals.sum())
    if not sampler.keeps_shares and _no_shift(shift):
        what = f"sampling={sampler.name!r}"
        if strategy.plan is not None and strategy.sampling == "natural":
            what = f"plan={strategy.plan!r}"
        yield (
            f"{what} rebalances nothing: positives are drawn at the share that they "
            f"have{_about(math.exp(shift))}."
        )
    if synthesis is None or not synthesis.fills:
        return
    if not sampler.repeats_positives or shift <= LEAST_SHIFT:
        yield (
            f"synthesis={synthesis.name!r} has no effect: no positive is drawn "
            "more often than a negative, so none is replaced."
        )


def _no_shift(shift: float) -> bool:
    return abs(shift) <= LEAST_SHIFT


def _about(ratio: float) -> str:
    return "" if abs(math.log(ratio)) < 1e-9 else f", to within {LEAST_SHIFT:.0%}"
