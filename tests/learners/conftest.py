# SPDX-License-Identifier: Apache-2.0
"""Jobs for the learners' tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from equipoise.jobs import Job
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table


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
