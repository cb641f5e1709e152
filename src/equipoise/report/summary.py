# SPDX-License-Identifier: Apache-2.0
"""A trial as plain data: everything that a report shows, and no row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from equipoise.comparison.held_out_rows import HeldOut
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.metrics.registry import HEADLINE, decided_metrics
from equipoise.report.columns_that_matter import importance_facts
from equipoise.report.manager_words import action, page_terms
from equipoise.report.summary_curves import calibration_lines, explorer, ranking_curves
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
from equipoise.report.summary_sweep import sweep
from equipoise.report.summary_ties import ties
from equipoise.report.summary_words import (
    decision_sentences,
    goal_words,
    methods,
    metric_words,
    next_steps,
)
from equipoise.report.task_summary import summarise_task
from equipoise.report.unseen import unseen_facts

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord


def summarise(trial: TrialRecord) -> dict[str, Any]:
    """Return a trial as plain data, ready for JSON and for `report.render`.

    It holds aggregates only, and its size does not grow with the number of rows: at
    most some 200 points per arm and curve.

    Args:
        trial: What `compare` gave.

    Returns:
        Nested dictionaries, lists, strings, numbers and None; None stands for an
        undefined number, with its reason next to it.
    """
    if isinstance(trial.results, TaskCrossValidated):
        return summarise_task(trial, trial.results)
    shown = highlighted(trial)
    plain: dict[str, Any] = plain_data(
        {
            "schema": SCHEMA,
            "action": action(trial),
            "verdict": str(trial.verdict),
            "best": trial.verdict.choice,
            "baseline": trial.results.baseline,
            "metric": trial.verdict.metric,
            "margin": trial.verdict.margin,
            "margin_basis": trial.verdict.margin_basis,
            "detectable": trial.verdict.detectable_difference,
            "highlighted": shown,
            "repeats": trial.scores.repeats,
            "data": _data(trial),
            "decision": _decision(trial),
            "leaderboard": _leaderboard(trial),
            "failed": [
                {"name": name, "reason": reason}
                for name, reason in trial.failed.items()
            ],
            "winner": winner_facts(trial),
            "curves": ranking_curves(trial, shown),
            "calibration": calibration_lines(trial, shown),
            "explorer": explorer(trial),
            "sweep": sweep(trial),
            "time": time_facts(trial),
            "findings": found_facts(trial),
            "test": _test(trial),
            "next": next_steps(trial),
            "pairs": pair_facts(trial),
            "origin": origin_facts(trial),
            "terms": page_terms(trial, HEADLINE),
            "methods": methods(trial),
            "versions": dict(trial.versions) or versions(),
            "strategies": _strategies(trial),
            "notes": list(trial.notes),
            **unseen_facts(trial),
            **importance_facts(trial),
        }
    )
    return plain


def _data(trial: TrialRecord) -> dict[str, Any]:
    facts = trial.facts
    dropped = [column["name"] for column in facts["dropped"]]
    # Columns that were left out are listed with their reasons already.
    notes = [
        note
        for note in facts["notes"]
        if not any(f"{name!r} left out" in note for name in dropped)
    ]
    return {**facts, "notes": notes, "evaluated": int(trial.of_two_classes.y.size)}


def _decision(trial: TrialRecord) -> dict[str, Any]:
    name = trial.verdict.choice
    evaluation = trial.of_two_classes[name].evaluation
    cells = evaluation.confusion
    confusion = None if cells is None else cells.as_dict()
    total = evaluation.rows
    return {
        "arm": name,
        "goal": goal_words(trial.objective, trial.options),
        "threshold": evaluation.threshold,
        "lower": evaluation.lower,
        "threshold_range": None
        if evaluation.threshold_range is None
        else list(evaluation.threshold_range),
        "sentences": decision_sentences(trial),
        "metrics": [
            {"name": m, **metric_words(m), **interval_facts(evaluation[m])}
            for m in (*decided_metrics(described=True), "undecided", "cost")
            if m in evaluation and m != "flag_rate"
        ],
        "confusion": confusion,
        "per_thousand": None
        if confusion is None
        else {cell: 1000 * count / total for cell, count in confusion.items()},
    }


def _leaderboard(trial: TrialRecord) -> list[dict[str, Any]]:
    letters = ties(trial)
    return [
        {
            "name": name,
            "letters": letters[name],
            **{
                m: interval_facts(trial.results[name].evaluation[m])
                for m in dict.fromkeys([*HEADLINE, trial.verdict.metric])
            },
            **against_baseline(trial, name),
            "best": name == trial.verdict.choice,
            "baseline": name == trial.of_two_classes.baseline,
        }
        for name in trial.names
    ]


def _test(trial: TrialRecord) -> dict[str, Any] | None:
    if not isinstance(trial.held_out, HeldOut):
        return None
    tested = trial.held_out.evaluations
    first = next(iter(tested.values()))
    shown = (*HEADLINE, "recall", "precision")
    return {
        "rows": first.rows,
        "positives": first.positives,
        "prevalence": first.prevalence,
        "notes": list(dict.fromkeys(first.notes)),
        "arms": [
            {
                "name": name,
                **{m: interval_facts(e[m]) for m in shown if m in e},
                "difference": None if d is None else interval_facts(d),
            }
            for name in trial.names
            for e, d in [(tested[name], trial.held_out.difference(name))]
        ],
    }


def _strategies(trial: TrialRecord) -> list[dict[str, str]]:
    facts = trial.facts
    totals = int(facts["negatives"]), int(facts["positives"])
    return [
        {
            "name": strategy.name,
            "description": strategy.describe(totals)
            + learned_weights(trial, strategy.name),
            "citation": strategy.citation(),
        }
        for strategy in trial.strategies
    ]
