# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.models.average import Average
from equipoise.models.fitted_rule import (
    UnseenRows,
    cautions,
    choose_rule,
    evaluate_rule,
)
from equipoise.models.goal import Goal
from equipoise.trials.fold_scores import Scores
from equipoise.trials.plan import TrialPlan


def test_the_rule_is_chosen_and_judged_on_the_scores_of_the_average(
    plan: TrialPlan, scores: Scores, average: Average
) -> None:
    rule = choose_rule(average, Goal(costs=(1, 9)), "none", None)
    assert rule.threshold_log_odds == pytest.approx(np.log(1 / 9))
    results = evaluate_rule(plan, scores, average, Goal(costs=(1, 9)), rule)
    confusion = results["model"].evaluation.confusion
    assert confusion is not None
    flagged = rule.decide(average.log_odds) == 1
    assert confusion.tp == (flagged & (average.y == 1)).sum()
    assert confusion.fp == (flagged & (average.y == 0)).sum()


def test_a_certified_rule_rests_on_unseen_rows(average: Average) -> None:
    unseen = UnseenRows(average.log_odds, average.y)
    goal = Goal(recall_floor=0.5, certify=0.9)
    rule = choose_rule(average, goal, "platt", unseen)
    assert rule.basis == "certified"


def test_an_estimated_rule_needs_no_caution(
    plan: TrialPlan, scores: Scores, average: Average
) -> None:
    rule = choose_rule(average, Goal(), "platt", None)
    results = evaluate_rule(plan, scores, average, Goal(), rule)
    assert cautions(rule, results["model"].evaluation) == ()
