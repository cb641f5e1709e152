# SPDX-License-Identifier: Apache-2.0
"""How each recipe's scores return to the population's probabilities.

Weights and sampling within a class leave the class-conditional distributions as
they are. They multiply the odds that the model is shown by
(w1 / w0) * odds(drawn prior) / odds(population prior), and a loss whose minimiser
is the log-odds learns exactly that. See Elkan (2001), theorem 2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from equipoise.priors import Correction, log_odds, prior_offset
from equipoise.weights.scheme import check_counts

if TYPE_CHECKING:
    from equipoise.strategies.strategy import Strategy


def correction(strategy: Strategy, negatives: float, positives: float) -> Correction:
    """Return the correction of a strategy on so many training rows.

    Raises:
        InputError: A class is empty.
    """
    n0, n1 = check_counts(negatives, positives)
    if strategy.learner == "prior":
        return Correction()
    shifts = _shifts(strategy, n0, n1)
    offset = math.fsum(shifts.values())
    obstacle = _obstacle(strategy)
    if obstacle:
        return Correction("calibrate", offset, reason=obstacle)
    link = strategy.loss_record.link
    if link == "focal":
        reason = _reason(["the focal loss", *_named(shifts)])
        return Correction("focal", offset, float(strategy.option("gamma") or 0), reason)
    named = _named(shifts)
    return (
        Correction("offset", offset, reason=_reason(named)) if named else Correction()
    )


def _shifts(strategy: Strategy, n0: float, n1: float) -> dict[str, float]:
    """Return what each part adds to the correction, by the part's name."""
    w0, w1 = strategy.class_weights(n0, n1)
    sampler = strategy.sampler()
    drawn, population = strategy.drawn_prior(n0, n1), n1 / (n0 + n1)
    shifts = {
        "class weights": -math.log(w1 / w0),
        f"{sampler.name} sampling": prior_offset(drawn, population),
    }
    alpha = strategy.option("alpha")
    if isinstance(alpha, float | int):
        shifts["the focal loss' alpha"] = -float(log_odds(alpha))
    if strategy.loss_record.needs_prior:
        # The loss sees z + tau * log odds(drawn prior) where z is the score.
        tau = float(strategy.option("tau") or 0)
        shifts["logit adjustment"] = tau * float(log_odds(drawn))
    return shifts


def _obstacle(strategy: Strategy) -> str:
    """Return why there is no exact correction, or an empty text."""
    if strategy.loss_record.link == "calibrate":
        return f"the {strategy.loss} loss orders scores and does not say what they mean"
    if strategy.learner == "extra_trees":
        return "a mean over leaves is drawn towards the share of positives"
    synthesis = strategy.synthesizer()
    if synthesis is None:
        return ""
    if synthesis.soft:
        return f"{synthesis.name} fits blends of examples, not examples"
    return f"{synthesis.name} changes where positives lie, not only how many there are"


def _named(shifts: dict[str, float]) -> list[str]:
    return [name for name, shift in shifts.items() if shift != 0]


def _reason(parts: list[str]) -> str:
    return f"{' and '.join(parts)} undone in closed form"
