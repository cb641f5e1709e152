# SPDX-License-Identifier: Apache-2.0
"""From the scores of a trial to what it can say."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from equipoise._core.checks import number, sentence
from equipoise.comparison.held_out_rows import HeldOut
from equipoise.comparison.held_out_task_rows import TaskHeldOut
from equipoise.comparison.verdict import ArmVerdict, judge
from equipoise.decision.cost_matrix import cost_matrix
from equipoise.decision.objectives import as_objective
from equipoise.decision.task_objectives import default_objective, task_objective
from equipoise.diagnosis.diagnosis import Diagnosis
from equipoise.errors import InputError
from equipoise.evaluation.cross_validation import (
    CrossValidated,
    check_headline,
    cross_validated,
)
from equipoise.evaluation.fixed_model import as_costs
from equipoise.evaluation.task_cross_validation import (
    TaskCrossValidated,
    cross_validated_task,
)
from equipoise.metrics.task_registry import headline_metric, metric_of
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.trials.blended_arms import fitted_arms
from equipoise.trials.fold_scores import Scores
from equipoise.trials.idle_notes import idle_notes
from equipoise.trials.independent_rows import doubt, unit_notes
from equipoise.trials.plan import TrialPlan
from equipoise.trials.rare_notes import with_one_rare_note
from equipoise.trials.test_table import evaluate_task_test, evaluate_test_table
from equipoise.trials.trial import TrialRecord
from equipoise.trials.tuned_arms import rival, tuning_note


@dataclass(frozen=True)
class Criteria:
    """By what the arms of a trial are judged.

    Attributes:
        objective: What the decisions are to be best at; "" for F1, or macro F1.
        costs: `Costs(...)`, (cost of a false alarm, cost of a missed positive), or
            None.
        margin: Differences up to this are equivalent; None for a share of what the
            best arm gains.
        metric: By which arms are ranked and the verdict is reached; "" for that of
            the task.
        options: The objective's numbers, such as a floor; two classes only.

    Raises:
        InputError: A number is out of range.
    """

    objective: str = ""
    costs: Any = None
    margin: float | None = None
    metric: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.margin is not None:
            number(self.margin, "margin", 0, 1)

    def of(self, task: Task) -> Criteria:
        """Return the same for a task, with its own defaults, once it is checked.

        Args:
            task: Of the rows.

        Raises:
            InputError: The objective or the metric is unknown, or does not serve the
                task, or needs costs.
        """
        metric = self.metric or headline_metric(task)
        if task.kind == "binary":
            check_headline(metric, priced=self.costs is not None)
            objective = self.objective or "f1"
            if as_costs(self.costs) is None:
                as_objective(objective, dict(self.options))
        else:
            metric_of(metric, task)
            objective = self.objective or default_objective(task)
            task_objective(task, objective)
            for what, name in (("metric", metric), ("objective", objective)):
                if name == "cost" and self.costs is None:
                    raise InputError(
                        sentence(
                            f"{what}='cost' without costs", "costs", _how_priced(task)
                        )
                    )
        costs = task_costs(self.costs, task)
        return replace(self, objective=objective, metric=metric, costs=costs)


def _how_priced(task: Task) -> str:
    """Return what to pass as costs of several classes or labels."""
    if task.kind == "multilabel":
        return "Pass costs=(cost of a false alarm, cost of a missed label)."
    return (
        "Pass costs with a row for each true class and a column for each decision, "
        f"{len(task.classes)} x {len(task.classes)} numbers (--costs FILE)."
    )


def task_costs(costs: Any, task: Task) -> Any:
    """Return costs as the rules of a task take them.

    Args:
        costs: What the user gave, or None.
        task: Of the rows.

    Returns:
        As they are if the task is binary; a `CostMatrix` in the order of the classes
        if there are several; `Costs`, or a mapping of them by label, if labels.

    Raises:
        InputError: They do not fit the classes.
        InputTypeError: They are of another type.
    """
    if costs is None or task.kind == "binary":
        return costs
    if task.kind == "multiclass":
        return cost_matrix(task.classes, costs)
    if isinstance(costs, Mapping):
        return {label: as_costs(each) for label, each in costs.items()}
    return as_costs(costs)


def conclude(
    plan: TrialPlan,
    arms: Sequence[Strategy],
    scores: Scores,
    diagnosis: Diagnosis,
    criteria: Criteria,
    *,
    started: float,
    notes: Sequence[str] = (),
) -> TrialRecord:
    """Compute every metric, difference and the verdict of a trial.

    Args:
        plan: Which rows were split, and how.
        arms: The arms of the trial; those that failed are left out.
        scores: What the fits gave.
        diagnosis: Of the plan's table.
        criteria: By what the arms are judged.
        started: When the trial began, `time.monotonic()`.
        notes: What was done to the rows before.
    """
    criteria = criteria.of(plan.table.task)
    arms = [arm for arm in arms if arm.name not in scores.failed]
    results = evaluate_scores(plan, arms, scores, criteria)
    held_out = _on_test_table(plan, scores, results, criteria.costs)
    by = plan.protocol.by
    verdict = judge(results, margin=criteria.margin, repeatable=by != "time")
    warning = doubt(diagnosis, plan.table.classes)
    tuned = judge_tuned(plan, arms, scores, criteria)
    metric = results.record(results.metric).label
    notes, result_notes = with_one_rare_note(
        notes, results.notes, diagnosis.findings, plan.protocol.folds
    )
    return TrialRecord(
        facts=diagnosis.facts,
        protocol=plan.protocol,
        strategies=tuple(arms),
        results=results,
        scores=scores,
        verdict=replace(verdict, sentence=f"{warning} {verdict.sentence}".strip()),
        diagnosis=diagnosis,
        held_out=held_out,
        objective=criteria.objective if criteria.costs is None else "cost",
        options=criteria.options,
        seconds=time.monotonic() - started,
        notes=(
            *notes,
            *(
                tuning_note(arm, scores, tuned.get(arm.name), metric)
                for arm in arms
                if isinstance(arm, Tuned)
            ),
            *idle_notes(scores),
            *unit_notes(plan.table, plan.keys.units),
            *result_notes,
            *scores.notes,
            *scores.share_notes(
                plan.table.task, [arm.name for arm in fitted_arms(arms)]
            ),
        ),
        costs=criteria.costs,
        training=plan.learners.record(),
        task=plan.table.task,
        tuned=tuned,
    )


def _on_test_table(
    plan: TrialPlan,
    scores: Scores,
    results: CrossValidated | TaskCrossValidated,
    costs: Any,
) -> HeldOut | TaskHeldOut | None:
    """Return what the separate test table says of every arm; None without one."""
    if plan.test_table is None:
        return None
    shared: dict[str, Any] = {
        "costs": costs,
        "seed": plan.protocol.seed,
        "duplicates": plan.test_units,
    }
    if isinstance(results, TaskCrossValidated):
        return evaluate_task_test(plan.test_table, scores, results, **shared)
    return evaluate_test_table(
        plan.test_table,
        scores,
        results,
        units=plan.keys.units,
        weights=plan.weights,
        **shared,
    )


def judge_tuned(
    plan: TrialPlan, arms: Sequence[Strategy], scores: Scores, criteria: Criteria
) -> dict[str, tuple[str, ArmVerdict]]:
    """Judge each tuned arm against its strategy as it is, as a pair of its own.

    Args:
        plan: Which rows were split, and how.
        arms: The arms, all of which have scores.
        scores: What the fits gave.
        criteria: By what the arms are judged.

    Returns:
        By tuned arm whose rival has scores, the rival's name and the verdict.
    """
    verdicts = {}
    for arm in arms:
        other = rival(arm, arms) if isinstance(arm, Tuned) else None
        if other is None:
            continue
        pair = evaluate_scores(plan, [other, arm], scores, criteria, other.name)
        repeatable = plan.protocol.by != "time"
        verdict = judge(pair, margin=criteria.margin, repeatable=repeatable)
        verdicts[arm.name] = other.name, verdict.arms[arm.name]
    return verdicts


def evaluate_scores(
    plan: TrialPlan,
    arms: Sequence[Strategy],
    scores: Scores,
    criteria: Criteria,
    baseline: str | None = None,
) -> CrossValidated | TaskCrossValidated:
    """Evaluate out-of-fold scores of any task, see `evaluate_binary`.

    A class that has fewer independent rows than there are folds is not scored: its
    rows are in no metric. A label of which so few rows are known to have it, or to
    lack it, is in no average.

    Args:
        plan: Which rows were split, and how.
        arms: The arms, all of which have scores.
        scores: What the fits gave.
        criteria: By what the arms are judged.
        baseline: What the others are compared with; "plain", or the first, if None.
    """
    criteria = criteria.of(plan.table.task)
    if baseline is None:
        baseline = "plain" if "plain" in scores.log_odds else arms[0].name
    if plan.table.task.kind == "binary":
        return evaluate_binary(plan, arms, scores, criteria, baseline)
    table, units = plan.table, plan.keys.units
    judged, y, unscored = plan.judged
    scored = scores.tested & judged
    return cross_validated_task(
        table.task,
        y[scored].astype(np.int64),
        {arm.name: scores.log_odds[arm.name][:, scored] for arm in arms},
        scores.folds[:, scored],
        weights=None if plan.weights is None else plan.weights[scored],
        metric=criteria.metric,
        objective=criteria.objective,
        costs=criteria.costs,
        exact=exactness(table, arms),
        clusters=None if units is None else units[scored],
        unscored=unscored,
        baseline=baseline,
        seed=plan.protocol.seed,
        sizes=scores.sizes(plan.protocol.by),
    )


def evaluate_binary(
    plan: TrialPlan,
    arms: Sequence[Strategy],
    scores: Scores,
    criteria: Criteria,
    baseline: str,
) -> CrossValidated:
    """Evaluate out-of-fold scores; rows that no fold tests are left out.

    Splits by time never test the first block. Intervals and tests draw whole units
    (`tied_rows`).

    Args:
        plan: Which rows were split, and how.
        arms: The arms, all of which have scores.
        scores: What the fits gave.
        criteria: By what the arms are judged.
        baseline: What the others are compared with.
    """
    tested, units = scores.tested, plan.keys.units
    return cross_validated(
        plan.table.labels()[tested],
        {arm.name: scores.log_odds[arm.name][:, tested] for arm in arms},
        scores.folds[:, tested],
        objective=criteria.objective,
        costs=criteria.costs,
        exact=exactness(plan.table, arms),
        clusters=None if units is None else units[tested],
        weights=None if plan.weights is None else plan.weights[tested],
        baseline=baseline,
        seed=plan.protocol.seed,
        sizes=scores.sizes(plan.protocol.by),
        metric=criteria.metric,
        **criteria.options,
    )


def exactness(table: Table, arms: Sequence[Strategy]) -> Mapping[str, bool]:
    """Return by arm whether its scores are log-odds up to estimation error."""
    totals = table.task.totals(table.labels())
    return {arm.name: arm.correction(totals).exact for arm in arms}
