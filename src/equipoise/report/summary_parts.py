# SPDX-License-Identifier: Apache-2.0
"""What the summaries of trials of any task share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import metadata
from platform import python_version
from typing import TYPE_CHECKING, Any

from equipoise.comparison.verdict import judge_all_pairs
from equipoise.metrics.estimate import Estimate
from equipoise.trials.rare_notes import findings_beside

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

SCHEMA = 1
LEAST_ARMS = 3
"""With fewer, the verdict says all about pairs."""
LIBRARIES = ("equipoise", "tensorflow", "keras", "numpy", "scipy", "scikit-learn")


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


def against_baseline(trial: TrialRecord, name: str) -> dict[str, Any]:
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


def winner_facts(trial: TrialRecord) -> dict[str, Any]:
    """Return the best arm with what picking it gains by luck."""
    best = trial.results.leader
    return {
        "name": best.name,
        "optimism": best.optimism,
        "share": best.share[best.name],
        "estimate": interval_facts(best.estimate),
    }


def time_facts(trial: TrialRecord) -> list[dict[str, Any]]:
    """Return how long each arm took, as a share of the longest too."""
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


def found_facts(trial: TrialRecord) -> dict[str, Any]:
    """Return what the diagnosis found."""
    return {
        "found": [
            {
                "code": f.code,
                "title": f.title,
                "severity": f.severity,
                "message": f.message,
                "advice": f.advice,
            }
            for f in findings_beside(trial.diagnosis.findings, trial.notes)
        ],
        "passed": len(trial.diagnosis.passed),
        "not_applicable": len(trial.diagnosis.not_applicable),
    }


def pair_facts(trial: TrialRecord) -> list[dict[str, Any]]:
    """Return the verdict on every two arms; nothing if there are fewer than three."""
    if len(trial.names) < LEAST_ARMS:
        return []
    of = trial.verdict
    verdicts = judge_all_pairs(
        trial.results, trial.names, margin=of.margin, level=of.level
    )
    return [
        {
            "first": one.first,
            "second": one.second,
            "outcome": one.outcome,
            "difference": interval_facts(one.difference),
            "p": one.p,
        }
        for one in verdicts
    ]


def origin_facts(trial: TrialRecord) -> dict[str, Any]:
    """Return when and from what a trial was made, as far as it is known."""
    basis = trial.basis
    origin = {} if basis is None else dict(basis.origin)
    return {
        "made": "",
        "command": "",
        "files": [],
        "rows": "" if basis is None else basis.digest,
        **origin,
    }


def learned_weights(trial: TrialRecord, name: str) -> str:
    """Say which weights an average learned on all rows; nothing of another arm."""
    weights = trial.scores.blends.get(name)
    if not weights:
        return ""
    parts = ", ".join(f"{member} {share:.0%}" for member, share in weights.items())
    return f" On all rows of this trial the weights are {parts}."


def plain_data(value: Any) -> Any:
    """Return JSON's own types; numbers that are not finite become None."""
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    if hasattr(value, "tolist"):
        return plain_data(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def highlighted(trial: TrialRecord) -> list[str]:
    """Return at most three arms to draw in colour: chosen, baseline, and the first.

    If two of these are the same arm, the next of the leaderboard is added. An arm
    that predicts the prior is not drawn in colour with others.
    """
    flat = {s.name for s in trial.strategies if s.learner_record.constant}
    order = [name for name in trial.names if name not in flat]
    first = [trial.verdict.choice, trial.results.baseline, *order]
    return list(dict.fromkeys(first))[:3]
