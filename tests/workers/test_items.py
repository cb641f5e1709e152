# SPDX-License-Identifier: Apache-2.0
"""Items in any order give what one process gives."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE

from equipoise.errors import EquipoiseError, TrainingError
from equipoise.jobs import Job, Outcome, Progress
from equipoise.learners.network import NetworkLearner
from equipoise.learners.resampled.learner import resampled
from equipoise.models.state import pack, unpack
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import Shard, StrategyFailure, make_shards
from equipoise.workers.items import Item, Merge, divide, trained_in_rounds, work_of
from equipoise.workers.loop import done
from equipoise.workers.plain import ItemResult, plan_of, plan_parts

Same = Callable[[Scores, Scores], None]


class ShuffledRunner:
    """Does the items in some order, each on data that were sent, in this process."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.items: list[Item] = []

    def run(
        self,
        plan: TrialPlan,
        shards: Sequence[Shard],
        progress: Progress | None = None,
    ) -> list[Outcome | StrategyFailure]:
        sent = plan_parts(plan)
        there = plan_of(sent)
        self.items = divide(shards, plan, "key")
        merge, results = Merge(plan, shards, self.items), []
        order = np.random.default_rng(self.seed).permutation(len(self.items))
        for place in order.tolist():
            item = self.items[place]
            if item.sent:
                data = pack(dict(item.data), "item")
                merge.take(place, ItemResult.of(done(data, lambda key: there)))
            else:
                merge.do(place)
            results += merge.ready()
        return results


