# SPDX-License-Identifier: Apache-2.0
"""A trial as runs for a tracker: one per strategy, numbers only, no models."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.metrics import curve
from equipoise.metrics.confusion import Counts
from equipoise.metrics.estimate import Estimate
from equipoise.strategies.blended import Blend
from equipoise.strategies.strategy import Strategy

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

Parameter = str | float | int | bool

RECALLS = 101
"""Points of a precision-recall curve: recall 0, .01, .. 1."""

LONGEST_NAME = 100
"""Longer names are cut: trackers refuse long keys."""

CLASS_NAMES = "class_names.json"
"""The file that says which class each key stands for, if one is not its name."""

MOST_CLASSES = 50
"""With more classes or labels than this their own metrics are left out."""


@dataclass(frozen=True, eq=False)
class TrackedRun:
    """One strategy of a trial.

    Attributes:
        name: The strategy's name.
        description: What it is, in words.
        parameters: What it is made of, and the options of its parts.
        metrics: Every metric that is defined, by name; `_low` and `_high` are the
            ends of its interval.
        splits: `split_metric` within each fold, repeat by repeat; NaN if a
            fold lacks a class.
        curve: Counts `[RECALLS]` at falling recall, from flagging every row to
            flagging none: means over the repeats. None for several classes or labels.
        split_metric: Average precision; of several classes or labels that of the
            trial.
        class_names: Key of a class or label to its name, if a key differs from it.
    """

    name: str
    description: str
    parameters: Mapping[str, Parameter]
    metrics: Mapping[str, float]
    splits: FloatArray
    curve: Counts | None
    split_metric: str = "average_precision"
    class_names: Mapping[str, str] = field(default_factory=dict)


def tracked_runs(trial: TrialRecord) -> list[TrackedRun]:
    """Return a trial's runs, in the order of its leaderboard."""
    by_name = {strategy.name: strategy for strategy in trial.strategies}
    return [_run(trial, by_name[name]) for name in trial.names]


def _run(trial: TrialRecord, strategy: Strategy) -> TrackedRun:
    if isinstance(trial.results, TaskCrossValidated):
        return _task_run(trial, trial.results, strategy)
    arm = trial.of_two_classes[strategy.name]
    return TrackedRun(
        strategy.name,
        strategy.describe(),
        _parameters(strategy),
        _metrics(trial, strategy.name),
        np.ravel(arm.splits["average_precision"]),
        counts_at_recalls(trial.of_two_classes.y, arm.aligned),
    )


def _task_run(
    trial: TrialRecord, results: TaskCrossValidated, strategy: Strategy
) -> TrackedRun:
    """Return a strategy's run on several classes or labels."""
    arm, metric = results[strategy.name], results.metric
    metrics = _estimates(arm.evaluation, arm.differences, results.baseline)
    names = key_names(list(arm.by_class))
    by_key = dict(zip(names, arm.by_class, strict=True))
    if len(names) <= MOST_CLASSES:
        for name, evaluation in zip(names, arm.by_class.values(), strict=True):
            metrics |= {f"class/{name}/{m}": e.value for m, e in evaluation.items()}
    metrics |= _spent(trial, strategy.name)
    return TrackedRun(
        strategy.name,
        strategy.describe(),
        _parameters(strategy),
        {key: float(v) for key, v in metrics.items() if math.isfinite(v)},
        np.ravel(arm.splits[metric]),
        None,
        metric,
        by_key if any(key != name for key, name in by_key.items()) else {},
    )


def folder_names(names: Sequence[str]) -> list[str]:
    """Return names that are fit for folders, all different.

    A name that is fit as it is stays so, whatever comes before it. Two that differ by
    case only would be one folder on some systems, so they do not count as different.

    Args:
        names: Any, all different.

    Example:
        >>> folder_names(["plain", "a/b", "a:b", "", "a_b_2", "sqrt+focal"])
        ['plain', 'a_b', 'a_b_3', '_', 'a_b_2', 'sqrt+focal']
    """
    return _all_different(names, "+")


def key_names(names: Sequence[str]) -> list[str]:
    """Return names that are fit for keys of metrics, all different.

    As `folder_names`, without the plus sign, which MLflow refuses.

    Args:
        names: Any, all different.

    Example:
        >>> key_names(["A+", "A-", "ä/ö (50 %)"])
        ['A_', 'A-', '_____50___']
    """
    return _all_different(names, "")


