# SPDX-License-Identifier: Apache-2.0
"""The arms of several classes or labels on a separate test file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import listing, number, sentence
from equipoise._core.types import FloatArray, IntArray
from equipoise.comparison.class_share_check import ShareCheck, share_check
from equipoise.comparison.constant import against_constant
from equipoise.comparison.held_out_rows import METHOD, HeldOutArms
from equipoise.comparison.paired import NAN, PairedTest
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.errors import InputError
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.fixed_task import evaluate_task
from equipoise.evaluation.task_cross_validation import TaskArm, TaskCrossValidated
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.evaluation.trial_arms import Constants
from equipoise.metrics import Estimate
from equipoise.metrics.task_registry import TASK_METRICS
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import UNKNOWN_LABEL
from equipoise.uncertainty.influences import TaskInfluence, task_influence
from equipoise.uncertainty.joint_tests import paired_difference
from equipoise.uncertainty.multiplicity import holm
from equipoise.uncertainty.row_weights import cluster_numbers
from equipoise.uncertainty.task_interval import macro_interval

RANKING = ("macro_average_precision", "macro_roc_auc")
"""What is known of an arm that says the same of every row."""
MOST_NAMED = 5
FARTHEST = 1e3
"""Scores beyond are cut: infinite ones of opposite signs have no mean."""


@dataclass(frozen=True, eq=False)
class TaskHeldOut(HeldOutArms):
    """The arms of a trial of several classes or labels on a separate test file.

    Attributes:
        evaluations: By arm, every metric with its interval, decided by the trial's
            own rule, which nothing in the test file has moved.
        differences: By arm (all but the baseline) and metric: arm minus baseline on
            the same rows, from the rows' influences. They know the noise of the test
            rows alone, as the models are fixed.
        adjusted: By arm: p-value in `metric` after Holm's correction; a pair with a
            constant is not counted there and keeps its own.
        metric: By which the arms of the trial are compared first.
        shares: Whether the classes, or labels, have the shares of the training table.
    """

    evaluations: Mapping[str, TaskEvaluation]
    differences: Mapping[str, Mapping[str, PairedTest]]
    adjusted: Mapping[str, float]
    metric: str
    shares: ShareCheck

    def difference(self, name: str) -> Estimate | None:
        """Return an arm's paired difference in `metric`; None of the baseline."""
        if name not in self.differences:
            return None
        test = self.differences[name][self.metric]
        ends = test.low, test.high
        method = "" if test.reason else METHOD
        return Estimate(test.mean, *ends, method, test.reason, test.level)


def held_out_task(
    results: TaskCrossValidated,
    y: npt.ArrayLike,
    scores: Mapping[str, npt.ArrayLike],
    *,
    costs: CostMatrix | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float | None = None,
    seed: int = 0,
) -> TaskHeldOut:
    """Evaluate the arms on rows that no fit and no choice has seen.

    Calibration is the mean, in scores, of the arm's cross-fitted calibrators; the
    rule is the one that the trial hands over. A class that the trial does not score
    is not scored here either: its rows are left out; of a label, its column is.

    Args:
        results: The trial on the training table.
        y: `[rows]` class numbers; `[rows, labels]` 1, 0, and -1 or NaN if unknown.
        scores: For each arm of the trial `[rows, width]`, before calibration: logits
            or log-probabilities of the classes, log-odds of the labels.
        costs: As in the trial, to report "cost".
        clusters: `[rows]` names of groups of rows that depend on each other.
        level: Coverage; that of the results if None.
        seed: Seed, if anything is drawn.

    Returns:
        Every arm's metrics on these rows, and its paired differences from the
        baseline there.

    Raises:
        InputError: An arm has no scores, or the arrays do not fit together.
    """
    task = results.task
    missing = [name for name in results.arms if name not in scores]
    if missing:
        raise InputError(
            sentence(f"no scores for {listing(missing)}", "scores for every arm")
        )
    cover = (
        results.level if level is None else number(level, "level", 0, 1, open_ends=True)
    )
    targets = TaskRows.of(task, y)
    unit = cluster_numbers(clusters, len(targets.weights))
    unscored = dict(results[results.baseline].evaluation.unjudged)
    inside, made_y = _scored(targets, tuple(unscored))
    part = None if unit is None else unit[inside]
    rows = TaskRows.of(task, made_y)
    shares = share_check(
        results.targets.rows, rows, units=(results.targets.unit, part), seed=seed
    )
    notes = (
        shares.sentence,
        *_left_out(targets, unscored),
        *_absent(rows, unscored),
    )
    file = _File(results, rows, part, cover, seed, costs, unscored, notes)
    arms = {
        name: file.arm(arm, _checked(scores[name], targets, name)[inside])
        for name, arm in results.arms.items()
    }
    base = arms[results.baseline]
    differences = {
        name: {
            metric: file.difference(arm, base, metric)
            for metric in results.targets.compared
        }
        for name, arm in arms.items()
        if name != results.baseline
    }
    p = {name: tests[results.metric].p for name, tests in differences.items()}
    family = [name for name in p if arms[name].flat == base.flat]
    corrected = holm([p[name] for name in family]).tolist()
    return TaskHeldOut(
        {name: arm.evaluation for name, arm in arms.items()},
        differences,
        {**p, **dict(zip(family, corrected, strict=True))},
        results.metric,
        shares,
    )


