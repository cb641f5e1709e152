# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest

from equipoise.models.average import Average
from equipoise.models.facts import fit_facts
from equipoise.models.goal import Goal
from equipoise.models.model import hashes_of
from equipoise.strategies.catalogue import as_strategies
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fold_scores import Scores
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan


def test_facts_are_plain_and_whole(
    plan: TrialPlan, scores: Scores, average: Average
) -> None:
    hashes = hashes_of(plan.table)
    facts = fit_facts(
        plan.table, plan, scores, average, Goal(), hashes=hashes, seconds=1.5
    )
    assert facts["rows"] == facts["cases"] == 500
    assert facts["positives"] == plan.table.positives
    assert facts["trained_on"] == "1/2 of this table"
    assert facts["repeated"] == 0.0
    assert (facts["folds"], facts["repeats"], facts["seconds"]) == (2, 1, 1.5)
    assert sum(facts["weights"].values()) == pytest.approx(1)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_precision_is_told_of_networks_if_it_is_not_the_usual_one(
    plan: TrialPlan, scores: Scores, average: Average, precision: str
) -> None:
    hashes = hashes_of(plan.table)
    choice = LearnerChoice("small", training=TrainingSettings(precision=precision))
    for networks in (False, True):
        arms = as_strategies(["plain"]) if networks else plan.strategies
        changed = replace(plan, learners=choice, strategies=tuple(arms))
        facts = fit_facts(
            plan.table, changed, scores, average, Goal(), hashes=hashes, seconds=1.5
        )
        expected = networks and precision == "bfloat16"
        assert facts.get("precision") == ("bfloat16" if expected else None)
