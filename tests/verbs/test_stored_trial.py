# SPDX-License-Identifier: Apache-2.0
"""Comparing on rows that are larger than memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.comparison.held_out_rows import HeldOut
from equipoise.errors import InputError, SplitError, TableError, UnsupportedError
from equipoise.jobs import Outcome, Progress
from equipoise.stores.stored_table import StoredTable
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import strategy
from equipoise.table.generated_tasks import make_classes
from equipoise.table.splits import SplitKeys
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fresh_rows import FreshRows
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.local import LocalRunner
from equipoise.trials.runners.runner import Shard, StrategyFailure
from equipoise.trials.stored_rows import FoldOfRow

ROWS = 6_000
SHORT: dict[str, Any] = {
    "network": "linear",
    "training": TrainingSettings(epochs=3),
    "folds": 3,
    "repeats": 1,
}


def frame() -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    x = random.normal(size=(ROWS, 2))
    y = random.random(ROWS) < 1 / (1 + np.exp(3.5 - 1.5 * x[:, 0] - x[:, 1]))
    return {"a": x[:, 0], "b": x[:, 1], "y": y.astype(int)}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredTable:
    path = tmp_path_factory.mktemp("stored") / "t.parquet"
    pq.write_table(pa.table(frame()), path)
    return eq.read_table(path, "y", memory="1GB")


class Counting:
    """Does the fits in this process, and counts the jobs and its sessions."""

    def __init__(self) -> None:
        self.jobs = self.sessions = self.depth = 0

    def __enter__(self) -> Counting:
        self.sessions += not self.depth
        self.depth += 1
        return self

    def __exit__(self, *error: object) -> None:
        self.depth -= 1

    def run(
        self, plan: TrialPlan, shards: Sequence[Shard], progress: Progress | None = None
    ) -> Iterator[Outcome | StrategyFailure]:
        self.jobs += sum(len(s.strategies) * len(s.parts) for s in shards)
        return LocalRunner().run(plan, shards, progress)


def small(stored: StoredTable, rows: int) -> StoredTable:
    return stored.with_memory(int(rows * stored.memory / stored.most_rows))


def test_if_the_rows_fit_the_trial_is_that_of_memory(stored: StoredTable) -> None:
    """Up to the rounding of the values to float32."""
    arms = ["prior", "logistic"]
    trial = eq.compare(stored, strategies=arms, **SHORT)
    memory = eq.compare(pa.table(frame()), "y", strategies=arms, **SHORT)
    assert trial.names == memory.names
    for name in trial.names:
        for metric, estimate in trial[name].evaluation.items():
            other = memory[name].evaluation[metric]
            assert estimate.value == pytest.approx(other.value, abs=1e-4, nan_ok=True)
            assert estimate.low == pytest.approx(other.low, abs=1e-3, nan_ok=True)
    assert str(trial.verdict) == str(memory.verdict)
    assert "stored" not in memory.to_dict()


def test_a_trial_on_a_share_is_told_everywhere(
    stored: StoredTable, tmp_path: Path
) -> None:
    arms = ["prior", "logistic", "class_weight"]
    trial = eq.compare(small(stored, 2_000), strategies=arms, **SHORT)
    memory = eq.compare(pa.table(frame()), "y", strategies=arms, **SHORT)
    # Three epochs on fewer rows are fewer steps, so plain is not what it is on all.
    for name in ("logistic", "prior"):
        for metric in ("average_precision", "roc_auc", "log_loss"):
            one = trial[name].evaluation[metric]
            other = memory[name].evaluation[metric]
            width = other.high - other.low
            assert one.value == pytest.approx(other.value, abs=width / 2)
            assert one.high - one.low == pytest.approx(width, rel=0.4)
    assert trial["prior"].evaluation["average_precision"].value == pytest.approx(
        frame()["y"].mean(), rel=1e-3
    )
    trial.write(tmp_path)
    written = json.loads((tmp_path / "comparison.json").read_text())
    facts = written["stored"]
    assert facts["rows"] == written["rows"] == ROWS
    assert facts["new_rows_between_epochs"] == ["class_weight", "plain"]
    assert "took new rows of '0' from disk" in " ".join(written["notes"])
    assert sum(facts["fitted_on"].values()) == 2_000
    assert facts["fitted_on"]["1"] == facts["totals"]["1"]
    assert written["estimand"].endswith("of 6,000 rows")
    screen = " ".join(str(trial).split())
    assert "Models were fitted on 2,000 of 6,000 rows" in screen
    page = (tmp_path / "report.html").read_text()
    assert "Models were fitted on 2,000 of 6,000 rows" in page


@pytest.mark.parametrize("verb", [eq.compare, eq.fit, eq.diagnose])
@pytest.mark.parametrize("memory", [None, "1GB"])
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"target": "b"}, "target='b'"),
        ({"positive": "0"}, "positive='0'"),
        ({"task": "multiclass"}, "task='multiclass'"),
        ({"targets": ["a", "y"]}, "targets="),
        ({"group": "a"}, "group='a'"),
        ({"time": "a"}, "time='a'"),
        ({"drop": ["a"]}, "drop="),
        ({"keep": ["a"]}, "keep="),
        ({"unlabelled": "drop"}, "unlabelled='drop'"),
        ({"day_first": True}, "day_first=True"),
    ],
)
def test_a_stored_table_is_not_read_again_by_other_options(
    stored: StoredTable,
    verb: Callable[..., Any],
    options: dict[str, Any],
    name: str,
    memory: str | None,
) -> None:
    with pytest.raises(InputError, match=name):
        verb(stored, memory=memory, **options)


def test_what_rows_on_disk_do_not_serve_is_refused(
    stored: StoredTable, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedError, match="Leave model= out"):
        eq.compare(stored, model=lambda: None)
    with pytest.raises(UnsupportedError, match="Leave weights= out"):
        eq.fit(stored, weights=np.ones(ROWS))
    with pytest.raises(InputError, match=r"drop=.*Pass these to read_table"):
        eq.compare(stored, "y", drop=["a"])
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(frame()), path)
    less = eq.read_table(path, "y", drop=["a"], memory="1GB")
    trial = eq.compare(less, "y", strategies=["prior"], **SHORT)
    assert trial.facts["columns"] == {"numeric": 1}
    twice = eq.diagnose(less, "y", memory="1GB")
    assert twice.facts == eq.diagnose(less).facts


def three_classes(folder: Path) -> tuple[Table, StoredTable]:
    table = make_classes(6_000, shares=(0.9, 0.07, 0.03), seed=3).table
    names = np.array(table.classes)
    values: dict[str, Any] = {c.name: c.raw() for c in table.columns}
    pq.write_table(
        pa.table({**values, "y": names[table.labels()]}), folder / "t.parquet"
    )
    return table, eq.read_table(folder / "t.parquet", "y", memory="1GB")


def test_several_classes(tmp_path: Path) -> None:
    table, stored = three_classes(tmp_path)
    arms = ["prior", "logistic"]
    trial = eq.compare(small(stored, 2_000), strategies=arms, **SHORT)
    memory = eq.compare(table, strategies=arms, **SHORT)
    for name in ("logistic", "prior"):
        one = trial[name].evaluation["macro_average_precision"].value
        other = memory[name].evaluation["macro_average_precision"].value
        assert one == pytest.approx(other, abs=0.03)
        loss = trial[name].evaluation["log_loss"].value
        assert loss == pytest.approx(memory[name].evaluation["log_loss"].value, rel=0.1)
    assert trial.facts["classes"][0]["rows"] == stored.totals[0]


def test_a_test_file_is_scored_by_models_of_all_rows(
    stored: StoredTable, tmp_path: Path
) -> None:
    whole = frame()
    test = pa.table({name: values[:2_000] for name, values in whole.items()})
    pq.write_table(test, tmp_path / "test.parquet")
    arms = ["prior", "logistic"]
    trial = eq.compare(
        small(stored, 2_000),
        test=tmp_path / "test.parquet",
        strategies=arms,
        **SHORT,
    )
    memory = eq.compare(pa.table(whole), "y", test=test, strategies=arms, **SHORT)
    assert trial.held_out is not None
    assert memory.held_out is not None
    for name in arms:
        one = trial.held_out.evaluations[name]
        other = memory.held_out.evaluations[name]
        for metric in ("average_precision", "roc_auc", "log_loss"):
            width = other[metric].high - other[metric].low
            assert one[metric].value == pytest.approx(
                other[metric].value, abs=max(width / 4, 1e-3)
            )
    assert isinstance(trial.held_out, HeldOut)
    assert isinstance(memory.held_out, HeldOut)
    one_check, other_check = trial.held_out.prevalence, memory.held_out.prevalence
    assert one_check.train == pytest.approx(other_check.train)
    assert one_check.p == pytest.approx(other_check.p, rel=0.01)
    with pytest.raises(TableError, match="reads it block by block"):
        eq.compare(small(stored, 1_000), test=test, strategies=arms, **SHORT)


def test_each_model_of_under_bagging_has_negatives_of_its_own(
    stored: StoredTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards: list[set[float]] = []
    shard = FreshRows.shard

    def counted(self: FreshRows, *which: Any) -> Any:
        at, rows = shard(self, *which)
        shards.append(set(rows["a"].values.tolist()))
        return at, rows

    monkeypatch.setattr(FreshRows, "shard", counted)
    bag = eq.Strategy(
        "bag", learner="logistic", plan="under_bagging", options={"members": 4}
    )
    trial = eq.compare(small(stored, 2_000), strategies=[bag, "logistic"], **SHORT)
    assert len(shards) == 4 * 3
    for part in range(3):
        members = shards[4 * part : 4 * part + 4]
        assert min(len(each) for each in members) > 200
        assert len(set.union(*members)) == sum(len(each) for each in members)
    assert trial.to_dict()["stored"]["rows_of_its_own_for_each_model"] == ["bag"]
    assert "from all rows on disk" in " ".join(trial.notes)
    # The shares of the classes are undone: in the subsets, and among the rows kept.
    one, other = (trial[name].evaluation for name in ("bag", "logistic"))
    for metric in ("average_precision", "log_loss"):
        assert one[metric].value == pytest.approx(other[metric].value, rel=0.1)


def kinds_frame() -> dict[str, Any]:
    random = np.random.default_rng(4)
    y = (random.random(ROWS) < 0.08).astype(int)
    kind = np.where(y == 1, random.choice(["card", "name"], ROWS), "none")
    a = random.normal(size=ROWS) + 1.5 * (kind == "card")
    b = random.normal(size=ROWS) + 1.5 * (kind == "name")
    return {"a": a, "b": b, "kind": kind, "y": y}


@pytest.mark.parametrize("rows", [2_000, 10 * ROWS])
def test_kinds_of_positives_are_left_out(tmp_path: Path, rows: int) -> None:
    table = pa.table(kinds_frame())
    pq.write_table(table, tmp_path / "t.parquet")
    stored = small(eq.read_table(tmp_path / "t.parquet", "y", memory="1GB"), rows)
    shared = {name: value for name, value in SHORT.items() if name != "folds"}
    arms = ["logistic"]
    runner = Counting()
    trial = eq.compare(stored, unseen="kind", strategies=arms, runner=runner, **shared)
    memory = eq.compare(table, "y", unseen="kind", strategies=arms, **shared)
    assert trial.unseen is not None
    assert memory.unseen is not None
    assert trial.unseen.positives == memory.unseen.positives
    assert trial.unseen.negatives == memory.unseen.negatives
    assert trial.names == memory.names
    for one, other in (
        (trial.unseen.unseen, memory.unseen.unseen),
        (trial.unseen.seen, memory.unseen.seen),
    ):
        for kind in ("card", "name"):
            for metric in ("average_precision", "roc_auc"):
                estimate = other["logistic"][kind][metric]
                assert one["logistic"][kind][metric].value == pytest.approx(
                    estimate.value, abs=(estimate.high - estimate.low) / 3
                )
    # A share of rows drawn at random, within four standard errors; else of the same.
    negatives = rows - sum(trial.unseen.positives.values())
    assert set(trial.unseen.false_alarms) == set(memory.unseen.false_alarms)
    for name, alarms in memory.unseen.false_alarms.items():
        error = (alarms * (1 - alarms) / negatives) ** 0.5 if rows < ROWS else 0.0
        assert 0 < alarms < 1
        assert trial.unseen.false_alarms[name] == pytest.approx(alarms, abs=4 * error)
    assert "leaves one kind of positives out" in " ".join(trial.notes)
    assert (runner.sessions, runner.depth) == (1, 0)
    assert runner.jobs == 2 * 2 * 2  # arms, folds, and ordinary folds
    assert trial.facts["columns"] == memory.facts["columns"]


def test_the_choice_says_what_it_owes_to_columns(stored: StoredTable) -> None:
    trial = eq.compare(
        small(stored, 2_000), strategies=["logistic"], importance=True, **SHORT
    )
    memory = eq.compare(
        pa.table(frame()), "y", strategies=["logistic"], importance=True, **SHORT
    )
    assert trial.importance is not None
    assert memory.importance is not None
    assert trial.best.name == memory.best.name
    for one in trial.importance.columns:
        other = next(c for c in memory.importance.columns if c.columns == one.columns)
        width = other.drop.high - other.drop.low
        assert one.drop.value == pytest.approx(other.drop.value, abs=width)


@pytest.mark.parametrize("rows", [1_000, 10 * ROWS])
def test_importance_is_of_the_models_that_were_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """The rows in memory are judged here, each for as many as it stands for."""
    monkeypatch.setattr("equipoise.trials.stored_rows.JUDGED_BYTES", 10**6)
    _, stored = three_classes(tmp_path)
    stored = small(stored, rows)
    without, runner = Counting(), Counting()
    options: dict[str, Any] = {"strategies": ["logistic"], **SHORT, "repeats": 2}
    eq.compare(stored, runner=without, **options)
    trial = eq.compare(stored, runner=runner, importance=True, **options)
    assert runner.jobs == without.jobs == 2 * 3 * 2
    assert trial.importance is not None
    judged = trial[trial.best.name].evaluation["macro_average_precision"]
    assert trial.importance.value == pytest.approx(judged.value, abs=1e-6)


def test_an_average_owes_to_columns_what_its_models_do(tmp_path: Path) -> None:
    """The classes lie around each other, which a linear network does not see."""
    random = np.random.default_rng(8)
    a, b = random.normal(size=(2, ROWS))
    y = np.digitize(np.abs(a) + 0.1 * random.normal(size=ROWS), [1.5, 2.2])
    pq.write_table(pa.table({"a": a, "b": b, "y": y}), tmp_path / "t.parquet")
    stored = eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")
    two = Blend("two", blended=(strategy("trees"), strategy("logistic")), shares=(1, 1))
    runner = Counting()
    trial = eq.compare(
        small(stored, 2_000), strategies=[two], importance=True, runner=runner, **SHORT
    )
    assert runner.jobs == 3 * 3  # with plain
    assert trial.best.name == "two"
    assert trial.importance is not None
    first, second = trial.importance.columns
    assert (first.name, first.finding) == ("a", "matters")
    assert second.finding != "matters"


def test_folds_are_learned_once(
    stored: StoredTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    of_folds, of = FoldOfRow.of_folds, SplitKeys.of

    def folds(*which: Any) -> Any:
        calls.append("folds")
        return of_folds(*which)

    def keys(*which: Any) -> Any:
        calls.append("keys")
        return of(*which)

    monkeypatch.setattr(FoldOfRow, "of_folds", folds)
    monkeypatch.setattr(SplitKeys, "of", keys)
    eq.compare(small(stored, 2_000), strategies=["prior"], **SHORT)
    assert sorted(calls) == ["folds", "keys"]


def test_folds_that_cannot_be_drawn_again_leave_a_note(
    stored: StoredTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = SplitKeys.outer

    def failing(self: SplitKeys, *which: Any, repeat: int, **more: Any) -> Any:
        if repeat:
            raise SplitError("These rows cannot be split.")
        return outer(self, *which, repeat=repeat, **more)

    few = small(stored, 2_000)
    once = eq.compare(few, strategies=["prior"], **SHORT)
    monkeypatch.setattr(SplitKeys, "outer", failing)
    trial = eq.compare(few, strategies=["prior"], **{**SHORT, "repeats": 3})
    note = "One repeat only: the folds could not be drawn again. These rows cannot be"
    assert note in " ".join(trial.notes)
    value = trial["plain"].evaluation["average_precision"].value
    assert value == once["plain"].evaluation["average_precision"].value


def test_rare_classes_are_merged(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    y = np.repeat(["a", "b", "c", "d"], [2_700, 290, 3, 3])
    x = random.normal(size=len(y)) + (y == "b")
    pq.write_table(pa.table({"x": x, "y": y}), tmp_path / "t.parquet")
    stored = eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")
    short = {**SHORT, "folds": 4}
    trial = eq.compare(
        small(stored, 1_000), strategies=["prior"], rare="merge", **short
    )
    names = [entry["name"] for entry in trial.facts["classes"]]
    assert names == ["a", "b", "other (rare)"]
    assert any("were merged into one class" in note for note in trial.notes)
    model = eq.fit(
        small(stored, 1_000), strategy="prior", rare="drop", repeats=1, folds=4
    )
    assert model.task.classes == ("a", "b")


KILLED = """
import os, signal, sys
import equipoise as eq
from equipoise.trials import stored_rows
from equipoise.training.settings import TrainingSettings
def kill(*rest):
    os.kill(os.getpid(), signal.SIGKILL)
stored_rows._scored = kill
stored = eq.read_table(sys.argv[1], "y", memory="1GB").with_memory(int(sys.argv[2]))
eq.compare(stored, strategies=["prior"], network="linear", folds=3, repeats=1,
           training=TrainingSettings(epochs=3), checkpoints=sys.argv[3])
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a signal of POSIX")
def test_a_kill_in_the_middle_gives_the_same_numbers(
    stored: StoredTable, tmp_path: Path
) -> None:
    """Killed when the networks are fitted and the rows are to be scored."""
    path = stored.folder.parent.parent / "t.parquet"
    table = small(stored, 2_000)
    words = [str(path), str(table.memory), str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)
    assert done.returncode == -signal.SIGKILL
    assert any(tmp_path.iterdir())
    again = eq.compare(table, strategies=["prior"], checkpoints=tmp_path, **SHORT)
    whole = eq.compare(table, strategies=["prior"], **SHORT)
    for name in ("plain", "prior"):
        for metric, estimate in again[name].evaluation.items():
            other = whole[name].evaluation[metric]
            assert estimate.value == pytest.approx(other.value, abs=0, nan_ok=True)
            assert estimate.low == pytest.approx(other.low, abs=0, nan_ok=True)
