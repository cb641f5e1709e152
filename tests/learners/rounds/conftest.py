# SPDX-License-Identifier: Apache-2.0
"""Tables, jobs, and a base learner that counts how often it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from equipoise.jobs import Job, Outcome
from equipoise.learners.rounds.fits import RoundRows
from equipoise.strategies import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task


class Stumps:
    """Small trees on the numbers of a table as they are: nothing is encoded.

    Attributes:
        runs: The jobs of each run.
        depth: Of the trees.
    """

    def __init__(self, depth: int = 1) -> None:
        self.depth = depth
        self.runs: list[list[Job]] = []

    def run(self, table: Table, jobs: Sequence[Job], **_: Any) -> Iterator[Outcome]:
        self.runs.append(list(jobs))
        x = np.stack([column.values for column in table.columns], axis=1)
        for job in jobs:
            rows = np.concatenate([job.train_rows, job.stop_rows])
            tree = DecisionTreeClassifier(max_depth=self.depth, random_state=0)
            tree.fit(x[rows], table.labels()[rows], job.weights(rows))
            p = np.zeros((len(job.scored_rows), len(table.classes)))
            p[:, tree.classes_] = tree.predict_proba(x[job.scored_rows])
            with np.errstate(divide="ignore"):
                logs = np.maximum(np.log(p), -50.0)
            scores = logs[:, 1:] - logs[:, :1] if p.shape[1] == 2 else logs
            yield Outcome(job, scores, seconds=1.0, updates=1)


def make_table(classes: int = 2, rows: int = 240, seed: int = 0) -> Table:
    """Return rows of which the last class is the rarest, with three numbers each."""
    random = np.random.default_rng(seed)
    shares = np.arange(classes, 0, -1) ** 2.0
    y = random.permutation(
        np.repeat(
            np.arange(classes), np.round(rows * shares / shares.sum()).astype(int)
        )
    )
    columns = tuple(
        Column(name, "numeric", random.normal(size=len(y)) + shift * y)
        for name, shift in (("a", 1.0), ("b", -0.5), ("c", 0.0))
    )
    names = tuple(f"class {label}" for label in range(classes))
    kind = "binary" if classes == 2 else "multiclass"
    dtype = np.int8 if classes == 2 else np.int64
    return Table(columns, y.astype(dtype), Task(kind, names))


def make_job(table: Table, strategy: Strategy, part: int = 0) -> Job:
    """Return a job: 6 of 10 rows to train on, 1 to stop by, 3 to score."""
    rows = np.random.default_rng(part).permutation(len(table))
    ends = (np.array([0.6, 0.7]) * len(rows)).astype(int)
    train, stop, scored = np.split(rows, ends)
    return Job(strategy, train, stop, scored, seed=7 + part, part=part)


@pytest.fixture
def stumps() -> Stumps:
    return Stumps()


@pytest.fixture
def table_of() -> Callable[..., Table]:
    return make_table


@pytest.fixture
def job_of() -> Callable[..., Job]:
    return make_job


@pytest.fixture
def deeper() -> Stumps:
    return Stumps(depth=3)


@pytest.fixture
def rows_of() -> Callable[..., RoundRows]:
    def rows(y: Sequence[int], stop: int = 0, classes: int = 2) -> RoundRows:
        labels = np.asarray(y, np.int64)
        teaches = np.arange(len(labels)) < len(labels) - stop
        return RoundRows(labels, teaches, classes, np.ones(len(labels)))

    return rows
