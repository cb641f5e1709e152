# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.prevalence_gap import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_the_case_of_380_and_12(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(9362, 380), noise(586, 12, seed=1))
    assert found.severity == "warning"
    # scipy.stats.fisher_exact of [[380, 8982], [12, 574]].
    assert found.evidence["p_value"] == pytest.approx(0.0116, abs=1e-4)
    assert found.evidence["difference_low"] < found.evidence["difference_high"] < 0


def test_silent_on_a_random_part(noise: Make, run: Make) -> None:
    assert run(CHECK, noise(9362, 380), noise(586, 24, seed=1)) is None


def test_a_significant_trifle_is_an_info(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(400_000, 40_000), noise(400_000, 41_000, seed=1))
    assert found.severity == "info"


def test_a_test_file_of_one_class(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(900, 90), noise(400, 0, seed=1))
    assert found.severity == "warning"
    assert "log-odds" not in found.advice


def test_not_applicable_without_a_test_file(noise: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)


def test_copies_prove_no_gap(noise: Make, run: Make) -> None:
    table, later = noise(600, 60), noise(300, 21, seed=1)
    assert run(CHECK, table, later) is None
    times = 8
    rows = [t.take(np.repeat(np.arange(len(t)), times)) for t in (table, later)]
    assert run(CHECK, *rows, duplicates="ignore") is not None
    assert run(CHECK, *rows) is None
