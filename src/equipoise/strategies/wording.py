# SPDX-License-Identifier: Apache-2.0
"""A strategy in words: its name, and one sentence that says what it does."""

from __future__ import annotations

import dataclasses
import math
from typing import cast

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import exact, phrase_options, significant
from equipoise.priors import Correction
from equipoise.sampling.named import NamedShares
from equipoise.sampling.proportions import TOLERANCE
from equipoise.strategies.corrections import correction, weighs_rows
from equipoise.strategies.parts import Parts
from equipoise.task import Task, TaskKind
from equipoise.weights.by_class import example_task
from equipoise.weights.named import NamedScheme, named_scheme
from equipoise.weights.scheme import kind_of_totals


def derived_name(parts: Parts) -> str:
    """Return the names of the parts that are not the default, joined by a plus."""
    words = [] if parts.learner.name == "network" else [parts.learner.name]
    if parts.plan is not None:
        words.append(parts.plan.name)
    if parts.sampling != "natural":
        words.append(parts.sampling)
    if parts.synthesis_type is not None:
        words.append(parts.synthesis_type.name)
    if parts.scheme is not None:
        words.append(parts.scheme.name)
    if parts.loss.name != "cross_entropy":
        words.append(parts.loss.name)
    return "+".join(words) or "plain"


def description(parts: Parts, totals: npt.ArrayLike | None) -> str:
    """Return one sentence that says what a strategy does.

    Args:
        parts: What the strategy is made of.
        totals: `[classes]` training rows, or `[labels, 2]` without and with each
            label: weights and correction are then given in numbers; or None.
    """
    kind = "binary" if totals is None else kind_of_totals(totals)
    if parts.learner.constant:
        return f"{_who(parts, kind).capitalize()}."
    # Any unequal totals show which kind of correction it is.
    shown: npt.ArrayLike = (3, 1) if totals is None else totals
    if totals is None and parts.shares is not None:
        parts, shown, kind = _with_shares(parts, parts.shares)
    text = f"{_learning(parts, kind)}{_weighting(parts, totals)}{_minimising(parts)}"
    if parts.by_rounds and not parts.learner.trains_networks:
        text = _learning(parts, kind)  # what its models minimise is their own affair
    unbound = totals is None and parts.shares is None
    if unbound and isinstance(parts.scheme, NamedScheme):
        named = parts.scheme.named.example()
        parts = dataclasses.replace(parts, scheme=named_scheme(named))
        shown = np.arange(len(named.classes)) + 1
    returned = _returning(correction(parts, shown), totals is not None, kind)
    if weighs_rows(parts, kind):
        returned = f"each row weighs 1 / the rate at which it is drawn; {returned}"
    return f"{text[0].upper()}{text[1:]}; {returned}."


def _with_shares(
    parts: Parts, shares: NamedShares
) -> tuple[Parts, npt.ArrayLike, TaskKind]:
    """Return parts whose shares know their classes, totals of these, and the kind.

    Without a table, for one of the classes that are named, and two more if the shares
    leave something for them.
    """
    scheme = parts.scheme
    named = scheme.named if isinstance(scheme, NamedScheme) else None
    if shares.classes:
        task = Task(cast("TaskKind", shares.kind), shares.classes)
    else:
        pairs = (*shares.by_name, *(() if named is None else named.by_name))
        names = list(dict.fromkeys(name for name, _ in pairs))
        shared_out = math.fsum(share for _, share in shares.by_name)
        task = example_task(names, others=shared_out < 1 - TOLERANCE)
    bound = dataclasses.replace(parts, shares=shares.of(task))
    if named is not None:
        bound = dataclasses.replace(bound, scheme=named_scheme(named.of(task)))
    rows = np.arange(len(task.classes)) + 1
    totals = np.stack([rows + 2, rows], 1) if task.kind == "multilabel" else rows[::-1]
    return bound, totals, task.kind


def _who(parts: Parts, kind: str) -> str:
    for_classes = "" if kind == "binary" else parts.learner.class_phrase
    return for_classes or parts.learner.phrase


