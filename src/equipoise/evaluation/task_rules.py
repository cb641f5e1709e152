# SPDX-License-Identifier: Apache-2.0
"""The rule of several classes or labels, chosen on rows that were scored out of fold.

Multipliers of classes are searched over all cuts between the rows, which takes seconds
if they are many: then on a sample of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.decision.class_calibrator import ClassCalibrator, LabelCalibrator
from equipoise.decision.class_floors import Floors
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.class_rule_making import fit_class_rule
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.label_rule_making import fit_label_rule
from equipoise.decision.objectives import Objective
from equipoise.evaluation.task_out_of_fold import class_sample
from equipoise.task import Task

TaskRule = ClassRule | LabelRule
TaskObjective = str | Mapping[str, str | Objective]

RULE_ROWS = 4_000
"""Beyond this many rows multipliers of classes are searched on a sample of them, as
`task_out_of_fold.class_sample` draws it: a search over all cuts takes seconds there."""
SEARCHED = ("macro_f1", "g_mean")
"""Objectives of several classes whose multipliers are searched."""


def rule_samples(task: Task, objective: TaskObjective, rows: int) -> bool:
    """Return whether a rule is chosen on a sample of the rows.

    Args:
        task: Of several classes or labels.
        objective: What the decisions are best at.
        rows: How many rows there are.

    Example:
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> rule_samples(task, "macro_f1", 90_000), rule_samples(task, "cost", 90_000)
        (True, False)
    """
    searched = task.kind == "multiclass" and objective in SEARCHED
    return searched and rows > RULE_ROWS


def fit_task_rule(
    objective: TaskObjective,
    task: Task,
    probabilities: FloatArray,
    y: AnyArray,
    weights: FloatArray,
    folds: IntArray,
    *,
    costs: Any = None,
    floors: Floors | None = None,
    calibrator: ClassCalibrator | LabelCalibrator | None = None,
    seed: int = 0,
) -> TaskRule:
    """Choose the rule of several classes or labels.

    Args:
        objective: As in `fit_class_rule`, or `fit_label_rule`.
        task: Of several classes or labels.
        probabilities: `[rows, classes]`, calibrated.
        y: `[rows]` class numbers; `[rows, labels]` if multi-label.
        weights: `[rows]` row weights.
        folds: `[rows]` the fold of each row.
        costs: For "cost".
        floors: Of named classes or labels, estimated.
        calibrator: Kept with the rule.
        seed: Of the sample of rows, if there are very many.

    Raises:
        InputError: The objective, costs or floors do not fit the task.
        RefusedError: A floor cannot be met on these rows.
    """
    if rule_samples(task, objective, len(y)):
        part, weights = class_sample(y, weights, RULE_ROWS, seed)
        probabilities, y, folds = probabilities[part], y[part], folds[part]
    shared = {"costs": costs, "floors": floors}
    if task.kind == "multilabel":
        labels = calibrator if isinstance(calibrator, LabelCalibrator) else None
        return fit_label_rule(
            objective,
            task,
            probabilities,
            y,
            weights,
            folds,
            calibrator=labels,
            **shared,
        )
    classes = calibrator if isinstance(calibrator, ClassCalibrator) else None
    return fit_class_rule(
        str(objective),
        task,
        probabilities,
        y,
        weights,
        folds,
        calibrator=classes,
        **shared,
    )
