# SPDX-License-Identifier: Apache-2.0
"""The steps of `fit` that rows in memory and rows on disk have in common."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import sentence
from equipoise.diagnosis.made import made_rows
from equipoise.errors import InputError, TrialWarning
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.models.average import Average
from equipoise.models.fitted_rule import (
    UnseenRows,
    cautions,
    choose_rule,
    evaluate_rule,
)
from equipoise.models.goal import Goal
from equipoise.models.model import ModelRule
from equipoise.models.task_rule import choose_task_rule, evaluate_task_rule
from equipoise.strategies.blended import Blend
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned, flattery_note
from equipoise.table.table import Table
from equipoise.trials.fold_scores import Scores
from equipoise.trials.independent_rows import caution
from equipoise.trials.plan import TrialPlan
from equipoise.trials.tuned_arms import tuning_note


@dataclass(frozen=True, eq=False)
class JudgedModel:
    """The rule, what is known of it, and what the user should know.

    Attributes:
        rule: Calibration and decision.
        evaluation: What it is worth.
        notes: What the evaluation says of itself.
        cautions: What a certified rule does not promise.
    """

    rule: ModelRule
    evaluation: Evaluation | TaskEvaluation
    notes: tuple[str, ...]
    cautions: tuple[str, ...] = ()


def judge_model(
    plan: TrialPlan,
    scores: Scores,
    average: Average,
    goal: Goal,
    calibration: str,
    unseen: UnseenRows | None,
) -> JudgedModel:
    """Choose the rule and evaluate it.

    Args:
        plan: Which rows were split, and how.
        scores: What the fits gave.
        average: The average of the models.
        goal: What the rule is to reach.
        calibration: How scores are calibrated.
        unseen: Rows on which floors are certified, or None.
    """
    if plan.table.task.kind != "binary":
        several = plan, scores, average, goal
        rule = choose_task_rule(*several, calibration, unseen)
        made = evaluate_task_rule(*several, rule)
        return JudgedModel(rule, made.evaluation, made.notes)
    one = choose_rule(average, goal, calibration, unseen)
    results = evaluate_rule(plan, scores, average, goal, one)
    evaluation = results["model"].evaluation
    return JudgedModel(one, evaluation, results.notes, cautions(one, evaluation))


def what_is_averaged(arms: list[Strategy]) -> tuple[list[Strategy], Blend | None]:
    """Return what is averaged, and the average that was named.

    Args:
        arms: What the user named.

    Returns:
        The strategies, and None if no average was named.

    Raises:
        InputError: An average is among several strategies.
    """
    blends = [arm for arm in arms if isinstance(arm, Blend)]
    if not blends:
        return arms, None
    if len(arms) > 1:
        raise InputError(
            sentence(
                f"{blends[0].name!r} among several strategies",
                f"{blends[0].name!r} alone, or strategies that are not averages",
                "fit averages what it is given, and this is an average itself.",
            )
        )
    return list(blends[0].blended), blends[0]


def doubts_about(table: Table, seed: int) -> list[str]:
    """Warn of rows that look as if they had been computed from others.

    Args:
        table: The rows.
        seed: The user's seed.

    Returns:
        What was warned of.
    """
    if table.task.kind != "binary":
        return []
    computed = made_rows(table, seed)
    if computed is None:
        return []
    text = caution(computed.label)
    warnings.warn(text, TrialWarning, stacklevel=3)
    return [text]


def tuning_notes(plan: TrialPlan, scores: Scores) -> list[str]:
    """Say what the searches did, and how much the best of equals would flatter.

    Args:
        plan: Which rows were split, and the strategies.
        scores: What the fits gave.
    """
    arms = [arm for arm in plan.strategies if isinstance(arm, Tuned)]
    rarest = float(np.min(plan.table.task.totals(plan.table.labels())))
    return [
        text
        for arm in arms
        for text in (flattery_note(arm, rarest), tuning_note(arm, scores, None, ""))
    ]
