# SPDX-License-Identifier: Apache-2.0
"""Every number that a public function takes refuses what is no number.

A NaN that passes a comparison becomes a result: a threshold of NaN flagged nothing
and gave a recall of 0. So each numeric argument is called with NaN, a missing value,
a text and an array here, and each answers with an error of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import equipoise as eq
from equipoise import (
    comparison,
    decision,
    evaluation,
    losses,
    metrics,
    networks,
    sampling,
    synthesis,
    training,
    uncertainty,
    weights,
)
from equipoise.decision import Costs
from equipoise.errors import EquipoiseError
from equipoise.evaluation import cross_validated, slices
from equipoise.metrics import METRICS
from equipoise.table import inner_split

NAN = float("nan")
Y = np.tile([0, 0, 0, 1], 15)
P = np.linspace(0.05, 0.95, 60)
Z = np.log(P / (1 - P))
SCORED = Z + 5.0 * Y
RULE = decision.DecisionRule(0.0, objective="given", prevalence=0.2)
FOLDS = np.repeat([0, 1, 2], 20)
SPLITS = np.arange(10.0).reshape(2, 5) / 100
KNOWN = {"m": {"a": [0.5, 0.6, 0.7], "b": [0.4, 0.5, 0.8]}}

NOT_NUMBERS: dict[str, Any] = {
    "NaN": NAN,
    "NumPy's NaN": np.float64("nan"),
    "float32 NaN": np.float32("nan"),
    "an array with NaN": np.array([NAN]),
    "pandas' NA": pd.NA,
    "pandas' NaT": pd.NaT,
    "a text": "0.5",
    "a Boolean": True,
    "complex": 0.5 + 0.0j,
}


def of_decisions() -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
    costs = ("false_negative", "false_positive", "true_positive", "true_negative")
    for name, one in METRICS.items():
        if one.of_counts is None:
            continue
        function = getattr(metrics, name)
        numbers = {"threshold": 0.5}
        if "cost" in name:
            numbers |= dict.fromkeys(costs, 1.0)
        if name == "f_beta":
            numbers["beta"] = 2.0
        yield f"metrics.{name}", lambda f=function, **k: f(Y, P, **k), numbers
        yield (
            f"interval of {name}",
            lambda n=name, **k: uncertainty.interval(n, Y, P, **k),
            {**numbers, "level": 0.9},
        )


Call = tuple[str, Callable[..., Any], dict[str, Any]]
TABLE = eq.read_table(
    pd.DataFrame({"x": Z + np.tile([0.0, 1.0, 0.5], 20), "y": Y}), "y"
)


def calls() -> Iterator[Call]:
    yield from of_decisions()
    yield (
        "evaluate",
        lambda **k: eq.evaluate(Y, P, **k),
        {"threshold": 0.5, "level": 0.9},
    )
    yield (
        "evaluate, costs",
        lambda a, b: eq.evaluate(Y, P, costs=(a, b)),
        {"a": 1.0, "b": 5.0},
    )
    yield (
        "Costs",
        lambda **k: Costs(**k),
        {"fp": 1.0, "fn": 5.0, "tp": 0.0, "tn": 0.0, "abstain": 0.5},
    )
    yield "Goal, precision", lambda **k: eq.Goal(**k), {"precision_floor": 0.5}
    yield "Goal, recall", lambda **k: eq.Goal(**k), {"recall_floor": 0.5}
    yield (
        "Goal, certificate",
        lambda v: eq.Goal(precision_floor=0.5, certify=v),
        {"v": 0.9},
    )
    yield "Goal, capacity", lambda **k: eq.Goal(**k), {"capacity": 0.05}
    yield "Goal, costs", lambda a, b: eq.Goal(costs=(a, b)), {"a": 1.0, "b": 5.0}
    for name in ("clopper_pearson", "wilson"):
        yield (
            name,
            lambda n=name, **k: getattr(uncertainty, n)(**k),
            {"successes": 3.0, "trials": 12.0, "level": 0.9},
        )
    yield (
        "effective_wilson",
        lambda **k: uncertainty.effective_wilson(uncertainty.Spread(0.5, 0.01, 9), **k),
        {"level": 0.9, "prior_units": 2.0},
    )
    yield (
        "partial_roc_auc",
        lambda **k: metrics.partial_roc_auc(Y, P, **k),
        {"max_fpr": 0.2},
    )
    for name, number in (
        ("precision_at_k", "k"),
        ("recall_at_k", "k"),
        ("precision_at_recall", "recall"),
        ("threshold_at_recall", "recall"),
        ("recall_at_precision", "precision"),
        ("threshold_at_precision", "precision"),
    ):
        yield (
            name,
            lambda n=name, **k: getattr(metrics, n)(Y, P, **k),
            {number: 10 if number == "k" else 0.5},
        )
    yield "counts", lambda **k: metrics.counts(Y, P, **k), {"threshold": 0.5}
    yield (
        "slices",
        lambda **k: slices(Y, P, Y, **k),
        {"threshold": 0.5, "level": 0.9},
    )
    for name in ("roc_curve", "precision_recall_curve", "calibration_curve"):
        yield (
            name,
            lambda n=name, **k: getattr(evaluation, n)(Y, P, **k),
            {"level": 0.9},
        )
    yield (
        "cross_validated",
        lambda **k: cross_validated(Y, {"plain": Z}, FOLDS, replicates=9, **k),
        {"level": 0.9},
    )
    yield (
        "floor",
        lambda **k: decision.objective("precision", **k),
        {"floor": 0.5},
    )
    yield "f_beta", lambda **k: decision.objective("fbeta", **k), {"beta": 2.0}
    for name in ("certify_precision", "certify_recall"):
        yield (
            name,
            lambda n=name, **k: getattr(decision, n)(SCORED, Y, **k),
            {"floor": 0.3, "level": 0.9},
        )
    yield (
        "certify_both",
        lambda **k: decision.certify_both(SCORED, Y, **k),
        {"precision": 0.3, "recall": 0.3, "level": 0.9},
    )
    yield (
        "flags_needed",
        decision.flags_needed,
        {"floor": 0.5, "level": 0.9, "precision": 0.9, "power": 0.8},
    )
    yield "positives_needed", decision.positives_needed, {"floor": 0.5, "level": 0.9}
    yield (
        "calibration_test",
        lambda **k: decision.calibration_test(Z, Y, **k),
        {"level": 0.9},
    )
    yield (
        "at_prevalence",
        lambda **k: decision.at_prevalence(RULE, **k),
        {"prevalence": 0.1},
    )
    yield (
        "DecisionRule",
        decision.DecisionRule,
        {"threshold_log_odds": 0.1, "lower_log_odds": 0.0, "offset": 0.0},
    )
    yield (
        "nadeau_bengio",
        lambda **k: comparison.nadeau_bengio(SPLITS, **k),
        {"test_share": 0.2, "level": 0.9},
    )
    yield (
        "bayesian_correlated_t",
        lambda **k: comparison.bayesian_correlated_t(SPLITS, **k),
        {"test_share": 0.2, "rope": 0.01},
    )
    yield (
        "bayesian_signed_rank",
        lambda **k: comparison.bayesian_signed_rank(SPLITS[0], samples=50, **k),
        {"rope": 0.01, "prior": 0.5},
    )
    yield (
        "detectable_difference",
        lambda **k: comparison.detectable_difference(repeats=2, folds=5, **k),
        {"sd": 0.1, "test_share": 0.2, "level": 0.9, "power": 0.8},
    )
    yield (
        "ranks_with_ties",
        lambda **k: comparison.ranks_with_ties(SPLITS, **k),
        {"margin": 0.01},
    )
    yield (
        "over_tables",
        lambda **k: comparison.over_tables(
            {"plain": [0.5, 0.6, 0.7], "b": [0.4, 0.5, 0.8]}, **k
        ),
        {"margin": 0.01},
    )
    yield (
        "delong_difference",
        lambda **k: comparison.delong_difference(Y, P, P**2 - Y, **k),
        {"level": 0.9},
    )
    yield (
        "resampled_difference",
        lambda **k: comparison.resampled_difference(
            Y, P, P**2 - 0.1 * Y, replicates=9, **k
        ),
        {"level": 0.9},
    )
    yield (
        "simultaneous_level",
        lambda **k: uncertainty.simultaneous_level(arms=2, **k),
        {"level": 0.9},
    )
    yield (
        "prevalence_check",
        lambda **k: comparison.prevalence_check((9, 90), (8, 50), **k),
        {"alpha": 0.05},
    )
    yield "diagnose", lambda **k: eq.diagnose(TABLE, **k), {"precision": 0.8}
    yield (
        "learning_curve",
        lambda **k: eq.learning_curve(TABLE, **k),
        {"factor": 2.0, "level": 0.9},
    )
    yield (
        "inner_split",
        lambda **k: inner_split(TABLE, np.arange(60), **k),
        {"share": 0.3},
    )
    yield "Rate", lambda **k: sampling.Rate(**k), {"rate": 0.3}
    yield "Oversample", lambda **k: sampling.Oversample(**k), {"ratio": 0.5}
    yield "Undersample", lambda **k: sampling.Undersample(**k), {"ratio": 0.5}
    yield "Mixup", lambda **k: synthesis.Mixup(**k), {"concentration": 0.3}
    yield "Focal", lambda **k: losses.Focal(**k), {"gamma": 2.0, "alpha": 0.3}
    yield (
        "LogitAdjusted",
        lambda **k: losses.LogitAdjusted(**k),
        {"prior": 0.1, "tau": 1.0},
    )
    yield "AUCMargin", lambda **k: losses.AUCMargin(**k), {"margin": 1.0}
    yield "PairwiseAUC", lambda **k: losses.PairwiseAUC(**k), {"margin": 1.0}
    yield (
        "NetworkSpec",
        lambda **k: networks.NetworkSpec("one", **k),
        {"dropout": 0.1, "learning_rate": 0.01, "weight_decay": 0.1},
    )
    yield (
        "TrainingSettings",
        lambda **k: training.TrainingSettings(**k),
        {"save_every": 30.0},
    )
    yield (
        "class_weights",
        lambda negatives, positives: weights.class_weights(
            "balanced", [negatives, positives]
        ),
        {"negatives": 90, "positives": 10},
    )
    yield (
        "strategy of focal",
        lambda **k: eq.Strategy(loss="focal", options=k),
        {"gamma": 2.0},
    )
    for verb in (eq.compare, eq.fit):
        numbers = {"minutes": 1e-3}
        if verb is eq.compare:
            numbers["margin"] = 0.01
        yield verb.__name__, lambda v=verb, **k: v(TABLE, **k), numbers


CALLS = {label: (function, numbers) for label, function, numbers in calls()}
ARGUMENTS = [(label, name) for label, (_, all_) in CALLS.items() for name in all_]
SLOW = {"compare", "fit", "learning_curve", "diagnose"}


@pytest.mark.parametrize("label", sorted({*CALLS} - SLOW))
def test_the_call_works_with_numbers(label: str) -> None:
    function, numbers = CALLS[label]
    function(**numbers)


@pytest.mark.parametrize(("label", "name"), ARGUMENTS)
def test_what_is_no_number_is_refused(label: str, name: str) -> None:
    function, numbers = CALLS[label]
    passed = []
    for kind, value in NOT_NUMBERS.items():
        try:
            function(**{**numbers, name: value})
        except EquipoiseError:
            continue
        passed.append(kind)
    assert not passed


# Where an infinite number means something.
INFINITE_IS_MEANT = {"threshold"}


@pytest.mark.parametrize(("label", "name"), ARGUMENTS)
def test_infinite_numbers_are_refused_unless_they_mean_something(
    label: str, name: str
) -> None:
    if name in INFINITE_IS_MEANT or label == "DecisionRule":
        return
    function, numbers = CALLS[label]
    for value in (np.inf, -np.inf):
        with pytest.raises(EquipoiseError):
            function(**{**numbers, name: value})


@pytest.mark.parametrize(("label", "name"), ARGUMENTS)
def test_numbers_of_numpy_are_numbers(label: str, name: str) -> None:
    function, numbers = CALLS[label]
    if label in SLOW:
        return
    value = numbers[name]
    kind = np.int64 if isinstance(value, int) else np.float64
    function(**{**numbers, name: kind(value)})
