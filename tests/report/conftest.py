# SPDX-License-Identifier: Apache-2.0
"""One trial, and its summary, that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equipoise.verbs.trial import Trial


@pytest.fixture(scope="session")
def drawn_trial(make_trial: Callable[..., Trial]) -> Trial:
    """A small trial with a sweep of weights."""
    return make_trial(names=("prior", "logistic", "plain", "focal", "sweep"))


@pytest.fixture(scope="session")
def summary(drawn_trial: Trial) -> dict[str, Any]:
    """The summary of `drawn_trial`."""
    return drawn_trial.summary()
