# SPDX-License-Identifier: Apache-2.0
"""How a strategy's scores return to the population's probabilities.

Weights and sampling within a class leave the class-conditional distributions as
they are. They multiply the odds of class c against the first, as the model is shown
them, by (w_c / w_0) * odds(drawn prior) / odds(population prior), and a loss whose
minimiser is the log-odds learns exactly that. See Elkan (2001), theorem 2.
"""

from __future__ import annotations

import math

import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.priors import Correction, prior_offsets, weight_offsets
from equipoise.strategies.parts import Parts
from equipoise.weights.scheme import check_totals


def correction(parts: Parts, totals: npt.ArrayLike) -> Correction:
    """Return the correction of a strategy on so many training rows.

    Args:
        parts: What the strategy is made of.
        totals: `[classes]` the number of training rows of each class, or their total
            weight.

    Raises:
        InputError: A class is empty.
    """
    each = check_totals(totals)
    if parts.learner.scores == "population":
        return Correction()
    shifts = _shifts(parts, each)
    offset = tuple(map(math.fsum, zip(*shifts.values(), strict=True)))
    obstacle = _obstacle(parts)
    if obstacle:
        return Correction("calibrate", offset, reason=obstacle)
    named = [name for name, shift in shifts.items() if any(shift)]
    if parts.loss.link == "focal":
        gamma = float(parts.options["gamma"] or 0)
        return Correction("focal", offset, gamma, _reason([parts.loss.title, *named]))
    return Correction(offset=offset, reason=_reason(named)) if named else Correction()


def _shifts(parts: Parts, totals: FloatArray) -> dict[str, FloatArray]:
    """Return what each part adds to the correction, `[width]`, by the part's name."""
    sampled, population = parts.drawn_prior(totals), totals / totals.sum()
    return {
        "class weights": weight_offsets(parts.class_weights(totals)),
        f"{parts.sampler_type.name} sampling": prior_offsets(sampled, population),
        **parts.loss.shifts(parts.options, sampled),
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
