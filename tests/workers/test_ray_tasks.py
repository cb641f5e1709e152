# SPDX-License-Identifier: Apache-2.0
"""The same trial as tasks of Ray."""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import equipoise
from equipoise.errors import InputError, InputTypeError, MissingExtraError
from equipoise.models.state import pack, unpack
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import make_shards
from equipoise.workers import ray_tasks
from equipoise.workers.environment import environment
from equipoise.workers.items import divide
from equipoise.workers.plain import plan_parts
from equipoise.workers.ray_tasks import Ray

ABSENT = importlib.util.find_spec("ray") is None


def test_arguments_are_checked() -> None:
    for address in ("", None, 7):
        with pytest.raises(InputTypeError, match="head"):
            Ray(address)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="threads=0"):
        Ray(threads=0)


@pytest.mark.skipif(not ABSENT, reason="Ray is installed")
def test_without_ray_the_command_that_installs_it_is_said(
    small_plan: TrialPlan,
) -> None:
    with pytest.raises(MissingExtraError, match=r"equipoise\[ray\]"):
        list(Ray().run(small_plan, []))


def test_a_task_refuses_other_versions_and_does_the_rest(
    small_plan: TrialPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = make_shards(small_plan, small_plan.parts([0]), small_plan.strategies)
    item = divide(shards, small_plan, "key")[0]
    data = pack(dict(item.data), "item")
    asked = {**environment(), "numpy": "1.0"}
    answer = ray_tasks._task(asked, "key", [], data)
    assert len(answer["different"]) == 1
    assert answer["different"][0].startswith("numpy ")
    monkeypatch.setattr(ray_tasks, "_plans", {"key": small_plan})
    answer = ray_tasks._task(dict(environment()), "key", [], data)
    assert not answer["different"]
    assert unpack(answer["parts"], "result")["entries"][0]["strategy"] == "prior"
    assert plan_parts(small_plan)


@pytest.mark.parametrize("address", ["auto", "local", "10.0.0.1:6379"])
def test_the_address_is_passed_on(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one Ray joins a cluster that runs, also for "local"."""
    asked: list[dict[str, Any]] = []
    fake = types.ModuleType("ray")
    fake.is_initialized = lambda: False  # type: ignore[attr-defined]
    fake.init = lambda **how: asked.append(how)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(ray_tasks, "require_extra", lambda *_: None)
    assert Ray(address)._connected() is fake
    assert asked[0]["address"] == address


@pytest.mark.slow
@pytest.mark.skipif(ABSENT, reason="Ray is not installed: pip install equipoise[ray]")
def test_a_cluster_gives_what_one_process_gives(
    same: Callable[[Scores, Scores], None],
) -> None:
    import ray

    known = gaussian_shift(rows=240, positives=60, seed=1).table
    plan = TrialPlan(
        known,
        tuple(as_strategies(["prior", "plain", "logistic"])),
        Protocol(folds=2),
        LearnerChoice("small", training=TrainingSettings(epochs=2)),
        keep=True,
        baseline="plain",
    )
    parts = plan.parts([0])
    said: list[Any] = []
    try:
        there = fit_parts(
            plan, parts, lambda *what: said.append(what), runner=Ray("local")
        )
    finally:
        ray.shutdown()
    same(fit_parts(plan, parts), there)
    assert said[-1] == ("Ray on 1 machine, 6 of 6 items done", 1.0)


def write_trial(table: Table, folder: Path, **how: Any) -> Any:
    """Return what a trial writes, but for the time it took."""
    trial = equipoise.compare(
        table,
        strategies=["prior", "logistic", "trees", "plain"],
        network="linear",
        training=TrainingSettings(epochs=2),
        folds=3,
        repeats=2,
        seed=1,
        **how,
    )
    trial.write(folder)
    return untimed(json.loads((folder / "comparison.json").read_text()))


def untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: untimed(v) for k, v in value.items() if k != "seconds"}
    if isinstance(value, list):
        return [untimed(item) for item in value]
    return value


def works(node: Any) -> bool:
    """Return whether a process of a machine of the cluster is within an item."""
    (raylet,) = (entry.process.pid for entry in node.all_processes["raylet"])
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            words = (path / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        # Ray gives a worker the name of the task that it does.
        if parent == raylet and words.startswith(b"ray::_task"):
            return True
    return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it needs Linux")
@pytest.mark.skipif(ABSENT, reason="Ray is not installed: pip install equipoise[ray]")
def test_a_machine_that_vanishes_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    """A cluster of two machines; one is killed in the middle of an item."""
    import ray
    from ray.cluster_utils import Cluster

    table = gaussian_shift(rows=400, positives=80, seed=1).table
    here = write_trial(table, tmp_path / "here")
    said: list[str] = []
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "include_dashboard": False},
    )
    second = cluster.add_node(num_cpus=1, include_dashboard=False)
    cluster.wait_for_nodes()
    try:
        ray.init(address=cluster.address, log_to_driver=False)
        alive = [True]

        def watch(text: str, share: float) -> None:
            said.append(text)
            if alive and "2 machines" in text and works(second):
                alive.clear()
                cluster.remove_node(second, allow_graceful=False)

        runner = Ray(cluster.address)
        there = write_trial(table, tmp_path / "there", runner=runner, progress=watch)
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert not alive
    assert any("Ray on 2 machines" in text for text in said)
    assert any("Ray on 1 machine, " in text for text in said)
    assert there == here
