# SPDX-License-Identifier: Apache-2.0
"""One small trial that the tests of this folder share."""

from __future__ import annotations

import pytest

from equipoise.table.generators import Known, gaussian_shift
from equipoise.workflows.compare import compare
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
