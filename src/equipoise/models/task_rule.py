# SPDX-License-Identifier: Apache-2.0
"""The decision rule of a fitted model of several classes or labels, evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equipoise._core.types import AnyArray, BoolArray, FloatArray
from equipoise.decision.calibrator import Calibrator
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.class_rule_making import certify_class_rule
from equipoise.decision.label_rule_making import certify_label_rule
from equipoise.errors import RefusedError
from equipoise.evaluation.task_cross_validation import cross_validated_task
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.evaluation.task_out_of_fold import fit_task_calibrator
from equipoise.evaluation.task_rules import TaskRule, fit_task_rule
from equipoise.models.average import Average
from equipoise.models.fitted_rule import UnseenRows
from equipoise.models.goal import Goal, TaskGoal
from equipoise.table.rare_classes import judged_rows
from equipoise.trials.fold_scores import Scores
from equipoise.trials.plan import TrialPlan

FLATTERED = (
    "Without the rows of one fold the floors could not be met, so the decisions are "
    "judged on the rows that chose the rule: their figures flatter it."
)


@dataclass(frozen=True, eq=False)
class RuleRows:
    """Which of the rows that the average has scored choose and judge a rule.

    Attributes:
        rows: `[tested]` which; rows of a class that is too rare are not.
        y: `[tested]` class numbers, or `[tested, labels]`, where a label that is too
            rare counts as unknown.
        unscored: Class or label that is too rare to the reason.
    """

    rows: BoolArray
    y: AnyArray
    unscored: Mapping[str, str]


def scored_rows(plan: TrialPlan, average: Average) -> RuleRows:
    """Return the rows that choose and judge the rule.

    Args:
        plan: Which rows were split, and how.
        average: The average of the models.
    """
    y = np.array(average.y, np.int64)
    folds, units = plan.protocol.folds, plan.keys.units
    return RuleRows(*judged_rows(plan.table, folds, units, y))


def choose_task_rule(
    plan: TrialPlan,
    scores: Scores,
    average: Average,
    goal: Goal,
    calibration: str,
    unseen: UnseenRows | None,
) -> TaskRule:
    """Calibrate the average and choose its rule.

    A class that is too rare to be scored is calibrated with the others, and chooses
    nothing.

    Args:
        plan: Which rows were split, and how.
        scores: What the fits gave.
        average: Scores and targets to calibrate and to choose on.
        goal: What the rule is to reach.
        calibration: How scores are calibrated, see `fit_class_calibrator`.
        unseen: Rows on which floors are certified; None if none are.

    Raises:
        RefusedError: A floor cannot be met, or not be certified, on these rows.
        InputError: The goal does not fit the task.
    """
    task, seed = plan.table.task, plan.protocol.seed
    asked = goal.of_task(task)
    weights = _weights(average)
    folds = scores.folds[0, average.tested]
    calibrator = fit_task_calibrator(
        task,
        average.log_odds,
        average.y,
        folds,
        weights,
        method=calibration,
        seed=seed,
    )
    scored = scored_rows(plan, average)
    use = scored.rows
    rule = fit_task_rule(
        asked.objective,
        task,
        calibrator.probability(average.log_odds[use]),
        scored.y[use],
        weights[use],
        folds[use],
        costs=asked.costs,
        floors=asked.floors if unseen is None else None,
        calibrator=None if isinstance(calibrator, Calibrator) else calibrator,
        seed=seed,
    )
    if unseen is None or asked.floors is None:
        return rule
    p = rule.probability(unseen.log_odds)
    level = float(goal.certify or np.nan)
    if isinstance(rule, ClassRule):
        return certify_class_rule(rule, p, unseen.y, asked.floors, level=level)
    return certify_label_rule(rule, p, unseen.y, asked.floors, level=level)


@dataclass(frozen=True, eq=False)
class JudgedRule:
    """What is known of the average and its rule.

    Attributes:
        evaluation: Every metric, and each class or label.
        notes: What the user should know.
    """

    evaluation: TaskEvaluation
    notes: tuple[str, ...]


def evaluate_task_rule(
    plan: TrialPlan,
    scores: Scores,
    average: Average,
    goal: Goal,
    rule: TaskRule,
) -> JudgedRule:
    """Evaluate the average as the one arm of a trial.

    Each fold is calibrated, and decided, by what the other folds choose; a certified
    rule, which other rows made, decides as it is.

    Args:
        plan: Which rows were split, and how.
        scores: What the fits gave.
        average: The average of the models.
        goal: What the rule is to reach.
        rule: The rule that is handed over.
    """
    asked = goal.of_task(plan.table.task)
    if rule.level is not None:
        return _judged(plan, scores, average, asked, rule, rule)
    try:
        return _judged(plan, scores, average, asked, rule, None)
    except RefusedError:
        made = _judged(plan, scores, average, asked, rule, rule)
        return replace(made, notes=(*made.notes, FLATTERED))


def _judged(
    plan: TrialPlan,
    scores: Scores,
    average: Average,
    asked: TaskGoal,
    rule: TaskRule,
    fixed: TaskRule | None,
) -> JudgedRule:
    scored, units = scored_rows(plan, average), plan.keys.units
    use = scored.rows
    options: dict[str, Any] = {"costs": asked.costs}
    if fixed is None:
        options |= {"objective": asked.objective, "floors": asked.floors}
    weights = average.weights
    results = cross_validated_task(
        plan.table.task,
        scored.y[use],
        {"model": average.out_of_fold[:, use]},
        scores.folds[:, average.tested][:, use],
        rule=fixed,
        clusters=None if units is None else units[average.tested][use],
        weights=None if weights is None else weights[use],
        unscored=scored.unscored,
        baseline="model",
        seed=plan.protocol.seed,
        sizes=scores.sizes(plan.protocol.by),
        **options,
    )
    evaluation = replace(results["model"].evaluation, rule=rule.describe())
    return JudgedRule(evaluation, results.notes)


def _weights(average: Average) -> FloatArray:
    if average.weights is None:
        return np.ones(len(average.y))
    return average.weights
