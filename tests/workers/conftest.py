# SPDX-License-Identifier: Apache-2.0
"""A small plan, workers of the command line, and how two results are compared."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import gaussian_shift
from equipoise.trials.fold_scores import Scores
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.workers.environment import thread_variables


@pytest.fixture(scope="session")
def small_plan() -> TrialPlan:
    """Two cheap strategies on three folds."""
    table = gaussian_shift(rows=240, positives=60, seed=1).table
    names = as_strategies(["prior", "logistic"])
    return TrialPlan(table, tuple(names), Protocol(folds=3), baseline="prior")


@pytest.fixture
def worker() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `equipoise work FOLDER` in a process of its own, ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path, *words: str) -> subprocess.Popen[str]:
        program = "from equipoise.cli import main; main()"
        child = subprocess.Popen(
            [sys.executable, "-c", program, "work", str(folder), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ),
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


@pytest.fixture
def threads_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what a worker sets in the environment of its process."""
    for name, value in thread_variables(1).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def same() -> Callable[[Scores, Scores], None]:
    """Check that two runs gave the same, bit for bit, but for the time they took."""

    def check(one: Scores, other: Scores) -> None:
        assert list(one.log_odds) == list(other.log_odds)
        for name in ("failed", "notes", "groups", "updates", "idle"):
            assert getattr(one, name) == getattr(other, name), name
        for name, z in one.log_odds.items():
            np.testing.assert_array_equal(z, other.log_odds[name])
            np.testing.assert_array_equal(one.extra[name], other.extra[name])
        assert [without_seconds(t) for t in one.tuning.values()] == [
            without_seconds(t) for t in other.tuning.values()
        ]

    return check


def without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_seconds(v) for k, v in value.items() if k != "seconds"}
    if isinstance(value, list | tuple):
        return [without_seconds(item) for item in value]
    return value
