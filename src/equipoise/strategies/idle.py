# SPDX-License-Identifier: Apache-2.0
"""Which parts of a strategy change nothing on the rows at hand.

A remedy that has no effect must not pass for one that was tried. What only training
shows, such as a loss that was never reached, is reported by the learners.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.priors import log_odds, prior_offsets
from equipoise.strategies.strategy import Strategy
from equipoise.weights.scheme import kind_of_totals, task_totals

LEAST_SHIFT = 0.02
"""Odds that differ by less than this share differ by next to nothing."""


def idle_parts(strategy: Strategy, totals: npt.ArrayLike) -> tuple[str, ...]:
    """Return what has no effect on so many training rows, one sentence each.

    Args:
        strategy: The strategy.
        totals: `[classes]` the number of training rows of each class, or their total
            weight; or `[labels, 2]` without and with each label.

    Returns:
        Sentences without the name of the strategy; none if every part has an effect.

    Raises:
        InputError: One of two classes is empty.

    Example:
        >>> print(idle_parts(Strategy(weights="balanced"), [50, 50])[0])
        weights='balanced' has no effect: a positive counts as much as a negative.
        >>> idle_parts(Strategy(weights="balanced"), [90, 10])
        ()
    """
    each = task_totals(totals)
    sentences = [*_weights(strategy, each), *_loss(strategy, each)]
    parts = strategy.parts
    balanced = parts.by_rounds and not parts.sampler_type.keeps_shares
    if parts.draws or balanced:
        sentences += _sampling(strategy, each)
    if strategy.parts.plan is not None and strategy.members == 1:
        count = " and ".join(f"{name}=1" for name in strategy.parts.plan.counts)
        sentences.append(
            f"plan={strategy.plan!r} has no effect: with {count} nothing is averaged."
        )
    return tuple(sentences)


_ALIKE: dict[str, str] = {
    "binary": "a positive counts as much as a negative",
    "multiclass": "all classes count alike",
    "multilabel": "with each label and without it rows count alike",
}


def _weights(strategy: Strategy, totals: FloatArray) -> Iterator[str]:
    scheme = strategy.parts.scheme
    if scheme is None:
        return
    ratio = _largest_ratio(strategy.class_weights(totals), totals)
    what = f"weights={scheme.name!r}"
    if _no_shift(math.log(ratio)):
        alike = _ALIKE[kind_of_totals(totals)]
        yield f"{what} has no effect: {alike}{_about(ratio)}."
    elif scheme.limit is not None:
        option, unlimited = scheme.limit
        free = Strategy(learner=strategy.learner, weights=unlimited)
        if np.allclose(
            free.class_weights(totals), strategy.class_weights(totals), 1e-9, 0
        ):
            yield (
                f"{option}={strategy.option(option):g} of {what} has no effect: the "
                f"weights do not reach it, so they are those of {unlimited!r}."
            )


def _loss(strategy: Strategy, totals: FloatArray) -> Iterator[str]:
    record, loss = strategy.loss_record, strategy.loss
    neutral, alpha = record.neutral, strategy.option(record.class_share)
    kind = kind_of_totals(totals)
    if neutral and all(strategy.option(n) == value for n, value in neutral.items()):
        named = ", ".join(f"{name}={value:g}" for name, value in neutral.items())
        if isinstance(alpha, int | float) and not _no_shift(float(log_odds(alpha))):
            yield (
                f"{named} of loss={loss!r} has no effect: it is the cross-entropy with "
                "class weights."
            )
        else:
            yield f"loss={loss!r} has no effect: at {named} it is the cross-entropy."
    elif record.needs_prior and record.idle_if_even:
        ratio = _largest_ratio(strategy.parts.drawn_prior(totals), totals)
        if _no_shift(math.log(ratio)):
            yield (
                f"loss={loss!r} has no effect: {_EVEN[kind]}, so "
                f"it adjusts nothing{_about(ratio)}."
            )
    if isinstance(alpha, int | float) and _no_shift(float(log_odds(alpha))):
        yield (
            f"{record.class_share}={alpha:g} of loss={loss!r} has no effect: "
            f"{_ALIKE[kind]}."
        )


_EVEN: dict[str, str] = {
    "binary": "half of the drawn rows are positive",
    "multiclass": "all classes are drawn alike",
    "multilabel": "half of the rows have each label",
}


def _sampling(strategy: Strategy, totals: FloatArray) -> Iterator[str]:
    if strategy.parts.by_group is not None:
        return  # the groups of the rows tell, and who draws them says it
    sampler, synthesis = strategy.parts.sampler_type, strategy.parts.synthesis_type
    as_they_are = sampler.keeps_shares and not strategy.sampler().left_out()
    if as_they_are and not strategy.learner_record.draws_rows:
        yield f"sampling={sampler.name!r} has no effect: all rows are drawn once."
        return
    kind = kind_of_totals(totals)
    if kind == "multilabel":
        return  # totals of labels do not say how many rows each group of them has
    present = totals > 0
    shares = strategy.drawn_prior(totals)[present]
    shifts = -prior_offsets(shares, totals[present] / totals.sum())
    if kind == "multiclass":  # how much more often than the largest class
        shifts = np.atleast_1d(shifts)
        if len(shares) == 2:
            shifts = np.array([0.0, shifts[0]])
        shifts = shifts - shifts[totals[present].argmax()]
    shift = float(shifts[np.abs(shifts).argmax()])
    if not sampler.keeps_shares and _no_shift(shift):
        what = f"sampling={sampler.name!r}"
        if strategy.plan is not None and strategy.sampling == "natural":
            what = f"plan={strategy.plan!r}"
        who = "positives are drawn at the share that they have"
        if kind == "multiclass":
            who = "each class is drawn at the share that it has"
        yield f"{what} rebalances nothing: {who}{_about(math.exp(shift))}."
    if synthesis is None or not synthesis.fills:
        return
    if not sampler.repeats_positives or shifts.max() <= LEAST_SHIFT:
        who = "no positive is drawn more often than a negative"
        if kind == "multiclass":
            who = "no class is drawn more often than the largest"
        yield (
            f"synthesis={synthesis.name!r} has no effect: {who}, so none is replaced."
        )


def _largest_ratio(values: FloatArray, totals: FloatArray) -> float:
    """Return the ratio that is the farthest from 1: of positives to negatives.

    Of several classes, of the largest to the smallest value among those that are
    present; of labels, of the label whose ratio is the farthest from 1.
    """
    if totals.ndim == 2:
        both = values[totals.all(axis=1)]
        if not len(both):
            return 1.0
        logs = np.log(both[:, 1] / both[:, 0])
        return math.exp(logs[np.abs(logs).argmax()])
    if len(totals) == 2:
        return float(values[1] / values[0])
    present = values[totals > 0]
    return float(present.max() / present.min())


def _no_shift(shift: float) -> bool:
    return abs(shift) <= LEAST_SHIFT


def _about(ratio: float) -> str:
    return "" if abs(math.log(ratio)) < 1e-9 else f", to within {LEAST_SHIFT:.0%}"
