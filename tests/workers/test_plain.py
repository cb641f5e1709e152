# SPDX-License-Identifier: Apache-2.0
"""What is sent comes back as it was, bit for bit, and nothing else is sent."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.naive_bayes import GaussianNB

from equipoise import errors
from equipoise.errors import SplitError, TrainingError, UnsupportedError
from equipoise.jobs import Outcome
from equipoise.learners.resampled.learner import resampled
from equipoise.models.state import pack, unpack
from equipoise.reading.read import read_table
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.classifier_object import classified
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fresh_rows import FreshRows
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import (
    StrategyFailure,
    make_shards,
    shard_outcomes,
)
from equipoise.trials.stored_rows import StoredRows
from equipoise.workers.plain import (
    ItemResult,
    absent_pieces,
    code_digest,
    digest,
    error_parts,
    import_path,
    imported,
    part_from_state,
    parts_state,
    plan_of,
    plan_parts,
    refused_parts,
    result_parts,
    strategy_of,
    strategy_state,
    table_of,
    table_state,
)

BINARY = Task("binary", ("no", "yes"))


def build() -> Any:
    """Return nothing: it is only looked up by its place."""


@pytest.fixture(scope="module")
def mixed() -> Table:
    """Numbers, booleans, dates, texts with odd characters, gaps, groups and time."""
    random = np.random.default_rng(0)
    rows = 40
    table = read_table(
        {
            "number": np.where(random.random(rows) < 0.2, np.nan, random.random(rows)),
            "flag": random.random(rows) < 0.5,
            "city": np.array(["Köln", "zero\0end", "", "a"])[
                random.integers(0, 4, rows)
            ],
            "when": np.datetime64("2020-01-01") + random.integers(0, 99, rows),
            "order": np.datetime64("2021-01-01") + np.arange(rows),
            "who": np.repeat(np.arange(rows // 2), 2),
            "y": random.random(rows) < 0.3,
        },
        "y",
        group="who",
        time="order",
    )
    return dataclasses.replace(table, notes=("a note",), source="somewhere.csv")


def assert_same_tables(one: Table, other: Table) -> None:
    for field in dataclasses.fields(Table):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if field.name in ("columns", "beside"):
            for a, b in zip(mine, theirs, strict=True):
                assert a.values.dtype == b.values.dtype
                np.testing.assert_array_equal(a.values, b.values)
                assert dataclasses.replace(a, values=None).__dict__ == (
                    dataclasses.replace(b, values=None).__dict__
                )
        elif isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)
        else:
            assert mine == theirs, field.name


def sent(state: Any) -> Any:
    return unpack(pack(state, "x"), "x")


def test_a_table_comes_back(mixed: Table) -> None:
    assert {c.kind for c in mixed.columns} == {
        "numeric",
        "boolean",
        "categorical",
        "datetime",
    }
    assert_same_tables(mixed, table_of(sent(table_state(mixed))))
    assert_same_tables(mixed.schema, table_of(sent(table_state(mixed.schema))))


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_tables_of_several_classes_and_labels_come_back(kind: Any) -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 30)
    if kind == "multilabel":
        y = random.integers(-1, 2, (30, 3)).astype(np.int8)
    table = Table((), y, Task(kind, ("a", "b", "c")))
    assert_same_tables(table, table_of(sent(table_state(table))))


def test_a_table_may_have_more_texts_than_json_may() -> None:
    many = tuple(f"text number {k}" for k in range(600_000))
    column = Column("c", "categorical", np.array([0, 1], np.int32), many)
    table = Table((column,), np.array([0, 1], np.int8), BINARY)
    assert table_of(sent(table_state(table))).columns[0].categories == many


def test_a_plan_comes_back(mixed: Table, tmp_path: Path) -> None:
    plan = TrialPlan(
        mixed,
        (),
        Protocol(),
        learners=LearnerChoice("small", training=TrainingSettings(epochs=7)),
        test_table=mixed.take(np.arange(5)),
        weights=np.linspace(0.5, 2.0, len(mixed)),
        keep=True,
        baseline="plain",
    )
    again = plan_of(plan_parts(plan), tmp_path)
    assert_same_tables(plan.all_rows, again.all_rows)
    assert again.weights is not None
    np.testing.assert_array_equal(plan.weights, again.weights)
    assert (again.keep, again.baseline) == (True, "plain")
    assert again.learners.network == "small"
    assert again.learners.training == TrainingSettings(epochs=7)
    assert again.learners.checkpoints == tmp_path
    assert digest(plan_parts(plan)) == digest(plan_parts(plan))
    other = dataclasses.replace(plan, weights=None)
    assert digest(plan_parts(plan)) != digest(plan_parts(other))


def test_all_that_a_plan_holds_is_sent_or_known_not_to_matter() -> None:
    """A new field must be sent, or a worker would not know it."""
    assert {field.name for field in dataclasses.fields(TrialPlan)} == {
        *("table", "test_table", "weights", "keep", "baseline", "learners"),
        *("strategies", "protocol", "kinds", "known_keys"),  # they are in the items
    }
    assert {field.name for field in dataclasses.fields(LearnerChoice)} == {
        *("network", "training", "model", "x", "checkpoints", "supply"),
    }


def test_workers_take_new_rows_from_the_store(tmp_path: Path) -> None:
    y = np.arange(5_000) % 20 == 0
    columns = {"x": np.random.default_rng(0).normal(size=len(y)), "y": y.astype(int)}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    stored = read_table(tmp_path / "t.parquet", "y", memory="1GB").with_memory(1)
    rows = StoredRows.of(stored, seed=0)
    plan = TrialPlan(rows.table, (strategy("plain"),), Protocol(folds=3))
    supply = FreshRows.of(rows, plan, 1)
    assert supply is not None
    plan = dataclasses.replace(plan, learners=LearnerChoice("small", supply=supply))
    again = plan_of(plan_parts(plan))
    there = again.learners.supply
    assert there is not None
    assert there.table is again.table
    assert there.digest == supply.digest
    jobs = [(part.train, part.stop) for part in plan.parts([0])]
    for one, other in zip(supply.refill(2, jobs), there.refill(2, jobs), strict=True):
        for (at, table), (at_there, table_there) in zip(one, other, strict=True):
            np.testing.assert_array_equal(at, at_there)
            np.testing.assert_array_equal(table["x"].values, table_there["x"].values)


def test_parts_come_back_exactly(small_plan: TrialPlan) -> None:
    for part, state in zip(
        small_plan.parts([0]), sent(parts_state(small_plan.parts([0]))), strict=True
    ):
        again = part_from_state(state)
        for name in ("train", "stop", "test"):
            mine, theirs = getattr(part, name), getattr(again, name)
            assert mine.dtype == theirs.dtype == np.int64
            np.testing.assert_array_equal(mine, theirs)
        for name in ("repeat", "fold", "number", "seed"):
            assert getattr(part, name) == getattr(again, name)


THREE = Task("multiclass", ("CYT", "MIT", "POX"))


@pytest.mark.parametrize(
    ("one", "task"),
    [
        (strategy("smote"), BINARY),
        (Strategy("slow", weights="sqrt", options={"learning_rate": 3e-4}), BINARY),
        (Strategy("heavy", weights={"POX": 20}).with_classes(THREE), THREE),
        (Tuned("focal", trials=4, space={"gamma": (0.5, 3.0)}), BINARY),
    ],
    ids=lambda item: getattr(item, "name", ""),
)
def test_strategies_come_back(one: Strategy, task: Task) -> None:
    data = strategy_state(one, task)
    assert data is not None
    again = strategy_of(sent(data), task)
    assert again == one
    assert type(again) is type(one)


def test_strategies_around_objects_are_not_sent() -> None:
    for one in (classified(GaussianNB()), resampled(SMOTE(), "logistic", name="s")):
        assert strategy_state(one, BINARY) is None


def test_absent_pieces_are_named() -> None:
    assert absent_pieces({"loss": "mine"}) == ["the loss 'mine'"]
    assert absent_pieces({"loss": "focal", "base": {"weights": "cube"}}) == [
        "the weights 'cube'"
    ]


def test_a_function_of_a_module_is_sent_by_its_place() -> None:
    path = import_path(np.random.default_rng)
    assert imported(path) is np.random.default_rng


def test_a_function_that_no_other_process_can_import_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def within() -> None:
        """Lies within another function."""

    monkeypatch.setattr(build, "__module__", "__main__")
    for function in (within, lambda: None, build):
        with pytest.raises(UnsupportedError, match=r"cannot import.*file of its own"):
            import_path(function)
    with pytest.raises(UnsupportedError, match="PYTHONPATH"):
        imported("no_such_module:build")


def test_a_worker_with_other_code_of_a_network_is_refused(
    small_plan: TrialPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def written(text: str) -> Any:
        """Return the function, as a process finds it that starts now."""
        (tmp_path / "changing.py").write_text(text)
        sys.modules.pop("changing", None)
        importlib.invalidate_caches()
        return importlib.import_module("changing").build

    def parts_of(model: Any) -> Mapping[str, bytes]:
        x = np.zeros((len(small_plan.table), 2))
        choice = LearnerChoice(model=model, x=x)
        return plan_parts(dataclasses.replace(small_plan, learners=choice))

    former = parts_of(written("def build():\n    return 1\n"))
    assert plan_of(former).learners.model is not None
    changed = written("def build():\n    return 20\n")
    assert digest(parts_of(changed)) != digest(former)
    with pytest.raises(UnsupportedError, match=r"'changing:build'.*start compare"):
        plan_of(former)
    again = plan_of(parts_of(changed)).learners.model  # as the error advises
    assert again is changed
    # What is in memory is what the file was, whatever it is now.
    (tmp_path / "changing.py").write_text("def build():\n    return 300\n")
    assert plan_of(parts_of(changed)).learners.model is changed
    sys.modules.pop("changing")


def test_the_code_of_what_has_no_file_of_its_own_is_not_compared() -> None:
    assert code_digest(len) == code_digest(max)
    assert code_digest(build) != code_digest(len)


def test_own_networks_are_not_kept_and_arrays_of_objects_not_sent(
    small_plan: TrialPlan,
) -> None:
    x = np.zeros((len(small_plan.table), 2))
    own = LearnerChoice(model=np.random.default_rng, x=x)
    kept = dataclasses.replace(small_plan, learners=own, keep=True)
    with pytest.raises(UnsupportedError, match="to be kept"):
        plan_parts(kept)
    odd = LearnerChoice(model=np.random.default_rng, x=x.astype(object))
    with pytest.raises(UnsupportedError, match="type object"):
        plan_parts(dataclasses.replace(small_plan, learners=odd))
    again = plan_of(plan_parts(dataclasses.replace(kept, keep=False)))
    assert again.learners.model is np.random.default_rng
    assert again.learners.x is not None
    np.testing.assert_array_equal(again.learners.x, x)


@pytest.fixture(scope="module")
def outcomes(small_plan: TrialPlan) -> list[Outcome]:
    plan = dataclasses.replace(small_plan, keep=True)
    shards = make_shards(plan, plan.parts([0]), plan.strategies)
    return [
        result
        for shard in shards
        for result in shard_outcomes(plan, shard)
        if isinstance(result, Outcome)
    ]


def test_outcomes_come_back_with_their_models(
    outcomes: list[Outcome], small_plan: TrialPlan
) -> None:
    odd = dataclasses.replace(
        outcomes[0],
        notes=("note",),
        groups=(3, 2),
        idle=("idle",),
        tuning={"values": {"gamma": 1.5}, "gain": float("nan"), "seconds": 1.0},
    )
    results = [odd, StrategyFailure("bad", "why"), *outcomes[1:]]
    jobs = {(o.job.strategy.name, o.job.part): o.job for o in outcomes}
    again = ItemResult.of(result_parts(results)).results(jobs)
    assert again[1] == results[1]
    for mine, theirs in zip([odd, *outcomes[1:]], [again[0], *again[2:]], strict=True):
        assert isinstance(theirs, Outcome)
        assert theirs.job is mine.job
        np.testing.assert_array_equal(mine.log_odds, theirs.log_odds)
        for name in ("seconds", "updates", "best_epoch", "limit", "notes", "groups"):
            assert getattr(mine, name) == getattr(theirs, name), name
        assert theirs.idle == mine.idle
        assert mine.scorer is not None
        assert theirs.scorer is not None
        one, other = (pack(s.state(), "s") for s in (mine.scorer, theirs.scorer))
        assert one == other
    first = again[0]
    assert isinstance(first, Outcome)
    assert isinstance(first.tuning, Mapping)
    assert first.tuning["values"] == {"gamma": 1.5}
    assert np.isnan(first.tuning["gain"])


def test_errors_come_back_as_what_they_were() -> None:
    error = ItemResult.of(error_parts(TrainingError("It diverged."))).error
    assert type(error) is TrainingError
    assert str(error) == "It diverged."
    split = ItemResult.of(error_parts(SplitError("Too few.", "Use 2 folds."))).error
    assert isinstance(split, SplitError)
    assert (str(split), split.facts) == ("Too few. Use 2 folds.", "Too few.")
    assert ItemResult.of(refused_parts("no piece")).refused == "no piece"

    class FromOutside(errors.EquipoiseError):
        pass

    other = ItemResult.of(error_parts(FromOutside("odd"))).error
    assert type(other) is errors.EquipoiseError
