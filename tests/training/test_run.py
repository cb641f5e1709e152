# SPDX-License-Identifier: Apache-2.0
"""Runs that are stopped: by kill -9, by Ctrl-C; and runs that are repeated."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from equipoise.jobs import Outcome
from equipoise.learners.network import NetworkLearner
from equipoise.networks.spec import NetworkSpec
from equipoise.training.population import Population
from equipoise.training.run import train
from equipoise.training.settings import TrainingSettings

Process = subprocess.Popen[bytes]

HERE = Path(__file__).parent
# Wide enough that each member is a group under the least memory limit.
WIDE = NetworkSpec("wide", hidden=(256, 256))

# What a subprocess runs. Threads are set there: they cannot be changed afterwards.
PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import conftest
if {threads}:
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads({threads})
    tf.config.threading.set_inter_op_parallelism_threads({threads})
print(conftest.run_hash({store!r}, **{how!r}), flush=True)
"""


def program(threads: int, store: Path | None, how: dict[str, Any]) -> list[str]:
    folder = None if store is None else str(store)
    code = PROGRAM.format(folder=str(HERE), threads=threads, store=folder, how=how)
    return [sys.executable, "-c", code]


def quiet() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}


def result(threads: int = 0, **how: Any) -> str:
    command = program(threads, None, how)
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=quiet()
    )
    return done.stdout.split()[-1]


def begun(store: Path, how: dict[str, Any]) -> Process:
    """Start a run that saves after each epoch."""
    return subprocess.Popen(
        program(0, store, how),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=quiet(),
    )


def saved(store: Path) -> bool:
    """Whether a whole checkpoint is there."""
    return any(store.glob("*.checkpoint"))


def saving(store: Path) -> bool:
    """Whether the temporary file of a save is there."""
    return any(store.glob("*.part"))


def wait(found: Callable[[Path], bool], store: Path, process: Process) -> None:
    """Wait until something is in the store, or the process has ended."""
    while process.poll() is None and not found(store):
        time.sleep(0.0005)


def seconds_after_the_first_save(store: Path, **how: Any) -> float:
    """Return how long a run that nobody stops goes on after its first checkpoint."""
    with begun(store, how) as process:
        wait(saved, store, process)
        start = time.monotonic()
        process.wait()
    return time.monotonic() - start


def killed(store: Path, after: float, *, in_save: bool, **how: Any) -> bool:
    """Kill a run; return whether it was cut within a save.

    Args:
        store: Its checkpoints.
        after: Seconds from the first checkpoint.
        in_save: Whether to wait then until another save has begun.
        how: What is run.
    """
    with begun(store, how) as process:
        wait(saved, store, process)
        time.sleep(after)
        if in_save:
            wait(saving, store, process)
        process.send_signal(signal.SIGKILL)
    return saving(store)


