# SPDX-License-Identifier: Apache-2.0
"""Processes that share a folder: killed, vanished, refused, and always the same sum.

EQUIPOISE_KILLS=20 kills twenty workers in place of three:

    EQUIPOISE_KILLS=20 pytest tests/workers/test_processes.py -k killed
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE

import equipoise
from equipoise.errors import InputError, TrainingError, TrialWarning
from equipoise.learners.resampled.learner import resampled
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.weights.scheme import Scheme
from equipoise.workers import processes
from equipoise.workers import queue as queues
from equipoise.workers.plain import absent_pieces, strategy_state
from equipoise.workers.processes import Workers
from equipoise.workers.queue import Claim, WorkFolder

Same = Callable[[Scores, Scores], None]
Start = Callable[..., Any]


def test_two_processes_give_what_one_gives(same: Same) -> None:
    """Networks, trees, a failed arm, a sampler object; the models are kept."""
    broken = resampled(SMOTE(k_neighbors=400), "logistic", name="too wide")
    names = ["prior", "plain", "focal", "logistic", "trees", broken]
    known = gaussian_shift(rows=240, positives=60, seed=1).table
    plan = TrialPlan(
        known,
        tuple(as_strategies(names)),
        Protocol(folds=2),
        LearnerChoice("small", training=TrainingSettings(epochs=2)),
        weights=np.linspace(0.5, 1.5, len(known)),
        keep=True,
        baseline="plain",
    )
    shown: list[tuple[str, float]] = []
    with Workers(2) as runner:
        parts = plan.parts([0])
        here = fit_parts(plan, parts)
        there = fit_parts(
            plan, parts, lambda text, share: shown.append((text, share)), runner=runner
        )
    same(here, there)
    assert list(there.failed) == ["too wide"]
    for name, scorers in here.scorers.items():
        for mine, theirs in zip(scorers, there.scorers[name], strict=True):
            rows = known.take(range(9))
            np.testing.assert_array_equal(mine.log_odds(rows), theirs.log_odds(rows))
    shares = [share for _, share in shown]
    assert 0.0 <= min(shares) <= max(shares) == shares[-1] == 1.0
    assert shown[-1][0] == "2 workers, 10 of 10 items done"


def test_compare_and_fit_take_a_runner_and_end_its_processes(tmp_path: Path) -> None:
    table = gaussian_shift(rows=200, positives=50, seed=1).table
    how: dict[str, Any] = {"strategies": ["prior", "logistic"], "folds": 2}
    how |= {"network": "linear", "training": TrainingSettings(epochs=1)}
    runner = Workers(1, tmp_path)
    how |= {"repeats": 2, "importance": True}
    there = equipoise.compare(table, **how, runner=runner)
    here = equipoise.compare(table, **how)
    assert here.importance is not None
    assert untimed(here.to_dict()) == untimed(there.to_dict())
    assert runner._session is None
    assert WorkFolder(tmp_path).ended
    model = equipoise.fit(table, strategy="logistic", repeats=1, runner=Workers(1))
    again = equipoise.fit(table, strategy="logistic", repeats=1)
    np.testing.assert_array_equal(
        model.predict_proba(table), again.predict_proba(table)
    )


def untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: untimed(v) for k, v in value.items() if k != "seconds"}
    if isinstance(value, list | tuple):
        return [untimed(item) for item in value]
    return repr(value)  # NaN is equal to itself then


@pytest.fixture(scope="module")
def longer_plan() -> TrialPlan:
    """Items of different lengths, thirty in each repeat."""
    table = gaussian_shift(rows=500, positives=100, seed=1).table
    names = as_strategies(["prior", "logistic", "trees"])
    return TrialPlan(table, tuple(names), Protocol(folds=10), baseline="prior")


def test_killed_workers_lose_nothing(
    longer_plan: TrialPlan, tmp_path: Path, worker: Start, same: Same
) -> None:
    """Three `equipoise work`; one of them is killed at a random moment, often."""
    kills = int(os.environ.get("EQUIPOISE_KILLS", "3"))
    moments = random.Random(7)
    ended = threading.Event()
    killed: list[int] = []
    parts = longer_plan.parts(range(max(1, kills // 3)))
    here = fit_parts(longer_plan, parts)

    def murder() -> None:
        alive = [worker(tmp_path, "--wait", "30") for _ in range(3)]
        while len(killed) < kills and not ended.wait(moments.uniform(0.3, 2.5)):
            victim = alive.pop(moments.randrange(3))
            victim.kill()
            victim.communicate()
            killed.append(victim.pid)
            alive.append(worker(tmp_path))

    thread = threading.Thread(target=murder)
    thread.start()
    try:
        there = fit_parts(longer_plan, parts, runner=Workers(0, tmp_path, stale=20))
    finally:
        ended.set()
        thread.join()
    assert len(killed) > kills // 2
    same(here, there)


def test_the_item_of_a_machine_that_vanished_is_done_again(
    small_plan: TrialPlan, tmp_path: Path, worker: Start, same: Same
) -> None:
    parts = small_plan.parts([0])

    def vanish() -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            queue = WorkFolder.find(tmp_path)
            if queue is not None and queue.waiting():
                ghost = {"host": "elsewhere", "pid": 1, "beat": 1}
                queue.beat("ghost", ghost)
                if queue.claim("ghost") is not None:
                    break
            time.sleep(0.01)
        worker(tmp_path)

    thread = threading.Thread(target=vanish)
    thread.start()
    there = fit_parts(small_plan, parts, runner=Workers(0, tmp_path, stale=1.5))
    thread.join()
    same(fit_parts(small_plan, parts), there)


def test_another_processor_among_the_workers_is_warned_of_once(
    small_plan: TrialPlan, tmp_path: Path, same: Same
) -> None:
    """Sums may differ in the last digits if other processors do the items."""
    ended = threading.Event()

    def watch() -> None:
        beats = 0
        while not ended.wait(0.05):
            queue = WorkFolder.find(tmp_path)
            if queue is not None:
                beats += 1
                facts = {"host": "elsewhere", "pid": 1, "processor": "Abacus 7"}
                queue.beat("other", {**facts, "beat": beats})

    thread = threading.Thread(target=watch)
    thread.start()
    parts = small_plan.parts([0])
    try:
        with pytest.warns(TrialWarning, match=r"different processors: .*Abacus 7") as w:
            there = fit_parts(small_plan, parts, runner=Workers(1, tmp_path))
    finally:
        ended.set()
        thread.join()
    assert sum("processors" in str(one.message) for one in w) == 1
    same(fit_parts(small_plan, parts), there)


def test_what_is_done_is_kept_for_the_next_run(
    small_plan: TrialPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: Same
) -> None:
    parts = small_plan.parts([0])
    first = fit_parts(small_plan, parts, runner=Workers(1, tmp_path))
    # Nobody is there to do anything now, and one result is damaged.
    started: list[int] = []
    start = processes._Session._start

    def counted(self: Any) -> None:
        started.append(1)
        start(self)

    monkeypatch.setattr(processes._Session, "_start", counted)
    again = fit_parts(small_plan, parts, runner=Workers(1, tmp_path))
    assert not started
    damaged = sorted((tmp_path / "results").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    mended = fit_parts(small_plan, parts, runner=Workers(1, tmp_path))
    assert started
    for other in (again, mended):
        same(first, other)
        assert first.seconds["prior"] >= 0.0


def test_a_second_trial_in_a_folder_leaves_the_first_alone(
    small_plan: TrialPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: Same
) -> None:
    monkeypatch.setattr(queues, "BEAT_SECONDS", 0.05)
    parts = small_plan.parts([0])
    first = Workers(1, tmp_path / "first")
    refused: list[str] = []

    def intrude(text: str, share: float) -> None:
        if not refused:
            with pytest.raises(InputError, match="another process runs a trial") as e:
                fit_parts(small_plan, parts, runner=Workers(1, tmp_path / "first"))
            refused.append(str(e.value))

    there = fit_parts(small_plan, parts, intrude, runner=first)
    assert refused
    here = fit_parts(small_plan, parts)
    same(here, there)
    for folder in ("other", "first"):  # the two things that the error advises
        same(here, fit_parts(small_plan, parts, runner=Workers(1, tmp_path / folder)))


def test_a_piece_registered_here_is_fitted_here(
    small_plan: TrialPlan, same: Same
) -> None:
    scheme = Scheme("cube", lambda n: [(n[0] / k) ** (1 / 3) for k in n], "by cubes")
    with equipoise.register(scheme):
        mine = Strategy("mine", learner="logistic", weights="cube")
        plan = dataclasses.replace(small_plan, strategies=(mine,), baseline="mine")
        parts = plan.parts([0])
        same(fit_parts(plan, parts), fit_parts(plan, parts, runner=Workers(1)))
        tuned = Tuned("plain", space={"weights": ["cube", None]})
        sent = strategy_state(tuned, small_plan.table.task)
    assert sent is not None
    assert absent_pieces(sent) == ["the weights 'cube'"]


NETWORKS = """
import keras


