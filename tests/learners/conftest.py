# SPDX-License-Identifier: Apache-2.0
"""Tables and jobs for the learners' tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from equipoise.jobs import Job
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task


@pytest.fixture(scope="session")
def rare_table() -> Table:
    """1,200 rows, about 12 % positive, of every kind of column."""
    rng = np.random.default_rng(3)
    n = 1_200
    a, b = rng.normal(size=(2, n))
    group = rng.choice(5, n, p=[0.4, 0.3, 0.2, 0.097, 0.003]).astype(np.int32)
    flag = (rng.random(n) < 0.3).astype(np.float64)
    logit = -3.2 + 1.5 * a + 0.8 * b**2 + 0.7 * flag + (group == 2)
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int8)
    a[rng.random(n) < 0.1] = np.nan
    group[rng.random(n) < 0.05] = -1
    moments = (rng.integers(0, 10**15, n)).astype("M8[us]")
    columns = (
        Column("a", "numeric", a),
        Column("b", "numeric", b),
        Column("flag", "boolean", flag),
        Column("group", "categorical", group, ("v", "w", "x", "y", "rare")),
        Column("when", "datetime", moments),
    )
    return Table(columns, y, Task("binary", ("no", "yes")))


@pytest.fixture(scope="session")
def jobs_of() -> Callable[..., list[Job]]:
    """A function that makes jobs on fixed parts of a table."""

    def build(
        table: Table, *strategies: Strategy, parts: int = 2, seed: int = 0
    ) -> list[Job]:
        jobs = []
        for part in range(parts):
            order = np.random.default_rng(part).permutation(len(table))
            cut, end = int(0.6 * len(table)), int(0.75 * len(table))
            rows = np.sort(order[:cut]), np.sort(order[cut:end]), np.sort(order[end:])
            jobs += [Job(s, *rows, seed=seed + part, part=part) for s in strategies]
        return jobs

    return build
