# SPDX-License-Identifier: Apache-2.0
"""A table with every kind of column that networks meet, and jobs on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from equipoise.jobs import Job
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task

MakeJobs = Callable[..., list[Job]]


def make_table(rows: int = 600, seed: int = 0) -> Table:
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 4))
    few = random.integers(0, 3, rows)
    many = random.integers(0, 30, rows)
    logit = numbers[:, 0] * 1.5 - numbers[:, 1] + (few == 1) + 0.1 * many - 4.0
    y = (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int8)
    holed = numbers[:, 2].copy()
    holed[random.random(rows) < 0.1] = np.nan
    columns = (
        Column("a", "numeric", numbers[:, 0]),
        Column("b", "numeric", numbers[:, 1]),
        Column("holed", "numeric", holed),
        Column("few", "categorical", few.astype(np.int32), ("x", "y", "z")),
        Column(
            "many",
            "categorical",
            many.astype(np.int32),
            tuple(f"c{i}" for i in range(30)),
        ),
    )
    return Table(columns, y, Task("binary", ("no", "yes")))


def make_jobs(
    table: Table, strategies: Sequence[str | Strategy] = ("plain",), folds: int = 2
) -> list[Job]:
    """Jobs on contiguous folds of shuffled rows; each seed is the fold's."""
    order = np.random.default_rng(1).permutation(len(table))
    jobs = []
    for part, score in enumerate(np.array_split(order, 3)[:folds]):
        rest = np.setdiff1d(order, score, assume_unique=False)
        rest = np.random.default_rng(part).permutation(rest)
        stop, train = np.split(rest, [len(rest) // 5])
        jobs += [
            Job(strategy, np.sort(train), np.sort(stop), np.sort(score), 7 + part, part)
            for strategy in as_strategies(strategies)
        ]
    return jobs


@pytest.fixture(scope="session")
def table() -> Table:
    return make_table()


@pytest.fixture(scope="session")
def jobs_for() -> MakeJobs:
    return make_jobs


def run_hash(
    store: str | None = None,
    epochs: int = 12,
    hidden: tuple[int, ...] = (24, 17),
    arms: Sequence[str] = ("plain", "smote", "focal", "pairwise_auc"),
    patience: int = 6,
    memory_limit: int = 2**32,
    precision: str = "float32",
) -> str:
    """Run several arms; return one hash of all scores and weights."""
    from equipoise.learners.network import NetworkLearner
    from equipoise.networks.spec import NetworkSpec
    from equipoise.training.settings import TrainingSettings

    table = make_table()
    spec = NetworkSpec("x", hidden=hidden, number_width=5, dropout=0.3)
    settings = TrainingSettings(
        batch=64,
        epochs=epochs,
        patience=patience,
        memory_limit=memory_limit,
        save_every=0.0,
        precision=precision,
    )
    digest = hashlib.sha256()
    learner = NetworkLearner(spec, settings, store)
    for outcome in learner.run(table, make_jobs(table, arms), keep=True):
        digest.update(outcome.log_odds.tobytes())
        for value in outcome.scorer.weights.values():
            digest.update(value.tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="session")
def hash_of_run() -> Callable[..., str]:
    return run_hash


def make_population(table: Table, strategies: Sequence[str | Strategy], **how: Any):
    """The population of jobs on two parts, before its first epoch.

    `how` holds settings of the training.
    """
    from equipoise.networks.layout import common_layout
    from equipoise.networks.spec import NetworkSpec
    from equipoise.training.encoded_store import encode_parts
    from equipoise.training.members import make_members
    from equipoise.training.population import Population
    from equipoise.training.settings import TrainingSettings

    spec = NetworkSpec("x", hidden=(24, 17), number_width=5, dropout=0.3)
    jobs = make_jobs(table, strategies)
    common = common_layout(table, spec)
    parts = encode_parts(table, jobs, common)
    members = make_members(jobs, parts, spec)
    members.sort(key=lambda member: member.family)
    settings = TrainingSettings(**{"batch": 64, **how})
    return Population(members, spec, common, settings)


@pytest.fixture(scope="session")
def population_of() -> Callable[..., Any]:
    return make_population
