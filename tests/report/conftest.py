# SPDX-License-Identifier: Apache-2.0
"""One trial, and its summary, that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equipoise.verbs.trial import Trial


@pytest.fixture(scope="session")
def trial(make_trial: Callable[..., Trial]) -> Trial:
    """A small trial with a sweep of weights."""
    return make_trial(names=("prior", "logistic", "plain", "focal", "sweep"))


@pytest.fixture(scope="session")
def summary(trial: Trial) -> dict[str, Any]:
    """The summary of `trial`."""
    return trial.summary()


@pytest.fixture(scope="session")
def class_trial(make_task_trial: Callable[..., Trial]) -> Trial:
    """Four classes, the rarest with 20 rows."""
    return make_task_trial()


@pytest.fixture(scope="session")
def label_trial(make_task_trial: Callable[..., Trial]) -> Trial:
    """Four labels."""
    return make_task_trial((200, 100, 40, 12), labels=True)


@pytest.fixture(scope="session")
def class_summary(class_trial: Trial) -> dict[str, Any]:
    """The summary of `class_trial`."""
    return class_trial.summary()


@pytest.fixture(scope="session")
def label_summary(label_trial: Trial) -> dict[str, Any]:
    """The summary of `label_trial`."""
    return label_trial.summary()
