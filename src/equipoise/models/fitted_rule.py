# SPDX-License-Identifier: Apache-2.0
"""The decision rule of a fitted model, and its evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.decision.calibration import fit_calibrator
from equipoise.decision.objectives import as_objective
from equipoise.decision.rule import DecisionRule
from equipoise.decision.rule_making import certified_rule, make_rule
from equipoise.evaluation.cross_validation import CrossValidated, cross_validated
from equipoise.evaluation.decided import Decided
from equipoise.evaluation.evaluation import Evaluation
from equipoise.models.average import Average
from equipoise.models.goal import Goal
from equipoise.trials.fold_scores import Scores
from equipoise.trials.plan import TrialPlan

LOW = 0.5
"""A certified rule that leaves recall, or precision, below it gets a warning."""


@dataclass(frozen=True, eq=False)
class UnseenRows:
    """Rows that nothing has seen, for certified floors.

    Attributes:
        log_odds: `[rows]` of the average, before calibration; `[rows, width]` scores
            of several classes or labels.
        y: `[rows]` labels; class numbers; or `[rows, labels]`.
    """

    log_odds: FloatArray
    y: npt.NDArray[np.generic]


def choose_rule(
    average: Average, goal: Goal, calibration: str, unseen: UnseenRows | None
) -> DecisionRule:
    """Calibrate the average and choose its threshold.

    Args:
        average: Scores and labels to calibrate and to choose on.
        goal: What the rule is to reach.
        calibration: How log-odds are calibrated, see `fit_calibrator`.
        unseen: Rows on which floors are certified; None if none are.

    Raises:
        RefusedError: The floors cannot be certified on these rows.
    """
    calibrator = fit_calibrator(
        average.log_odds,
        average.y,
        method=calibration,
        exact=True,
        weights=average.weights,
    )
    if unseen is None:
        name, options = goal.estimated()
        return make_rule(
            average.log_odds,
            average.y,
            objective=name,
            calibrator=calibrator,
            weights=average.weights,
            **options,
        )
    return certified_rule(
        unseen.log_odds,
        unseen.y,
        precision=goal.precision_floor,
        recall=goal.recall_floor,
        level=goal.certify or math.nan,
        calibrator=calibrator,
    )


def evaluate_rule(
    plan: TrialPlan, scores: Scores, average: Average, goal: Goal, rule: DecisionRule
) -> CrossValidated:
    """Evaluate the average as one arm, decided by the rule that is deployed.

    The rule is applied to the scores that it was chosen on: those of the average of
    all models, as far as they follow from the out-of-fold scores.

    Args:
        plan: Which rows were split, and how.
        scores: What the fits gave.
        average: The average of the models.
        goal: What the rule is to reach.
        rule: The rule.

    Returns:
        A trial of one arm, "model".
    """
    name, options = goal.estimated()
    objective = as_objective(name, options)
    decided = Decided(
        rule.log_odds(average.log_odds)[None],
        rule.threshold_log_odds,
        rule.lower_log_odds,
        objective if rule.basis == "estimated" else None,
    )
    units = plan.keys.units
    return cross_validated(
        average.y,
        {"model": average.out_of_fold},
        scores.folds[:, average.tested],
        objective=name,
        clusters=None if units is None else units[average.tested],
        weights=average.weights,
        decided={"model": decided},
        baseline="model",
        sizes=scores.sizes(plan.protocol.by),
        **({"costs": goal.costs} if goal.costs is not None else options),
    )


def cautions(rule: DecisionRule, evaluation: Evaluation) -> tuple[str, ...]:
    """Say plainly what a certified rule does not promise, if that is little.

    Args:
        rule: The model's rule.
        evaluation: Its evaluation.
    """
    if rule.basis != "certified":
        return ()
    floors = {name for name, value in rule.options if value is not None}
    sentences = []
    recall, precision = evaluation["recall"], evaluation["precision"]
    if "recall" not in floors and not recall.value >= LOW:
        sentences.append(
            "Warning: the certificate is about precision alone. This rule finds few "
            f"of the positives: recall {recall}."
        )
    if "precision" not in floors and not precision.value >= LOW:
        sentences.append(
            "Warning: the certificate is about recall alone. Most of what this rule "
            f"flags is negative: precision {precision}."
        )
    return tuple(sentences)