def plan_with(names: Sequence[object], **fields: object) -> TrialPlan:
    table = gaussian_shift(rows=240, positives=60, seed=1).table
    learners = LearnerChoice("small", training=TrainingSettings(epochs=2))
    plan = TrialPlan(
        table,
        tuple(as_strategies(names)),
        Protocol(folds=3),
        learners,
        test_table=table.take(range(9)),
        baseline="plain",
    )
    return replace(plan, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_order_makes_no_difference(seed: int, same: Same) -> None:
    broken = resampled(SMOTE(k_neighbors=400), "logistic", name="too wide")
    plan = plan_with(["prior", "logistic", "trees", broken], baseline="prior")
    parts = plan.parts([0, 1])
    here = fit_parts(plan, parts)
    runner = ShuffledRunner(seed)
    same(here, fit_parts(plan, parts, runner=runner))
    assert list(here.failed) == ["too wide"]
    assert len(runner.items) == 4 * 6
    assert sum(item.sent for item in runner.items) == 3 * 6


@pytest.mark.parametrize(
    "names",
    [
        ["plain", "smote", "bagging", Strategy("wide", options={"width": 80})],
        ["plain", Tuned("focal", trials=2, folds=2, space={"gamma": [0.5, 2.0]})],
        ["plain", "easy_ensemble", Strategy("ada", plan="adaboost")],
        ["plain", "deep_sad", resampled(SMOTE(random_state=0), name="imblearn")],
    ],
    ids=["widths", "tuned", "rounds", "detectors"],
)
def test_networks_are_the_same_bit_for_bit(names: list[object], same: Same) -> None:
    """With the sizes of their groups, which one run would have had."""
    plan = plan_with(names)
    parts = plan.parts([0])
    here = fit_parts(plan, parts)
    assert here.groups
    same(here, fit_parts(plan, parts, runner=ShuffledRunner(0)))


def test_networks_trained_group_by_group_have_the_groups_of_one_run(
    same: Same,
) -> None:
    small = TrainingSettings(epochs=2, memory_limit=2**21)
    plan = plan_with(
        ["plain", "bagging"], learners=LearnerChoice("small", training=small)
    )
    parts = plan.parts([0])
    here = fit_parts(plan, parts)
    assert max(map(len, here.groups)) > 1
    same(here, fit_parts(plan, parts, runner=ShuffledRunner(1)))


def test_a_network_that_fails_ends_alone(
    same: Same, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are fitted again one by one, and so are their groups."""
    plan = plan_with(["plain", Strategy("hot", loss="focal"), "class_weight"])
    train = NetworkLearner.run

    def failing(self: NetworkLearner, table: Table, jobs: Sequence[Job], **how: Any):
        if any(job.strategy.name == "hot" for job in jobs):
            raise TrainingError("no number")
        return train(self, table, jobs, **how)

    monkeypatch.setattr(NetworkLearner, "run", failing)
    parts = plan.parts([0])
    here = fit_parts(plan, parts)
    assert here.failed == {"hot": "no number"}
    assert here.groups == ((3,),)
    same(here, fit_parts(plan, parts, runner=ShuffledRunner(0)))


def test_several_classes_and_labels_are_divided_alike(same: Same) -> None:
    for kind in ("multiclass", "multilabel"):
        random = np.random.default_rng(0)
        x = random.normal(size=(150, 3))
        y = np.digitize(x[:, 0], [-0.5, 0.8])
        task = Task("multiclass", ("a", "b", "c"))
        if kind == "multilabel":
            y = (x > 0.4).astype(np.int8)
            task = Task("multilabel", ("a", "b", "c"))
        columns = tuple(Column(f"x{j}", "numeric", x[:, j]) for j in range(3))
        plan = TrialPlan(
            Table(columns, y, task),
            tuple(as_strategies(["prior", "logistic"])),
            Protocol(folds=3),
            baseline="prior",
        )
        parts = plan.parts([0])
        same(fit_parts(plan, parts), fit_parts(plan, parts, runner=ShuffledRunner(0)))


BUILD = """
import keras


def build():
    return keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
"""


def test_a_network_of_the_user_s_is_sent_by_its_place(
    same: Same, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_networks.py").write_text(BUILD)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("their_networks")
    x = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
    y = (x[:, 0] > 0.7).astype(np.int8)
    plan = TrialPlan(
        Table((), y, Task("binary", ("0", "1"))),
        tuple(as_strategies(["plain", "class_weight"])),
        Protocol(folds=2, duplicates="ignore"),
        LearnerChoice(model=module.build, x=x, training=TrainingSettings(epochs=2)),
        baseline="plain",
    )
    parts = plan.parts([0])
    same(fit_parts(plan, parts), fit_parts(plan, parts, runner=ShuffledRunner(0)))


def test_ensembles_of_networks_by_rounds_are_not_divided() -> None:
    plan = plan_with(["plain"])
    networks = Strategy("ada", plan="adaboost")
    assert trained_in_rounds(networks)
    assert not trained_in_rounds(Strategy("ada", learner="trees", plan="adaboost"))
    shards = [Shard((networks,), tuple(plan.parts([0])))]
    (item,) = divide(shards, plan, "key")
    assert len(item.work.parts) == 3
    assert item.title == "ada on 3 parts"


def test_detectors_that_are_trained_together_are_not_divided() -> None:
    plan = plan_with(["plain", "dev_net", "isolation_forest"])
    shards = make_shards(plan, plan.parts([0]), plan.strategies)
    items = divide(shards, plan, "key")
    assert [len(item.work.parts) for item in items] == [1, 1, 1, 3, 1, 1, 1]


def test_a_search_over_trees_is_the_same_part_by_part(same: Same) -> None:
    pytest.importorskip("optuna")
    tuned = Tuned("trees", trials=2, folds=2, space={"leaves": [8, 16]})
    plan = plan_with(["prior", tuned], baseline="prior", test_table=None)
    parts = plan.parts([0])
    same(fit_parts(plan, parts), fit_parts(plan, parts, runner=ShuffledRunner(0)))


def test_an_item_has_a_name_of_its_own(small_plan: TrialPlan) -> None:
    shards = make_shards(small_plan, small_plan.parts([0, 1]), small_plan.strategies)
    items = divide(shards, small_plan, "key")
    names = {item.identity for item in items}
    assert len(names) == len(items) == 12
    assert names == {item.identity for item in divide(shards, small_plan, "key")}
    assert not names & {item.identity for item in divide(shards, small_plan, "other")}
    assert items[0].title == "prior on part 0"


def test_the_work_of_an_item_comes_back(small_plan: TrialPlan) -> None:
    shards = make_shards(small_plan, small_plan.parts([0]), small_plan.strategies)
    item = divide(shards, small_plan, "key")[-1]
    state = unpack(pack(dict(item.data), "item"), "item")
    work = work_of(state, small_plan.table.task)
    assert work.strategies == item.work.strategies
    (mine,), (theirs,) = item.work.parts, work.parts
    np.testing.assert_array_equal(mine.train, theirs.train)


def test_an_error_of_the_baseline_is_raised(small_plan: TrialPlan) -> None:
    broken = resampled(SMOTE(k_neighbors=400), "logistic", name="too wide")
    plan = replace(small_plan, strategies=(broken,), baseline="too wide")
    with pytest.raises(EquipoiseError, match="k_neighbors"):
        fit_parts(plan, plan.parts([0]), runner=ShuffledRunner(0))
    named = Strategy("logistic", learner="logistic")
    one_class = replace(small_plan.table, y=np.zeros(240, np.int8))
    alone = replace(small_plan, strategies=(named,), baseline="logistic")
    parts = alone.parts([0])
    lacking = replace(alone, table=one_class)
    with pytest.raises(EquipoiseError):
        fit_parts(lacking, parts, runner=ShuffledRunner(0))
