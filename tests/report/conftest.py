# SPDX-License-Identifier: Apache-2.0
"""One trial, and its summary, that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equipoise.workflows.trial import Trial


@pytest.fixture(scope="session")
def trial(make_trial: Callable[..., Trial]) -> Trial:
    """A small trial with a sweep of weights."""
    return make_trial(names=("prior", "logistic", "plain", "focal", "sweep"))


@pytest.fixture(scope="session")
def summary(trial: Trial) -> dict[str, Any]:
    """The summary of `trial`."""
    return trial.summary()
