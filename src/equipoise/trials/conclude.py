# SPDX-License-Identifier: Apache-2.0
"""From the scores of a trial to what it can say."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from equipoise._core.checks import number
from equipoise.comparison.verdict import judge
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.diagnosis.diagnosis import Diagnosis
from equipoise.evaluation.cross_validation import (
    RANKED_BY,
    CrossValidated,
    check_headline,
    cross_validated,
)
from equipoise.evaluation.fixed_model import as_costs
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.trials.fold_scores import Scores
from equipoise.trials.idle_notes import idle_notes
from equipoise.trials.independent_rows import doubt, unit_notes
from equipoise.trials.plan import TrialPlan
from equipoise.trials.test_table import evaluate_test_table
from equipoise.trials.trial import TrialRecord


@dataclass(frozen=True)
class Criteria:
    """By what the arms of a trial are judged.

    Attributes:
        objective: What the thresholds are to be best at.
        costs: `Costs(...)`, (cost of a false alarm, cost of a missed positive), or
            None.
        margin: Differences up to this are equivalent; None for a share of what the
            best arm gains.
        metric: By which arms are ranked and the verdict is reached.

    Raises:
        InputError: The objective is unknown, or a number is out of range.
    """

    objective: str = "f1"
    costs: Costs | tuple[float, float] | None = None
    margin: float | None = None
    metric: str = RANKED_BY

    def __post_init__(self) -> None:
        if self.margin is not None:
            number(self.margin, "margin", 0, 1)
        check_headline(self.metric, priced=self.costs is not None)
        if as_costs(self.costs) is None:
            as_objective(self.objective, {})


def conclude(
    plan: TrialPlan,
    arms: Sequence[Strategy],
    scores: Scores,
    diagnosis: Diagnosis,
    criteria: Criteria,
    *,
    started: float,
) -> TrialRecord:
    """Compute every metric, difference and the verdict of a trial.

    Args:
        plan: Which rows were split, and how.
        arms: The arms of the trial; those that failed are left out.
        scores: What the fits gave.
        diagnosis: Of the plan's table.
        criteria: By what the arms are judged.
        started: When the trial began, `time.monotonic()`.
    """
    arms = [arm for arm in arms if arm.name not in scores.failed]
    results = evaluate_scores(plan, arms, scores, criteria)
    held_out = None
    if plan.test_table is not None:
        held_out = evaluate_test_table(
            plan.test_table,
            scores,
            results,
            costs=criteria.costs,
            seed=plan.protocol.seed,
            duplicates=plan.protocol.duplicates,
            units=plan.keys.units,
        )
    by = plan.protocol.by
    verdict = judge(results, margin=criteria.margin, repeatable=by != "time")
    warning = doubt(diagnosis, plan.table.classes)
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
        seconds=time.monotonic() - started,
        notes=(
            *idle_notes(scores),
            *unit_notes(plan.table, plan.keys.units),
            *results.notes,
            *scores.notes,
        ),
        costs=criteria.costs,
        training=plan.learners.record(),
    )


def evaluate_scores(
    plan: TrialPlan, arms: Sequence[Strategy], scores: Scores, criteria: Criteria
) -> CrossValidated:
    """Evaluate out-of-fold scores; rows that no fold tests are left out.

    Splits by time never test the first block. Intervals and tests draw whole units
    (`tied_rows`).

    Args:
        plan: Which rows were split, and how.
        arms: The arms, all of which have scores.
        scores: What the fits gave.
        criteria: By what the arms are judged.
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
        baseline="plain" if "plain" in scores.log_odds else arms[0].name,
        seed=plan.protocol.seed,
        sizes=scores.sizes(plan.protocol.by),
        metric=criteria.metric,
    )


def exactness(table: Table, arms: Sequence[Strategy]) -> Mapping[str, bool]:
    """Return by arm whether its scores are log-odds up to estimation error."""
    totals = table.task.totals(table.labels())
    return {arm.name: arm.correction(totals).exact for arm in arms}
