# SPDX-License-Identifier: Apache-2.0
"""A strategy in words: its name, and one sentence that says what it does."""

from __future__ import annotations

import numpy.typing as npt

from equipoise._core.numerals import exact, phrase_options, significant
from equipoise.priors import Correction
from equipoise.strategies.corrections import correction
from equipoise.strategies.parts import Parts


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
        totals: `[classes]` training rows: weights and correction are then given in
            numbers; or None.
    """
    if parts.learner.constant:
        return f"{parts.learner.phrase.capitalize()}."
    text = f"{_learning(parts)}{_weighting(parts, totals)}{_minimising(parts)}"
    # Any unequal totals show which kind of correction it is.
    shown = (3, 1) if totals is None else totals
    returned = _returning(correction(parts, shown), totals is not None)
    return f"{text[0].upper()}{text[1:]}; {returned}."


def _learning(parts: Parts) -> str:
    text = parts.learner.phrase
    if not parts.learner.trains_networks:
        return f"{text} on all rows"
    if parts.plan is not None:
        values = {**parts.options, "learner": parts.learner.name}
        text = parts.plan.phrase.format(**phrase_options(values))
    text += f" on batches drawn {parts.sampler().describe()}"
    synthesis = parts.synthesis()
    return text if synthesis is None else f"{text}, {synthesis.describe()}"


def _weighting(parts: Parts, totals: npt.ArrayLike | None) -> str:
    if parts.scheme is None:
        return ""
    values = {name: parts.options[name] for name in parts.scheme.options}
    phrase = parts.scheme.phrase.format(**phrase_options(values))
    text = f", positives weighted {phrase}"
    if totals is not None:
        w0, w1 = parts.class_weights(totals).tolist()
        text += f" (here {significant(w1 / w0)} to 1)"
    return text


def _minimising(parts: Parts) -> str:
    loss = parts.loss.phrase.format(**phrase_options(parts.options))
    return f", minimising {loss}{at_rate(parts)}"


def at_rate(parts: Parts) -> str:
    """Return the words for a learning rate that the strategy names; else none."""
    rate = parts.options.get("learning_rate")
    return "" if rate is None else f" at a learning rate of {exact(float(rate))}"


def _returning(correction: Correction, in_numbers: bool) -> str:
    """Say how scores return to probabilities."""
    if correction.kind == "calibrate":
        return f"scores need a calibrator, since {correction.reason}"
    shift = ""
    if any(correction.offset):
        shift = (
            f"by {correction.offset[0]:+.3f} on the log-odds"
            if in_numbers
            else "by a known shift of the log-odds"
        )
    if correction.kind == "focal":
        then = f" and {shift}" if shift else ""
        return (
            f"scores return to probabilities through the focal loss' closed form{then}"
        )
    return f"scores return to probabilities {shift or 'as they are'}"
