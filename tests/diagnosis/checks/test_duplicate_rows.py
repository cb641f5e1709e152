# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from equipoise.diagnosis.checks.duplicate_rows import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_silent_and_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert run(CHECK, noise(300, 30)) is None
    assert isinstance(run(CHECK, build([0, 1])), NotApplicable)
