# SPDX-License-Identifier: Apache-2.0
"""One small trial and small models that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from equipoise.table.generators import Known, gaussian_shift
from equipoise.table.read import read_table
from equipoise.workflows.compare import compare
from equipoise.workflows.fit import fit
from equipoise.workflows.model import FittedModel
from equipoise.workflows.trial import Trial

ARMS = ("prior", "logistic", "plain", "class_weight")


@pytest.fixture(scope="session")
def known() -> Known:
    """A table whose best possible score is known."""
    return gaussian_shift(rows=500, positives=60, seed=3)


@pytest.fixture(scope="session")
def later() -> Known:
    """A test table of another prevalence."""
    return gaussian_shift(rows=300, positives=12, seed=4)


@pytest.fixture(scope="session")
def trial(known: Known, later: Known) -> Trial:
    """Four arms on three folds, twice."""
    return compare(
        known.table, test=later.table, strategies=ARMS, folds=3, repeats=2, seed=5
    )


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., Any]:
    """Return a maker of Arrow tables with a column of every kind and a target."""

    def make(rows: int = 300, seed: int = 0) -> Any:
        random = np.random.default_rng(seed)
        y = random.random(rows) < 0.2
        amount = random.normal(y * 1.5, 1.0)
        days = random.integers(0, 2_000, rows) + 400 * y
        return pa.table(
            {
                "amount": np.where(random.random(rows) < 0.1, np.nan, amount),
                "city": random.choice(["Bonn", "Lima", "Oslo"], rows),
                "paid": random.random(rows) < 0.4 + 0.3 * y,
                "when": np.datetime64("2020-01-01", "us")
                + days * np.timedelta64(1, "D"),
                "fraud": np.where(y, "yes", "no"),
            }
        )

    return make


def _fitted(rows: Any, strategy: Any) -> FittedModel:
    table = read_table(rows, "fraud")
    return fit(table, strategy=strategy, folds=2, minutes=1e-6, seed=1)


@pytest.fixture(scope="session")
def linear(make_rows: Callable[..., Any]) -> FittedModel:
    """A logistic model on columns of every kind."""
    return _fitted(make_rows(), "logistic")


@pytest.fixture(scope="session")
def trees(make_rows: Callable[..., Any]) -> FittedModel:
    """Boosted trees on columns of every kind."""
    return _fitted(make_rows(), "trees")


@pytest.fixture(scope="session")
def network(make_rows: Callable[..., Any]) -> FittedModel:
    """Networks and a logistic model on columns of every kind."""
    return _fitted(make_rows(), ["plain", "logistic"])