@dataclass(frozen=True, eq=False)
class _OnFile:
    """One arm on the test file.

    Attributes:
        evaluation: Every metric with its interval.
        influences: By metric that is compared, what each row does to it.
        flat: Whether the arm says the same of every row.
    """

    evaluation: TaskEvaluation
    influences: Mapping[str, TaskInfluence]
    flat: bool


@dataclass(frozen=True, eq=False)
class _File:
    """The rows of the test file, and what all arms share."""

    results: TaskCrossValidated
    rows: TaskRows
    unit: IntArray | None
    level: float
    seed: int
    costs: CostMatrix | None
    unscored: Mapping[str, str]
    notes: tuple[str, ...]

    def arm(self, arm: TaskArm, scores: FloatArray) -> _OnFile:
        """Return an arm, decided by its own calibrators and rule.

        Args:
            arm: As the trial knows it.
            scores: `[rows, width]` before calibration.
        """
        rows, task = self.rows, self.rows.task
        calibrated = _calibrated(arm, scores)
        p = task.probability(calibrated)
        decided = arm.rule.decide(p)
        evaluation = evaluate_task(
            task,
            rows.y,
            p,
            decisions=decided,
            rule=arm.rule.describe(),
            costs=self.costs,
            clusters=self.unit,
            level=self.level,
            seed=self.seed,
        )
        targets = self.results.targets
        influences = {
            name: task_influence(
                name,
                task,
                rows.y,
                decided if TASK_METRICS[name].of_decisions else p,
                probabilities=not TASK_METRICS[name].of_decisions,
                clusters=self.unit,
                **targets.options.get(name, {}),
            )
            for name in targets.compared
        }
        more = {
            name: macro_interval(made, self.level)
            for name, made in influences.items()
            if name not in evaluation
        }
        evaluation = replace(
            evaluation,
            estimates={**evaluation.estimates, **more},
            by_class={
                name: _undefined(one, self.unscored[name])
                if name in self.unscored
                else one
                for name, one in evaluation.by_class.items()
            },
            unjudged={**evaluation.unjudged, **self.unscored},
            estimand="these models, on rows like the test file's",
            notes=(*evaluation.notes, *self.notes),
        )
        flat = bool((calibrated == calibrated[:1]).all())
        return _OnFile(evaluation, influences, flat)

    def difference(self, arm: _OnFile, base: _OnFile, metric: str) -> PairedTest:
        """Return an arm's metric minus that of the baseline.

        Args:
            arm: The arm.
            base: The baseline.
            metric: Its name.
        """
        if metric in RANKING and arm.flat != base.flat:
            return self._against_constant(arm, base, metric)
        one = paired_difference(
            arm.influences[metric], base.influences[metric], level=self.level
        )
        ends = one.low, one.high
        return PairedTest(
            one.value, *ends, one.p, one.df, NAN, one.se, 1, one.level, one.reason
        )

    def _against_constant(self, arm: _OnFile, base: _OnFile, metric: str) -> PairedTest:
        """Return the test of a pair of which one says the same of every row."""
        ranking = base if arm.flat else arm
        rows = self.rows
        each = rows.positives[rows.judged] + rows.negatives[rows.judged]
        shares = rows.positives[rows.judged] / each
        mean = float(shares.mean()) if shares.size else math.nan

        def at(name: str) -> Callable[[float], Estimate]:
            return lambda level: macro_interval(ranking.influences[name], level)

        test = against_constant(
            metric,
            at,
            Constants(*RANKING, mean),
            units=ranking.influences[metric].units,
            level=self.level,
        )
        return (test.turned() if arm.flat else test).test


