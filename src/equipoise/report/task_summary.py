# SPDX-License-Identifier: Apache-2.0
"""A trial of several classes or labels as plain data: aggregates, and no row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from equipoise.comparison.held_out_task_rows import TaskHeldOut
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.metrics.task_registry import TASK_METRICS
from equipoise.report.columns_that_matter import importance_facts
from equipoise.report.manager_words import action, page_terms
from equipoise.report.summary_parts import (
    SCHEMA,
    against_baseline,
    found_facts,
    highlighted,
    interval_facts,
    learned_weights,
    origin_facts,
    pair_facts,
    plain_data,
    time_facts,
    versions,
    winner_facts,
)
from equipoise.report.summary_ties import ties
from equipoise.report.task_classes import (
    class_rows,
    confusion_facts,
    effect_facts,
    label_tables,
    paired_facts,
)
from equipoise.report.task_curves import class_curves, reliability
from equipoise.report.task_explorer import class_explorer, cost_explorer
from equipoise.report.task_words import (
    decision_lines,
    fitting_code,
    rule_lines,
    task_methods,
    task_steps,
)

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

BOARD = (
    "macro_average_precision",
    "macro_roc_auc",
    "balanced_accuracy",
    "log_loss",
)
"""The metrics of the leaderboard; that of the trial is added if it is none of them."""
TILES = ("balanced_accuracy", "macro_f1", "cost", "accuracy", "subset_accuracy")
"""The metrics of the decision that stand first."""


def summarise_task(trial: TrialRecord, results: TaskCrossValidated) -> dict[str, Any]:
    """Return a trial of several classes or labels as plain data for the report.

    Its size grows with the number of classes up to some two hundred, and not with the
    number of rows.

    Args:
        trial: What `compare` gave.
        results: Its results.

    Returns:
        Nested dictionaries, lists, strings, numbers and None; None stands for an
        undefined number, with its reason next to it.
    """
    labels = results.task.kind == "multilabel"
    shown = highlighted(trial)
    pair = list(dict.fromkeys([trial.verdict.choice, results.baseline]))
    metrics = list(dict.fromkeys([*BOARD, trial.verdict.metric]))
    plain: dict[str, Any] = plain_data(
        {
            "schema": SCHEMA,
            "task": results.task.kind,
            "noun": "label" if labels else "class",
            "nouns": "labels" if labels else "classes",
            "action": action(trial),
            "verdict": str(trial.verdict),
            "best": trial.verdict.choice,
            "baseline": results.baseline,
            "metric": trial.verdict.metric,
            "margin": trial.verdict.margin,
            "margin_basis": trial.verdict.margin_basis,
            "detectable": trial.verdict.detectable_difference,
            "level": results.level,
            "highlighted": shown,
            "repeats": trial.scores.repeats,
            "data": _data(trial, results),
            "decision": _decision(trial, results),
            "columns": [_column(name) for name in metrics],
            "leaderboard": _leaderboard(trial, results, metrics),
            "failed": [
                {"name": name, "reason": reason}
                for name, reason in trial.failed.items()
            ],
            "winner": winner_facts(trial),
            "effects": effect_facts(trial.verdict),
            "paired_decisions": paired_facts(results),
            "classes": [
                {"arm": name, "rows": class_rows(results, name)} for name in pair
            ],
            "unjudged": dict(results[pair[0]].evaluation.unjudged),
            "confusion": None if labels else confusion_facts(results, pair[0]),
            "tables": label_tables(results, pair[0]) if labels else None,
            "curves": class_curves(results, shown[:2]),
            "calibration": reliability(results, shown),
            "explorer": {
                "classes": class_explorer(results, pair[0]),
                "costs": cost_explorer(trial, results, pair[0]),
            },
            "test": _test(trial, metrics),
            "time": time_facts(trial),
            "findings": found_facts(trial),
            "next": task_steps(trial, results),
            "run": fitting_code(trial),
            "pairs": pair_facts(trial),
            "origin": origin_facts(trial),
            "terms": page_terms(trial, BOARD),
            "methods": task_methods(trial, results),
            "versions": dict(trial.versions) or versions(),
            "strategies": [
                {
                    "name": strategy.name,
                    "description": strategy.describe()
                    + learned_weights(trial, strategy.name),
                    "citation": strategy.citation(),
                }
                for strategy in trial.strategies
            ],
            "notes": list(trial.notes),
            **importance_facts(trial),
        }
    )
    return plain


def _data(trial: TrialRecord, results: TaskCrossValidated) -> dict[str, Any]:
    """Return the facts of the table, classes from the most rows to the fewest."""
    facts: dict[str, Any] = {
        "missing_cells": 0,
        "missing_share": 0.0,
        "duplicate_rows": 0,
        "strongest_columns": [],
        "dropped": [],
        "notes": [],
        **trial.facts,
    }
    dropped = [column["name"] for column in facts["dropped"]]
    facts["notes"] = [
        note
        for note in facts["notes"]
        if not any(f"{name!r} left out" in note for name in dropped)
    ]
    facts["classes"] = sorted(facts["classes"], key=lambda one: -one["rows"])
    return {**facts, "evaluated": len(results.y)}


def _column(name: str) -> dict[str, Any]:
    one = TASK_METRICS[name]
    return {
        "name": name,
        "title": one.title,
        "label": one.label,
        "higher": one.higher_is_better,
    }


def _leaderboard(
    trial: TrialRecord, results: TaskCrossValidated, metrics: list[str]
) -> list[dict[str, Any]]:
    letters = ties(trial)
    return [
        {
            "name": name,
            "letters": letters[name],
            "metrics": {
                m: interval_facts(results[name].evaluation[m]) for m in metrics
            },
            **against_baseline(trial, name),
            "seconds": trial.scores.seconds[name],
            "best": name == trial.verdict.choice,
            "baseline": name == results.baseline,
        }
        for name in trial.names
    ]


def _test(trial: TrialRecord, metrics: list[str]) -> dict[str, Any] | None:
    """Return what a separate test file says of each arm; None without one."""
    if not isinstance(trial.held_out, TaskHeldOut):
        return None
    tested = trial.held_out.evaluations
    first = next(iter(tested.values()))
    return {
        "rows": first.rows,
        "judged": len(first.by_class) - len(first.unjudged),
        "notes": list(dict.fromkeys(first.notes)),
        "arms": [
            {
                "name": name,
                "metrics": {m: interval_facts(tested[name][m]) for m in metrics},
                "difference": None if d is None else interval_facts(d),
            }
            for name in trial.names
            for d in [trial.held_out.difference(name)]
        ],
    }


def _decision(trial: TrialRecord, results: TaskCrossValidated) -> dict[str, Any]:
    name = trial.verdict.choice
    evaluation = results[name].evaluation
    decided = [
        m
        for m in evaluation
        if TASK_METRICS[m].kind == "decision" and evaluation[m].defined
    ]
    first = [m for m in TILES if m in decided]
    return {
        "arm": name,
        "sentences": decision_lines(trial, results),
        "rule": rule_lines(results[name]),
        "metrics": [
            {
                "name": m,
                "word": TASK_METRICS[m].title,
                "meaning": TASK_METRICS[m].meaning,
                "first": m in first,
                **interval_facts(evaluation[m]),
            }
            for m in dict.fromkeys([*first, *decided])
        ],
    }
