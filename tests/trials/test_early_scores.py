# SPDX-License-Identifier: Apache-2.0
"""What arms are worth so far is the mean of the metric within the folds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from equipoise.jobs import ArmSoFar
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import GeneratedTable
from equipoise.task import Task
from equipoise.trials.early_scores import EarlyScores
from equipoise.trials.fold_scores import fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol


def test_each_fold_adds_to_the_mean(known: GeneratedTable) -> None:
    plan = TrialPlan(
        known.table, tuple(as_strategies(["logistic", "prior"])), Protocol(folds=3)
    )
    seen: list[ArmSoFar] = []
    early = EarlyScores(plan, ("logistic",), seen.append)
    parts = plan.parts([0])
    scores = fit_parts(plan, parts, early=early)
    assert [(one.name, one.fits, one.folds) for one in seen] == [
        ("logistic", k, 3) for k in (1, 2, 3)
    ]
    y, z = known.table.labels(), scores.log_odds["logistic"][0, :, 0]
    values = [average_precision_score(y[p.test], z[p.test]) for p in parts]
    means = [np.mean(values[:k]) for k in (1, 2, 3)]
    assert [one.value for one in seen] == pytest.approx(means)
    assert seen[0].metric == "average precision"


def test_several_classes_have_the_mean_of_their_metric(known: GeneratedTable) -> None:
    y = np.arange(len(known.table)) % 3
    table = dataclasses.replace(
        known.table, y=y.astype(np.int16), task=Task("multiclass", ("a", "b", "c"))
    )
    plan = TrialPlan(table, tuple(as_strategies(["logistic"])), Protocol(folds=2))
    seen: list[ArmSoFar] = []
    early = EarlyScores(plan, ("logistic",), seen.append)
    parts = plan.parts([0])
    z = fit_parts(plan, parts, early=early).log_odds["logistic"][0]
    first = parts[0].test
    by_class = []
    for k in range(3):
        others = np.delete(z[first], k, axis=1)
        rank = z[first, k] - np.logaddexp(others[:, 0], others[:, 1])
        by_class.append(average_precision_score(y[first] == k, rank))
    assert seen[0].value == pytest.approx(np.mean(by_class))


def test_what_is_too_rare_is_left_out_and_weights_count(known: GeneratedTable) -> None:
    y = np.arange(len(known.table)) % 3
    y[:2] = 3  # fewer cases than folds
    table = dataclasses.replace(
        known.table, y=y.astype(np.int16), task=Task("multiclass", tuple("abcd"))
    )
    weights = np.random.default_rng(0).uniform(0.2, 3.0, len(table))
    plan = TrialPlan(
        table, tuple(as_strategies(["logistic"])), Protocol(folds=3), weights=weights
    )
    seen: list[ArmSoFar] = []
    early = EarlyScores(plan, ("logistic",), seen.append)
    parts = plan.parts([0])
    z = fit_parts(plan, parts, early=early).log_odds["logistic"][0]
    values = []
    for part in parts:
        rows = part.test[y[part.test] < 3]
        by_class = []
        for k in range(3):
            others = np.delete(z[rows], k, axis=1)
            rank = z[rows, k] - np.logaddexp.reduce(others, axis=1)
            by_class.append(
                average_precision_score(y[rows] == k, rank, sample_weight=weights[rows])
            )
        values.append(np.mean(by_class))
    means = [np.mean(values[:k]) for k in (1, 2, 3)]
    assert [one.value for one in seen] == pytest.approx(means)


def test_a_label_that_is_too_rare_is_left_out(known: GeneratedTable) -> None:
    number = np.arange(len(known.table))
    y = np.stack([number % 2, number % 3 == 0, number < 2], axis=1)
    task = Task("multilabel", ("a", "b", "rare"))
    table = dataclasses.replace(known.table, y=y.astype(np.int8), task=task)
    plan = TrialPlan(table, tuple(as_strategies(["logistic"])), Protocol(folds=3))
    seen: list[ArmSoFar] = []
    early = EarlyScores(plan, ("logistic",), seen.append)
    parts = plan.parts([0])
    z = fit_parts(plan, parts, early=early).log_odds["logistic"][0]
    values = [
        np.mean([average_precision_score(y[p.test, k], z[p.test, k]) for k in (0, 1)])
        for p in parts
    ]
    means = [np.mean(values[:k]) for k in (1, 2, 3)]
    assert [one.value for one in seen] == pytest.approx(means)
