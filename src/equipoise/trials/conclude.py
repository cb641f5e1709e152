# SPDX-License-Identifier: Apache-2.0
"""From the scores of a trial to what it can say."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from equipoise.comparison.verdict import judge
from equipoise.decision.costs import Costs
from equipoise.diagnosis.diagnosis import Diagnosis
from equipoise.evaluation.cross_validation import CrossValidated, cross_validated
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table, class_counts
from equipoise.table.units import tied_rows
from equipoise.trials.fold_scores import Scores
from equipoise.trials.idle_notes import idle_notes
from equipoise.trials.independent_rows import doubt, unit_notes
from equipoise.trials.protocol import Protocol
from equipoise.trials.test_file import evaluate_test_file
from equipoise.trials.trial import TrialRecord


def conclude(
    table: Table,
    later: Table | None,
    arms: Sequence[Strategy],
    protocol: Protocol,
    scores: Scores,
    found: Diagnosis,
    *,
    objective: str,
    costs: Costs | tuple[float, float] | None,
    margin: float | None,
    started: float,
    training: Mapping[str, Any] | None = None,
) -> TrialRecord:
    """Compute every metric, difference and the verdict of a trial.

    Args:
        table: The trial's rows.
        later: The separate test table, or None.
        arms: The strategies.
        protocol: How the rows were split.
        scores: What the fits gave.
        found: The diagnosis of the table.
        objective: What the thresholds shall be best at.
        costs: `Costs(...)`, (cost of a false alarm, cost of a missed positive), or
            None.
        margin: Differences up to this are equivalent; in proportion to what is
            gained if None.
        started: When the trial began, `time.monotonic()`.
        training: How networks were trained, as plain data.
    """
    units = tied_rows(table, protocol.duplicates)
    warning = doubt(found, table.classes)
    results = evaluate_scores(
        table,
        arms,
        scores,
        objective=objective,
        costs=costs,
        seed=protocol.seed,
        duplicates=protocol.duplicates,
        by=protocol.by,
    )
    held = None
    if later is not None:
        held = evaluate_test_file(
            later,
            scores,
            results,
            costs=costs,
            seed=protocol.seed,
            duplicates=protocol.duplicates,
            trained=units,
        )
    said = judge(results, margin=margin, repeatable=protocol.by != "time")
    return TrialRecord(
        facts=found.facts,
        protocol=protocol,
        strategies=tuple(arms),
        results=results,
        scores=scores,
        verdict=replace(said, sentence=f"{warning} {said.sentence}".strip()),
        diagnosis=found,
        held_out=held,
        objective=objective if costs is None else "cost",
        seconds=time.monotonic() - started,
        notes=(
            *idle_notes(scores),
            *unit_notes(table, units),
            *results.notes,
            *scores.notes,
        ),
        costs=costs,
        training=training or {},
    )


def evaluate_scores(
    table: Table,
    arms: Sequence[Strategy],
    scores: Scores,
    *,
    objective: str,
    costs: Costs | tuple[float, float] | None,
    seed: int,
    duplicates: str = "auto",
    by: str = "stratified",
) -> CrossValidated:
    """Evaluate out-of-fold scores; rows that no fold tests are left out.

    Splits by time never test the first block. Intervals and tests draw whole units
    (`tied_rows`).
    """
    tested = scores.tested
    units = tied_rows(table, duplicates)
    return cross_validated(
        table.labels()[tested],
        {arm.name: scores.log_odds[arm.name][:, tested] for arm in arms},
        scores.folds[:, tested],
        objective=objective,
        costs=costs,
        exact=exactness(table, arms),
        clusters=None if units is None else units[tested],
        baseline="plain" if "plain" in scores.log_odds else arms[0].name,
        seed=seed,
        sizes=scores.sizes(by),
    )


def exactness(table: Table, arms: Sequence[Strategy]) -> Mapping[str, bool]:
    """Return by arm whether its scores are log-odds up to estimation error."""
    negatives, positives = class_counts(table.labels())
    return {arm.name: arm.correction(negatives, positives).exact for arm in arms}
