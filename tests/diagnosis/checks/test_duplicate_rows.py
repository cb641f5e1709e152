# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.duplicate_rows import CHECK
from equipoise.diagnosis.finding import NotApplicable
from equipoise.diagnosis.subject import Subject

Make = Callable[..., Any]


def test_copies_are_a_warning(noise: Make, run: Make) -> None:
    table = noise(300, 30)
    found = run(CHECK, table.take(np.r_[0:300, 0:50]))
    assert found.severity == "warning"
    assert found.evidence["repeated_rows"] == 50
    assert found.evidence["repeated_positives"] == int(table.y[:50].sum())
    assert "they look like copies" in found.message
    one = run(CHECK, table.take(np.r_[0:300, 0]))
    assert one.severity == "info"
    assert "1 row (0.33%) equals" in one.message


def test_coincidences_are_an_info(build: Make, run: Make) -> None:
    random = np.random.default_rng(0)
    dice = {name: random.integers(0, 6, 500) for name in "abc"}
    found = run(CHECK, build([0, 1] * 250, dice))
    assert found.severity == "info"
    assert not found.evidence["copies"]


def test_a_few_coincidences_are_not_worth_a_word(build: Make, run: Make) -> None:
    random = np.random.default_rng(0)
    dice = {name: random.integers(0, 40, 500) for name in "abc"}
    table = build([0, 1] * 250, dice)
    assert 0 < Subject(table).equal_rows.repeated < 5
    assert run(CHECK, table) is None


def test_silent_and_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert run(CHECK, noise(300, 30)) is None
    assert isinstance(run(CHECK, build([0, 1])), NotApplicable)


def test_the_advice_is_about_how_equal_rows_are_treated(
    noise: Make, build: Make, run: Make
) -> None:
    copies = noise(300, 30).take(np.r_[0:300, 0:50])
    for duplicates in ("auto", "group"):
        finding = run(CHECK, copies, duplicates=duplicates)
        assert finding.severity == "warning"
        assert f"count as one case (duplicates='{duplicates}')" in finding.advice
    ignored = run(CHECK, copies, duplicates="ignore")
    assert ignored.severity == "info"
    assert "pass duplicates='auto'" in ignored.advice
    random = np.random.default_rng(0)
    dice = {name: random.integers(0, 6, 500) for name in "abc"}
    coarse = build(random.integers(0, 2, 500), dice)
    assert "pass duplicates='group'" in run(CHECK, coarse).advice
    assert "pass" not in run(CHECK, coarse, duplicates="ignore").advice
    assert "'auto'" in run(CHECK, coarse, duplicates="group").advice
