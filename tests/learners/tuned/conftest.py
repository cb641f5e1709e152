# SPDX-License-Identifier: Apache-2.0
"""A small search: what it tries, who trains, what a part is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.learners.tuned.halving import SearchedPart
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.tuned import Tuned
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings

SPEC = NetworkSpec("x", hidden=(6,), number_width=2, copies=2)
SPACE = {"learning_rate": (1e-4, 1e-1), "width": [4, 6]}


@pytest.fixture(scope="session")
def networks() -> NetworkLearner:
    settings = TrainingSettings(batch=64, epochs=12, patience=4)
    return NetworkLearner(SPEC, settings)


@pytest.fixture(scope="session")
def tuned_by() -> Callable[..., Tuned]:
    def make(**how: Any) -> Tuned:
        return Tuned("plain", **{"trials": 6, "space": SPACE, "folds": 2, **how})

    return make


@pytest.fixture(scope="session")
def searched() -> Callable[[Table, Job], SearchedPart]:
    def make(table: Table, job: Job) -> SearchedPart:
        return SearchedPart.of(table, job, 2)

    return make