def _pieces(parts: Parts) -> str:
    """Return how the lines of a logistic regression bend; nothing for straight ones."""
    pieces = parts.options.get("pieces")
    return "" if pieces is None else f" of lines that have up to {pieces} pieces"


def _learning(parts: Parts, kind: str) -> str:
    text = f"{_who(parts, kind)}{_pieces(parts)}"
    if parts.plan is not None and parts.by_rounds:
        values = {**parts.options, "learner": text}
        return parts.plan.rounds_phrase.format(**phrase_options(values))
    if not parts.draws:
        return f"{text} on all rows"
    if parts.plan is not None:
        values = {**parts.options, "learner": parts.learner.name}
        text = parts.plan.phrase.format(**phrase_options(values))
    sampler, synthesis = parts.sampler(), parts.synthesis()
    two = kind == "binary"
    if parts.learner.draws_rows:
        text += " on batches drawn "
        text += sampler.describe() if two else sampler.describe_classes(kind)
    else:
        text += f" on rows drawn once, {sampler.describe_rows(kind)}"
    if synthesis is None:
        return text
    made = synthesis.describe() if two else synthesis.describe_classes(kind)
    return f"{text}, {made}"


def _weighting(parts: Parts, totals: npt.ArrayLike | None) -> str:
    text = _weighted(parts, totals)
    if parts.weights_after is None:
        return text
    return f"{text}, from {parts.weights_after:.0%} of the epochs on at the latest"


def _weighted(parts: Parts, totals: npt.ArrayLike | None) -> str:
    if parts.scheme is None:
        return ""
    if isinstance(parts.scheme, NamedScheme):
        return f", rows weighted by class: {parts.scheme.named.describe()}"
    values = {name: parts.options[name] for name in parts.scheme.options}
    kind = "binary" if totals is None else kind_of_totals(totals)
    several = kind == "multiclass" and parts.scheme.class_phrase
    phrase = (several or parts.scheme.phrase).format(**phrase_options(values))
    if totals is None:
        return f", positives weighted {phrase}"
    weights = parts.class_weights(totals)
    if kind == "binary":
        w0, w1 = weights.tolist()
        return f", positives weighted {phrase} (here {significant(w1 / w0)} to 1)"
    present = np.asarray(totals) > 0
    if kind == "multiclass":
        most = weights[present].max() / weights[present].min()
        return f", classes weighted {phrase} (here up to {significant(most)} to 1)"
    most = (weights[:, 1] / weights[:, 0]).max()
    each = f"each label's positives weighted {phrase}"
    return f", {each} (here up to {significant(most)} to 1)"


def _minimising(parts: Parts) -> str:
    loss = parts.loss.phrase.format(**phrase_options(parts.options))
    return f", minimising {loss}{at_rate(parts)}"


def at_rate(parts: Parts) -> str:
    """Return the words for what the strategy names of its network; else none."""
    rate = parts.options.get("learning_rate")
    words = "" if rate is None else f" at a learning rate of {exact(float(rate))}"
    named = [
        f"{name.replace('_', ' ')} {exact(float(value))}"
        for name in ("weight_decay", "dropout", "width", "depth")
        if (value := parts.options.get(name)) is not None
    ]
    return f"{words} with {', '.join(named)}" if named else words


_SHIFTS = {
    "binary": "by a known shift of the log-odds",
    "multiclass": "by a known shift of each class's logit",
    "multilabel": "by a known shift of each label's log-odds",
}


def _returning(correction: Correction, in_numbers: bool, kind: str) -> str:
    """Say how scores return to probabilities."""
    if correction.kind == "calibrate":
        return f"scores need a calibrator, since {correction.reason}"
    shift = ""
    if any(correction.offset):
        shift = (
            f"by {correction.offset[0]:+.3f} on the log-odds"
            if in_numbers and kind == "binary"
            else _SHIFTS[kind]
        )
    if correction.kind == "focal":
        then = f" and {shift}" if shift else ""
        return (
            f"scores return to probabilities through the focal loss' closed form{then}"
        )
    if correction.kind == "form":
        then = f" and {shift}" if shift else ""
        return f"scores return to probabilities through the loss' closed form{then}"
    return f"scores return to probabilities {shift or 'as they are'}"
