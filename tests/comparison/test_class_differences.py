# SPDX-License-Identifier: Apache-2.0
"""Which classes an arm helps: only behind the average, as one family."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.comparison.class_differences import (
    OF_EACH,
    class_differences,
    class_sentence,
)
from equipoise.comparison.verdict import judge
from equipoise.evaluation.task_cross_validation import cross_validated_task
from equipoise.metrics.registry import METRICS
from equipoise.metrics.task_registry import TASK_METRICS
from equipoise.task import Task

TASK = Task("multiclass", ("a", "b", "c"))


def trial(gain: float, seed: int = 0, rows: int = 600, **options):
    """A trial in which `other` knows class c better by some gain, and b no more."""
    random = np.random.default_rng(seed)
    y = random.choice(3, rows, p=[0.6, 0.3, 0.1])
    z = 1.5 * np.eye(3)[y] + random.normal(size=(rows, 3))
    more = z.copy()
    more[:, 2] += gain * (y == 2)
    folds = np.stack([random.permutation(rows) % 5 for _ in range(3)])
    noise = 0.2 * random.normal(size=(2, 3, rows, 3))
    scores = {"plain": z + noise[0], "other": more + noise[1]}
    return cross_validated_task(TASK, y, scores, folds, **options)


def test_the_class_that_gains_is_named() -> None:
    verdict = judge(trial(3.0))
    assert verdict.arms["other"].outcome == "better"
    by_class = verdict.by_class["other"]
    assert by_class["c"].outcome == "better"
    assert by_class["c"].difference.low > 0
    assert "It helps c (+" in verdict.sentence
    assert "in average precision" in verdict.sentence


def test_nothing_is_said_of_classes_if_the_average_does_not_differ() -> None:
    verdict = judge(trial(0.0))
    assert verdict.arms["other"].outcome in ("cannot tell", "equivalent")
    assert verdict.by_class == {}
    assert "It helps" not in verdict.sentence


def test_differences_are_those_of_the_class_tables() -> None:
    results = trial(3.0)
    made = class_differences(results, ["other"], "average_precision", level=0.95)
    for name, one in made["other"].items():
        pair = [
            results[arm].by_class[name]["average_precision"].value
            for arm in ("other", "plain")
        ]
        assert one.difference.value == pytest.approx(pair[0] - pair[1])
        assert one.difference.low <= one.difference.value <= one.difference.high
        excluded = not one.difference.low <= 0 <= one.difference.high
        assert excluded == (one.outcome != "cannot tell")


def test_a_larger_family_is_more_cautious() -> None:
    results = trial(1.0)
    alone = class_differences(results, ["other"], "average_precision", level=0.95)
    double = class_differences(
        results, ["other", "other"], "average_precision", level=0.95
    )
    for name in TASK.classes:
        assert double["other"][name].p >= alone["other"][name].p - 0.01


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1", "log_loss"])
def test_each_class_is_compared_by_the_metric_of_the_verdict(metric: str) -> None:
    verdict = judge(trial(4.0, metric=metric))
    if metric == "log_loss":
        assert verdict.by_class == {}
        return
    label = METRICS[OF_EACH[metric]].label
    if verdict.by_class and "It helps" in verdict.sentence:
        assert f"in {label})" in verdict.sentence


def test_the_metrics_of_classes_exist() -> None:
    assert OF_EACH.keys() <= TASK_METRICS.keys()
    assert set(OF_EACH.values()) <= METRICS.keys()


def test_no_class_no_sentence() -> None:
    assert class_sentence({}, "recall") == ""


def false_findings(trials: int, seed: int) -> float:
    """Share of trials without any difference in which some class is named."""
    named = 0
    for k in range(trials):
        results = trial(0.0, seed=seed + k, rows=300)
        made = class_differences(results, ["other"], "average_precision", level=0.95)
        named += any(d.outcome != "cannot tell" for d in made["other"].values())
    return named / trials


@pytest.mark.slow
def test_the_family_keeps_its_level_without_the_gate() -> None:
    assert false_findings(200, 1000) <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
