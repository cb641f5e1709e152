# SPDX-License-Identifier: Apache-2.0
"""How a strategy's scores return to the population's probabilities.

Weights and sampling within a class leave the class-conditional distributions as
they are. They multiply the odds that the model is shown by
(w1 / w0) * odds(drawn prior) / odds(population prior), and a loss whose minimiser
is the log-odds learns exactly that. See Elkan (2001), theorem 2.
"""

from __future__ import annotations

import math

from equipoise.priors import Correction, prior_offset
from equipoise.strategies.parts import Parts
from equipoise.weights.scheme import check_counts


def correction(parts: Parts, negatives: float, positives: float) -> Correction:
    """Return the correction of a strategy on so many training rows.

    Args:
        parts: What the strategy is made of.
        negatives: The number of negative training rows, or their total weight.
        positives: The number of positive training rows, or their total weight.

    Raises:
        InputError: A class is empty.
    """
    n0, n1 = check_counts(negatives, positives)
    if parts.learner.scores == "population":
        return Correction()
    shifts = _shifts(parts, n0, n1)
    offset = math.fsum(shifts.values())
    obstacle = _obstacle(parts)
    if obstacle:
        return Correction("calibrate", offset, reason=obstacle)
    named = [name for name, shift in shifts.items() if shift != 0]
    if parts.loss.link == "focal":
        gamma = float(parts.options["gamma"] or 0)
        return Correction("focal", offset, gamma, _reason([parts.loss.title, *named]))
    return Correction(offset=offset, reason=_reason(named)) if named else Correction()


def _shifts(parts: Parts, n0: float, n1: float) -> dict[str, float]:
    """Return what each part adds to the correction, by the part's name."""
    w0, w1 = parts.class_weights(n0, n1)
    drawn, population = parts.drawn_prior(n0, n1), n1 / (n0 + n1)
    return {
        "class weights": -math.log(w1 / w0),
        f"{parts.sampler_type.name} sampling": prior_offset(drawn, population),
        **parts.loss.shifts(parts.options, drawn),
    }


def _obstacle(parts: Parts) -> str:
    """Return why there is no exact correction, or an empty string."""
    if parts.loss.link == "calibrate":
        return parts.loss.obstacle
    if parts.learner.scores == "uncalibrated":
        return parts.learner.obstacle
    return "" if parts.synthesis_type is None else parts.synthesis_type.obstacle()


def _reason(names: list[str]) -> str:
    return f"{' and '.join(names)} undone in closed form"
