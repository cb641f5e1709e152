# SPDX-License-Identifier: Apache-2.0
"""The average of all fold models, and its scores of the rows that they were fitted on.

A row has out-of-fold scores of few models, and the average of all is less noisy. So
the scores of each class are given the distribution that the average's have in it, see
`ensembles.average_scale`: what is calibrated is what is returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray
from equipoise.ensembles.average_scale import (
    average_scores,
    crossed,
    score_pairs,
)
from equipoise.ensembles.blend import mean_log_odds, pool
from equipoise.ensembles.selection import blend_weights
from equipoise.learners.user_model.input import UserInput
from equipoise.models.model import Component
from equipoise.strategies.blended import LOG_LOSS, Blend
from equipoise.trials.fold_scores import Scores
from equipoise.trials.plan import TrialPlan
from equipoise.trials.sources import TrialRows


@dataclass(frozen=True, eq=False)
class Average:
    """The fold models of several strategies, averaged, on the rows that were tested.

    Attributes:
        components: What is averaged, with blend weights that sum to 1.
        tested: `[rows]` which rows every repeat tests; the other attributes are of
            these rows.
        y: `[tested]` labels; class numbers; or `[tested, labels]`.
        weights: `[tested]` how much each row counts; None for 1 each.
        out_of_fold: `[repeats, tested]` log-odds of the average of a row's own models;
            `[repeats, tested, width]` scores of several classes or labels.
        log_odds: `[tested]` the same with the distribution that the average of all
            models has in each class; `[tested, width]` the mean over the repeats.
    """

    components: tuple[Component, ...]
    tested: BoolArray
    y: npt.NDArray[np.generic]
    weights: FloatArray | None
    out_of_fold: FloatArray
    log_odds: FloatArray


def average_models(
    rows: TrialRows,
    plan: TrialPlan,
    scores: Scores,
    *,
    blended: Blend | None,
) -> Average:
    """Return the average of the fold models, its weights learned out of fold.

    Args:
        rows: The rows that were split.
        plan: How, and the strategies.
        scores: What the fits gave, models among them.
        blended: The average that was named, which has the weights before any data and
            the rule by which they are learned; None for equal ones and least log loss.
    """
    tested = scores.tested
    y = rows.table.labels()[tested]
    weights = None if rows.weights is None else rows.weights[tested]
    log_odds = {name: z[:, tested] for name, z in scores.log_odds.items()}
    task = plan.table.task
    shares = blend_weights(
        log_odds,
        y,
        LOG_LOSS if blended is None else blended.rule,
        shares=None if blended is None else blended.prior,
        rows=weights,
        task=task,
    )
    components = _components(rows, plan, scores, shares)
    out_of_fold = pool(log_odds, shares, task.link)
    if task.kind != "binary":
        mean = mean_log_odds(out_of_fold, task.link)
        return Average(components, tested, y, weights, out_of_fold, mean)
    seed = plan.protocol.seed
    made = crossed(rows.model_input.take(tested), y, seed)
    single, average = score_pairs(
        {c.strategy.name: c.each(made)[..., 0] for c in components},
        {c.strategy.name: c.weight for c in components},
        scores.repeats,
        seed,
    )
    mean = average_scores(mean_log_odds(out_of_fold), y, single, average, weights)
    return Average(components, tested, y, weights, out_of_fold, mean)


def _components(
    rows: TrialRows,
    plan: TrialPlan,
    scores: Scores,
    shares: Mapping[str, float],
) -> tuple[Component, ...]:
    """Return the strategies that have a blend weight, with their fold models."""
    user_input = None if rows.x is None else UserInput.of(rows.x)
    return tuple(
        Component(
            strategy,
            shares[strategy.name],
            scores.scorers[strategy.name],
            user_input,
            plan.table.task.link,
        )
        for strategy in plan.strategies
        if strategy.name in shares
    )