def _all_different(names: Sequence[str], signs: str) -> list[str]:
    plain = [
        re.sub(rf"[^A-Za-z0-9_{signs}-]", "_", name)[:LONGEST_NAME] or "_"
        for name in names
    ]
    changed = [key != name for key, name in zip(plain, names, strict=True)]
    taken: set[str] = set()
    for k in sorted(range(len(names)), key=changed.__getitem__):
        number, unique = 2, plain[k]
        while unique.casefold() in taken:
            unique, number = f"{plain[k]}_{number}", number + 1
        taken.add(unique.casefold())
        plain[k] = unique
    return plain


def _parameters(strategy: Strategy) -> dict[str, Parameter]:
    parts = strategy.to_dict()
    del parts["name"], parts["options"]
    if isinstance(strategy, Blend):
        del parts["blended"], parts["shares"]
        keys = key_names(list(strategy.prior))
        shares = zip(keys, strategy.prior.values(), strict=True)
        parts |= {f"share_{key}": share for key, share in shares}
    chosen: dict[str, Parameter] = {k: v or "none" for k, v in parts.items()}
    options = {**strategy.defaults, **strategy.settings}
    return chosen | {k: v for k, v in options.items() if v is not None}


def _metrics(trial: TrialRecord, name: str) -> dict[str, float]:
    arm = trial.of_two_classes[name]
    baseline = trial.of_two_classes.baseline
    metrics = _estimates(arm.evaluation, arm.differences, baseline)
    threshold = arm.evaluation.threshold
    metrics["threshold"] = math.nan if threshold is None else threshold
    if arm.evaluation.lower is not None:
        metrics["lower"] = arm.evaluation.lower
    metrics |= _spent(trial, name)
    return {key: float(v) for key, v in metrics.items() if math.isfinite(v)}


def _estimates(
    evaluation: Mapping[str, Estimate],
    differences: Mapping[str, Estimate],
    baseline: str,
) -> dict[str, float]:
    metrics: dict[str, float] = {}
    (rival,) = key_names([baseline])
    for metric, estimate in evaluation.items():
        metrics |= _ends(metric, estimate)
    for metric, estimate in differences.items():
        metrics |= _ends(f"{metric}_minus_{rival}", estimate)
    return metrics


def _spent(trial: TrialRecord, name: str) -> dict[str, float]:
    return {
        "seconds": trial.scores.seconds[name],
        "updates": trial.scores.updates[name],
    }


def _ends(name: str, estimate: Estimate) -> dict[str, float]:
    return {
        name: estimate.value,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
    }


def counts_at_recalls(
    y: np.ndarray, scores: FloatArray, points: int = RECALLS
) -> Counts:
    """Return the counts at the fewest flags that reach each recall.

    Even thresholds would show nothing of a rare class, whose scores crowd at 0.

    Args:
        y: `[rows]` whether a row is positive.
        scores: `[repeats, rows]`; only their order within a repeat counts.
        points: How many recalls, evenly spaced from 1 down to 0.

    Returns:
        Means over the repeats, `[points]`: at recall 1 every row is flagged, at
        recall 0 none.

    Example:
        >>> y = np.array([True, False, True, False])
        >>> counts = counts_at_recalls(y, np.array([[4.0, 3.0, 2.0, 1.0]]), points=3)
        >>> counts.tp.tolist(), counts.fp.tolist()
        ([2.0, 1.0, 0.0], [2.0, 0.0, 0.0])
    """
    positives, negatives = int(y.sum()), int((~y).sum())
    # Rounding must not turn "3 of 12" into "more than 3".
    reached = np.linspace(1, 0, points) * positives - 1e-9
    tp, fp = np.zeros(points), np.zeros(points)
    for line in scores:
        counts = curve(y, line).counts
        at = np.searchsorted(counts.tp, reached[1:-1])
        tp[1:-1] += counts.tp[at] / len(scores)
        fp[1:-1] += counts.fp[at] / len(scores)
    tp[0], fp[0] = positives, negatives
    return Counts(tp, fp, positives - tp, negatives - fp)
