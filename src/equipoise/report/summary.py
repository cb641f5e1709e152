# SPDX-License-Identifier: Apache-2.0
"""A trial as plain data: everything that a report shows, and no row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import metadata
from platform import python_version
from typing import TYPE_CHECKING, Any

from equipoise.comparison.held_out_rows import HeldOut
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.registry import HEADLINE, decided_metrics
from equipoise.report.summary_curves import calibration_lines, explorer, ranking_curves
from equipoise.report.summary_sweep import sweep
from equipoise.report.summary_ties import ties
from equipoise.report.summary_words import (
    decision_sentences,
    goal_words,
    methods,
    metric_words,
    next_steps,
)

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

SCHEMA = 1
LIBRARIES = ("equipoise", "tensorflow", "keras", "numpy", "scipy", "scikit-learn")


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
    shown = highlighted(trial)
    plain: dict[str, Any] = _plain(
        {
            "schema": SCHEMA,
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
            "winner": _winner(trial),
            "curves": ranking_curves(trial, shown),
            "calibration": calibration_lines(trial, shown),
            "explorer": explorer(trial),
            "sweep": sweep(trial),
            "time": _time(trial),
            "findings": _findings(trial),
            "test": _test(trial),
            "next": next_steps(trial),
            "methods": methods(trial),
            "versions": versions(),
            "strategies": _strategies(trial),
            "notes": list(trial.notes),
        }
    )
    return plain


def highlighted(trial: TrialRecord) -> list[str]:
    """Return at most three arms to draw in colour: chosen, baseline, and the first.

    If two of these are the same arm, the next of the leaderboard is added. An arm
    that predicts the prior is not drawn in colour with others.
    """
    flat = {s.name for s in trial.strategies if s.learner_record.constant}
    order = [name for name in trial.names if name not in flat]
    first = [trial.verdict.choice, trial.of_two_classes.baseline, *order]
    return list(dict.fromkeys(first))[:3]


def versions() -> dict[str, str]:
    """Return the versions of what computed the numbers, without importing it."""
    return {"python": python_version()} | {
        name: metadata.version(name) for name in LIBRARIES
    }


def interval_facts(estimate: Estimate) -> dict[str, Any]:
    """Return the value, the ends and, if it is undefined, the reason."""
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "reason": estimate.reason,
    }


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
        "goal": goal_words(trial.objective),
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
            **_against(trial, name),
            "best": name == trial.verdict.choice,
            "baseline": name == trial.of_two_classes.baseline,
        }
        for name in trial.names
    ]


def _against(trial: TrialRecord, name: str) -> dict[str, Any]:
    """Return the verdict on one arm, with the interval that it rests on."""
    verdict = trial.verdict.arms.get(name)
    if verdict is None:
        return {"outcome": "baseline", "difference": None, "p": None}
    return {
        "outcome": verdict.outcome,
        "difference": interval_facts(verdict.difference),
        "p": verdict.p,
        "detectable": verdict.detectable,
    }


def _winner(trial: TrialRecord) -> dict[str, Any]:
    best = trial.of_two_classes.leader
    return {
        "name": best.name,
        "optimism": best.optimism,
        "share": best.share[best.name],
        "estimate": interval_facts(best.estimate),
    }


def _time(trial: TrialRecord) -> list[dict[str, Any]]:
    longest = max(trial.scores.seconds.values(), default=0.0) or 1.0
    return [
        {
            "name": name,
            "seconds": trial.scores.seconds[name],
            "share": trial.scores.seconds[name] / longest,
            "updates": trial.scores.updates[name],
        }
        for name in trial.names
    ]


def _findings(trial: TrialRecord) -> dict[str, Any]:
    return {
        "found": [
            {
                "code": f.code,
                "title": f.title,
                "severity": f.severity,
                "message": f.message,
                "advice": f.advice,
            }
            for f in trial.diagnosis.findings
        ],
        "passed": len(trial.diagnosis.passed),
        "not_applicable": len(trial.diagnosis.not_applicable),
    }


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
            "description": strategy.describe(totals) + _weights(trial, strategy.name),
            "citation": strategy.citation(),
        }
        for strategy in trial.strategies
    ]


def _weights(trial: TrialRecord, name: str) -> str:
    """Say which weights an average learned on all rows; nothing of another arm."""
    weights = trial.scores.blends.get(name)
    if not weights:
        return ""
    parts = ", ".join(f"{member} {share:.0%}" for member, share in weights.items())
    return f" On all rows of this trial the weights are {parts}."


def _plain(value: Any) -> Any:
    """Return JSON's own types; numbers that are not finite become None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