def _scored(rows: TaskRows, unscored: tuple[str, ...]) -> tuple[IntArray, Any]:
    """Return which rows are scored, and their targets without what is not."""
    numbers = [rows.names.index(name) for name in unscored]
    if rows.task.kind == "multilabel":
        y = rows.y.copy()
        y[:, numbers] = UNKNOWN_LABEL
        return np.arange(len(y)), y
    inside = np.flatnonzero(~np.isin(rows.y, numbers))
    return inside, rows.y[inside]


def _checked(scores: npt.ArrayLike, rows: TaskRows, name: str) -> FloatArray:
    """Return an arm's scores, `[rows, width]`."""
    z = floats(scores, f"scores of {name!r}")
    shape = (len(rows.weights), rows.task.width)
    if z.shape != shape or np.isnan(z).any():
        what = f"of shape {z.shape}" if z.shape != shape else "that are not a number"
        raise InputError(
            sentence(
                f"scores of {name!r} {what}", f"numbers [rows, width], of shape {shape}"
            )
        )
    return np.clip(z, -FARTHEST, FARTHEST)


def _calibrated(arm: TaskArm, z: FloatArray) -> FloatArray:
    """Return the mean of the scores that the arm's calibrators give."""
    calibrators = [c for row in arm.fitted.calibrators for c in row]
    total = np.zeros_like(z)
    for calibrator in calibrators:
        total += calibrator.apply(z)
    return total / len(calibrators)


def _undefined(one: Evaluation, reason: str) -> Evaluation:
    return replace(
        one, estimates=dict.fromkeys(one.estimates, Estimate.undefined(reason))
    )


def _left_out(rows: TaskRows, unscored: Mapping[str, str]) -> list[str]:
    """Say which classes, or labels, are not scored because the trial's are not."""
    if not unscored:
        return []
    if rows.task.kind == "multilabel":
        several = len(unscored) > 1
        return [
            f"Label{'s'[:several]} {listing(unscored, MOST_NAMED)} "
            f"{'are' if several else 'is'} not scored on the test file, as in the "
            "trial."
        ]
    numbers = [rows.names.index(name) for name in unscored]
    count = int(np.count_nonzero(np.isin(rows.y, numbers)))
    if not count:
        return []
    return [
        f"{count:,} row{'s'[: count != 1]} of the test file {_is(count)} of "
        f"class {listing(unscored, MOST_NAMED)}, which the trial does not score: no "
        f"metric counts {'it' if count == 1 else 'them'}."
    ]


def _absent(rows: TaskRows, unscored: Mapping[str, str]) -> list[str]:
    """Say which classes, or labels, the test file cannot judge."""
    absent = [
        name
        for view, name in enumerate(rows.names)
        if not rows.judged[view] and name not in unscored
    ]
    if not absent:
        return []
    labels = rows.task.kind == "multilabel"
    noun = (
        ("labels" if labels else "classes")
        if len(absent) > 1
        else ("label" if labels else "class")
    )
    return [
        f"The test file cannot judge the {noun} {listing(absent, MOST_NAMED)} "
        f"({rows.reason(rows.names.index(absent[0]))}): no average counts "
        f"{'them' if len(absent) > 1 else 'it'} here, so averages do not compare with "
        "the trial's."
    ]


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