def build():
    units = {units}
    return keras.Sequential([keras.layers.Dense(units, "relu"), keras.layers.Dense(1)])
"""


def test_results_of_a_network_are_not_those_of_its_former_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: Same
) -> None:
    (tmp_path / "code").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "code")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    file = tmp_path / "code" / "networks_of_theirs.py"
    x = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
    table = Table((), (x[:, 0] > 0.7).astype(np.int8), Task("binary", ("0", "1")))

    def plan(units: int) -> TrialPlan:
        file.write_text(NETWORKS.format(units=units))
        sys.modules.pop("networks_of_theirs", None)
        importlib.invalidate_caches()
        build = importlib.import_module("networks_of_theirs").build
        return TrialPlan(
            table,
            tuple(as_strategies(["plain"])),
            Protocol(folds=2, duplicates="ignore"),
            LearnerChoice(model=build, x=x, training=TrainingSettings(epochs=2)),
            baseline="plain",
        )

    for units in (3, 5):
        mine = plan(units)
        parts = mine.parts([0])
        there = fit_parts(mine, parts, runner=Workers(1, tmp_path / "trial"))
        same(fit_parts(mine, parts), there)
    sys.modules.pop("networks_of_theirs", None)


def test_workers_that_cannot_start_end_the_trial(
    small_plan: TrialPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PROGRAM", "raise SystemExit('no such module')")
    with pytest.raises(TrainingError, match=r"3 workers .* said: no such module"):
        fit_parts(small_plan, small_plan.parts([0]), runner=Workers(1))


def test_an_item_that_kills_every_worker_ends_the_trial(
    small_plan: TrialPlan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "MOST_LOSSES", 2)
    end = threading.Event()

    def take() -> None:
        number = 0
        while not end.wait(0.02):
            queue = WorkFolder.find(tmp_path)
            if queue is None:
                continue
            number += 1
            name = f"ghost{number}"
            queue.beat(name, {"host": "elsewhere", "pid": 1, "beat": 1})
            with contextlib.suppress(FileNotFoundError):
                queue.claim(name)

    thread = threading.Thread(target=take)
    thread.start()
    try:
        runner, parts = Workers(0, tmp_path, stale=1), small_plan.parts([0])
        with pytest.raises(TrainingError, match=r"on part \d.*2 workers were killed"):
            fit_parts(small_plan, parts, runner=runner)
    finally:
        end.set()
        thread.join()


def test_an_interruption_ends_the_processes_and_keeps_what_is_done(
    small_plan: TrialPlan, tmp_path: Path
) -> None:
    runner = Workers(1, tmp_path)

    def stop(text: str, share: float) -> None:
        if share > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), runner:
        fit_parts(small_plan, small_plan.parts([0]), stop, runner=runner)
    assert runner._session is None
    queue = WorkFolder(tmp_path)
    assert queue.ended
    assert not queue.waiting()
    assert list((tmp_path / "results").iterdir())


def test_arguments_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no workers and no folder.*equipoise work"):
        Workers(0)
    with pytest.raises(InputError, match="count=-1"):
        Workers(-1)
    with pytest.raises(InputError, match="threads=0"):
        Workers(1, threads=0)
    with pytest.raises(InputError, match="stale"):
        Workers(1, stale=0)
    blocked = tmp_path / "file"
    blocked.write_text("")
    plan = TrialPlan(gaussian_shift(60, positives=20).table, (), Protocol(folds=2))
    with pytest.raises(InputError, match="cannot be written to"):
        list(Workers(1, blocked / "queue").run(plan, []))


def test_claims_name_their_items() -> None:
    assert Claim("00001-abc", "w").identity == "abc"