@pytest.fixture
def epochs_run(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the epochs that this process trains from now on."""
    ran: list[int] = []
    run_epoch = Population.run_epoch

    def counted(population: Population) -> None:
        run_epoch(population)
        ran.append(population.now.epoch)

    monkeypatch.setattr(Population, "run_epoch", counted)
    return ran


def test_one_seed_one_hash_over_threads(hash_of_run) -> None:
    assert result(threads=1, epochs=4) == hash_of_run(epochs=4)


def test_products_in_bfloat16_give_one_hash_over_threads(hash_of_run) -> None:
    rounded = hash_of_run(epochs=3, precision="bfloat16")
    assert result(threads=1, epochs=3, precision="bfloat16") == rounded
    assert rounded != hash_of_run(epochs=3)


@pytest.mark.slow
def test_one_seed_one_hash_over_runs_and_threads(hash_of_run) -> None:
    found = {result(threads=n) for n in (1, 2, 4, 8) for _ in range(5)}
    assert found == {hash_of_run()}


# Every epoch is saved. Several groups, of which some members leave early.
LONG = {"epochs": 60, "hidden": (256, 128), "patience": 15, "memory_limit": 2**22}


def test_a_run_that_was_killed_goes_on_with_the_same_numbers(
    tmp_path: Path, hash_of_run, epochs_run: list[int]
) -> None:
    expected = hash_of_run(**LONG)
    whole = len(epochs_run)
    epochs_run.clear()
    killed(tmp_path, 0.0, in_save=True, **LONG)
    assert hash_of_run(str(tmp_path), **LONG) == expected
    assert 0 < len(epochs_run) < whole, "it was not cut, or began anew"
    assert len(list(tmp_path.glob("*.checkpoint"))) > 1


@pytest.mark.slow
def test_fifty_kills(
    tmp_path: Path, hash_of_run, epochs_run: list[int], record_testsuite_property
) -> None:
    expected = hash_of_run(**LONG)
    whole = len(epochs_run)
    # The shortest of three: most kills shall land before the end.
    length = min(
        seconds_after_the_first_save(tmp_path / f"whole {number}", **LONG)
        for number in range(3)
    )
    chance = random.Random(0)
    in_training = in_save = 0
    for number in range(50):
        store = tmp_path / str(number)
        after = chance.uniform(0.0, 0.9) * length
        # Every second kill waits for the save that comes next.
        in_save += killed(store, after, in_save=number % 2 == 1, **LONG)
        epochs_run.clear()
        assert hash_of_run(str(store), **LONG) == expected
        in_training += 0 < len(epochs_run) < whole
    counts = f"of 50 kills {in_training} in training, {in_save} in a save"
    record_testsuite_property(
        "fifty kills", f"{counts}; {length:.1f} s after the first checkpoint"
    )
    assert in_training >= 25, counts
    assert in_save >= 5, counts


def test_a_finished_run_is_not_trained_again(tmp_path: Path, table, jobs_for) -> None:
    settings = TrainingSettings(batch=64, epochs=3)
    learner = NetworkLearner("small", settings, tmp_path)
    jobs = jobs_for(table)
    first = list(learner.run(table, jobs))
    said: list[str] = []
    again = list(learner.run(table, jobs, progress=lambda text, _: said.append(text)))
    assert not said
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.log_odds, other.log_odds)
        assert (one.best_epoch, one.updates) == (other.best_epoch, other.updates)


def test_what_a_killed_save_left_is_removed(tmp_path: Path, table, jobs_for) -> None:
    """Of this run's file, and of no other's."""
    learner = NetworkLearner(
        "small", TrainingSettings(batch=64, epochs=2), checkpoints=tmp_path
    )
    jobs = jobs_for(table, folds=1)
    (first,) = learner.run(table, jobs)
    (written,) = tmp_path.glob("*.checkpoint")
    own, other = (
        tmp_path / f".{name}.{'0' * 32}.part"
        for name in (written.name, "another.checkpoint")
    )
    own.write_bytes(b"half")
    other.write_bytes(b"half")
    (again,) = learner.run(table, jobs)
    np.testing.assert_array_equal(first.log_odds, again.log_odds)
    assert set(tmp_path.iterdir()) == {written, other}


def test_another_trial_does_not_read_the_state(tmp_path: Path, table, jobs_for) -> None:
    settings = TrainingSettings(batch=64, epochs=3)
    learner = NetworkLearner("small", settings, tmp_path)
    (one,) = learner.run(table, jobs_for(table, folds=1))
    (other,) = learner.run(table, jobs_for(table, ["class_weight"], folds=1))
    assert not np.array_equal(one.log_odds, other.log_odds)
    assert len(list(tmp_path.iterdir())) == 2


def test_ctrl_c_ends_with_the_best_epochs_so_far(table, jobs_for) -> None:
    settings = TrainingSettings(batch=64, epochs=500, patience=500)

    def press(text: str, share: float) -> None:
        if text.startswith("epoch 3:"):
            raise KeyboardInterrupt

    found: list[Outcome] = []
    run = NetworkLearner("small", settings).run(table, jobs_for(table), progress=press)
    with pytest.raises(KeyboardInterrupt):
        found.extend(run)  # keeps what came before the exception
    assert len(found) == 2
    assert all(1 <= outcome.best_epoch <= 3 for outcome in found)
    assert all("Stopped by the user" in outcome.notes[-1] for outcome in found)


def test_ctrl_c_within_an_epoch_leaves_the_best_before_it(
    population_of, table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state was moved out of the population when it began."""
    from equipoise.training.program import Program

    whole = population_of(table, ["plain", "smote"], epochs=2)
    assert train(whole)
    population = population_of(table, ["plain", "smote"], epochs=9)
    calls: list[dict[str, dict[str, object]]] = []

    def epoch(self, state, data, draws, members):
        calls.append(state)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run(self, state, data, draws, members)

    run = Program.epoch
    monkeypatch.setattr(Program, "epoch", epoch)
    assert not train(population)
    assert [any(state.values()) for state in calls] == [False, False, True]
    for one, other in zip(population.results(False), whole.results(False), strict=True):
        assert one.best_epoch == other.best_epoch
        np.testing.assert_array_equal(one.log_odds, other.log_odds)


def test_ctrl_c_keeps_the_groups_that_are_done(table, jobs_for) -> None:
    """Those of the group in training are told, those that wait have no outcome."""
    settings = TrainingSettings(batch=64, epochs=20, memory_limit=2**20)
    jobs = jobs_for(table, ["plain", "class_weight", "focal"], folds=3)
    learner = NetworkLearner(WIDE, settings)

    def press(text: str, share: float) -> None:
        if text.startswith("group 3 of 9, epoch 2:"):
            raise KeyboardInterrupt

    found: list[Outcome] = []
    with pytest.raises(KeyboardInterrupt):
        found.extend(learner.run(table, jobs, progress=press))
    assert [outcome.job for outcome in found] == jobs[:3]
    whole = learner.run(table, jobs[:2])
    for one, other in zip(found, whole, strict=False):
        assert one.notes == ()
        np.testing.assert_array_equal(one.log_odds, other.log_odds)
    assert found[2].notes[-1].startswith("Stopped by the user")
    assert found[2].best_epoch <= 2


def test_ctrl_c_leaves_a_state_to_go_on_from(tmp_path: Path, table, jobs_for) -> None:
    settings = TrainingSettings(batch=64, epochs=9, patience=9, save_every=0.0)
    learner = NetworkLearner("small", settings, tmp_path)
    jobs = jobs_for(table, ["plain", "smote"])
    said: list[str] = []

    def press(text: str, share: float) -> None:
        said.append(text)
        if len(said) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(learner.run(table, jobs, progress=press))
    found = learner.run(table, jobs, progress=lambda text, _: said.append(text))
    whole = NetworkLearner("small", settings).run(table, jobs)
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_array_equal(one.log_odds, other.log_odds)
    compiling = "compiling the program of 4 networks"
    epochs = [f"epoch {n}" for n in range(1, 10)]
    expected = [compiling, *epochs[:3], compiling, *epochs[3:]]
    assert [text.split(":")[0] for text in said] == expected


def test_progress_tells_who_and_what_time_is_left(
    table, population_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that goes 2 s an epoch; at most, since members may stop earlier."""
    population = population_of(table, ["plain", "smote"], epochs=12, patience=1)
    clock = SimpleNamespace(monotonic=lambda: 2.0 * population.now.epoch)
    monkeypatch.setattr("equipoise.training.run.time", clock)
    told: list[tuple[int, int, float]] = []
    assert train(population, report=lambda *given: told.append(given))
    assert [epoch for epoch, _, _ in told] == list(range(1, len(told) + 1))
    left = [members for _, members, _ in told]
    assert left[0] == 4
    assert left == sorted(left, reverse=True)
    assert [s for _, _, s in told[:-1]] == [2.0 * (12 - e) for e, _, _ in told[:-1]]
    assert told[-1][2] == 0.0


def test_a_run_of_other_numbers_begins_anew(tmp_path: Path, table, jobs_for) -> None:
    """The settings belong to the key of a state."""
    jobs = jobs_for(table, folds=1)
    for rate in (1e-3, 1e-2):
        spec = NetworkSpec("x", hidden=(8,), learning_rate=rate)
        settings = TrainingSettings(batch=64, epochs=2)
        (stored,) = NetworkLearner(spec, settings, tmp_path).run(table, jobs)
        (alone,) = NetworkLearner(spec, settings).run(table, jobs)
        np.testing.assert_array_equal(stored.log_odds, alone.log_odds)
    assert len(list(tmp_path.iterdir())) == 2


def resident() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    "trials", [20, pytest.param(200, marks=pytest.mark.slow)], ids=str
)
def test_memory_does_not_grow(table, jobs_for, trials) -> None:
    learner = NetworkLearner("small", TrainingSettings(batch=64, epochs=2))
    jobs = jobs_for(table, ["plain", "focal", "pairwise_auc"])
    sizes = []
    for _ in range(trials):
        list(learner.run(table, jobs, keep=True))
        sizes.append(resident())
    # The allocator settles over the first trials; a leak goes on.
    half = trials // 2
    assert sizes[-1] - sizes[half] < 4.0 + 0.02 * half


def test_a_network_spec_round_trip() -> None:
    spec = NetworkSpec("x", hidden=(3, 4), dropout=0.2)
    assert NetworkSpec.from_dict(spec.to_dict()) == spec
