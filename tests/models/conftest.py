# SPDX-License-Identifier: Apache-2.0
"""The steps of a small fit, one after the other."""

from __future__ import annotations

import pytest

from equipoise.models.average import Average, average_models
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import GeneratedTable
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.sources import TrialRows


@pytest.fixture(scope="module")
def plan(known: GeneratedTable) -> TrialPlan:
    strategies = tuple(as_strategies(["logistic", "trees"]))
    return TrialPlan(known.table, strategies, Protocol(folds=2), keep=True)


@pytest.fixture(scope="module")
def scores(plan: TrialPlan) -> Scores:
    return fit_parts(plan, plan.parts([0])).binary(plan.table.task)


@pytest.fixture(scope="module")
def average(plan: TrialPlan, scores: Scores) -> Average:
    return average_models(TrialRows(plan.table), plan, scores, blended=None)
