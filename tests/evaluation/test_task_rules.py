# SPDX-License-Identifier: Apache-2.0
"""Rules of several classes or labels, chosen on all rows or on a sample of them."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision import fit_class_rule, fit_label_rule
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.label_rule import LabelRule
from equipoise.evaluation.task_rules import RULE_ROWS, fit_task_rule, rule_samples
from equipoise.table.generated_tasks import make_classes, make_labels


@pytest.mark.parametrize("objective", ["macro_f1", "balanced_accuracy", "accuracy"])
def test_a_rule_of_few_rows_is_that_of_all_of_them(objective: str) -> None:
    made = make_classes(400, counts=(250, 110, 40), seed=3)
    task, y = made.table.task, made.table.labels()
    folds, ones = np.arange(400) % 5, np.ones(400)
    rule = fit_task_rule(objective, task, made.posterior, y, ones, folds)
    assert rule == fit_class_rule(objective, task, made.posterior, y, ones, folds)


def test_labels_have_a_rule_for_each() -> None:
    made = make_labels(400, shares=(0.4, 0.1), unknown=0.2, seed=3)
    task, y = made.table.task, made.table.labels()
    p = np.clip(made.joint @ made.sets, 0, 1)
    folds, ones = np.arange(400) % 5, np.ones(400)
    rule = fit_task_rule({"l0": "mcc"}, task, p, y, ones, folds)
    assert isinstance(rule, LabelRule)
    assert rule == fit_label_rule({"l0": "mcc"}, task, p, y, ones, folds)


def test_many_rows_are_sampled_with_their_weight() -> None:
    """The multipliers of a sample decide nearly as those of all rows."""
    shares = (0.8, 0.15, 0.05)
    made = make_classes(3 * RULE_ROWS, shares=shares, seed=4)
    task, y = made.table.task, made.table.labels()
    folds, ones = np.arange(len(y)) % 5, np.ones(len(y))
    assert rule_samples(task, "macro_f1", len(y))
    assert not rule_samples(task, "accuracy", len(y))
    rule = fit_task_rule("macro_f1", task, made.posterior, y, ones, folds)
    full = fit_class_rule("macro_f1", task, made.posterior, y, ones, folds)
    assert isinstance(rule, ClassRule)
    # The sample stands for all rows, not for as many of each class.
    assert rule.rows == pytest.approx(len(y), rel=0.01)
    same = rule.decide(made.posterior) == full.decide(made.posterior)
    assert same.mean() > 0.97
