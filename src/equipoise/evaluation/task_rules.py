# SPDX-License-Identifier: Apache-2.0
"""The rule of several classes or labels, chosen on rows that were scored out of fold.

Multipliers of classes are searched over all cuts between the rows, which takes seconds
if they are many: then on a sample of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.decision.class_calibrator import ClassCalibrator, LabelCalibrator
from equipoise.decision.class_floors import Floors
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.class_rule_making import cross_fitted_decisions, fit_class_rule
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.label_rule_making import (
    cross_fitted_label_decisions,
    fit_label_rule,
)
from equipoise.decision.objectives import Objective
from equipoise.evaluation.task_out_of_fold import class_sample
from equipoise.evaluation.task_values import TrialTargets
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


@dataclass(frozen=True, eq=False)
class ArmRules:
    """Makes an arm's decisions, and the rule of all rows.

    Attributes:
        objective: What decisions are best at.
        targets: The rows of the trial.
        costs: Of several classes or labels, for "cost".
        probabilities: `[repeats, rows, classes]` calibrated.
        floors: Of named classes or labels.
        made: A rule that was made on other rows, or None.
        seed: Of the sample of rows, if there are very many.
    """

    objective: TaskObjective
    targets: TrialTargets
    costs: Any
    probabilities: FloatArray
    floors: Floors | None = None
    made: TaskRule | None = None
    seed: int = 0

    @property
    def labels(self) -> bool:
        """Whether the task has labels, each with its own decision."""
        return self.targets.rows.task.kind == "multilabel"

    def decisions(self) -> IntArray:
        """Return what is decided for each fold by a rule of the other folds."""
        if self.made is not None:
            return np.asarray(self.made.decide(self.probabilities), np.int64)
        return np.stack(
            [
                self._of_repeat(p, fold)
                for p, fold in zip(self.probabilities, self.targets.folds, strict=True)
            ]
        )

    def _of_repeat(self, p: FloatArray, fold: IntArray) -> IntArray:
        rows = self.targets.rows
        if rule_samples(rows.task, self.objective, len(fold)):
            decided = np.full(len(fold), -1, np.int64)
            for k in np.unique(fold):
                here = fold == k
                rule = self._fitted(
                    p[~here], rows.y[~here], rows.weights[~here], fold[~here]
                )
                decided[here] = rule.decide(p[here])
            return decided
        decide: Callable[..., npt.NDArray[Any]] = cross_fitted_decisions
        if self.labels:
            decide = cross_fitted_label_decisions
        return np.asarray(
            decide(
                self.objective,
                rows.task,
                p,
                rows.y,
                rows.weights,
                fold,
                costs=self.costs,
                floors=self.floors,
            ),
            np.int64,
        )

    def rule(self) -> TaskRule:
        """Return the rule that is chosen on all rows and repeats together."""
        if self.made is not None:
            return self.made
        rows, repeats = self.targets.rows, self.targets.repeats
        return self._fitted(
            np.concatenate(list(self.probabilities)),
            np.concatenate([rows.y] * repeats),
            np.tile(rows.weights / repeats, repeats),
            np.concatenate(list(self.targets.folds)),
        )

    def _fitted(
        self, p: FloatArray, y: AnyArray, weights: FloatArray, folds: IntArray
    ) -> TaskRule:
        return fit_task_rule(
            self.objective,
            self.targets.rows.task,
            p,
            y,
            weights,
            folds,
            costs=self.costs,
            floors=self.floors,
            seed=self.seed,
        )
