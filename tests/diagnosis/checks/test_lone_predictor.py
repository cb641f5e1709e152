# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.lone_predictor import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def _table(build: Make, leak: Any, rows: int = 2000, **more: Any) -> Any:
    random = np.random.default_rng(0)
    y = (np.arange(rows) % 10 == 0).astype(int)
    noise = {"n": random.normal(size=rows)}
    return build(y, {**noise, "leak": leak(y, random), **more})


def test_a_copy_of_the_target_is_an_error(build: Make, run: Make) -> None:
    found = run(CHECK, _table(build, lambda y, r: 2.0 - y))
    assert found.severity == "error"
    assert found.evidence["columns"] == ["leak"]


def test_a_nearly_perfect_column_is_a_warning(build: Make, run: Make) -> None:
    found = run(CHECK, _table(build, lambda y, r: y + r.normal(0, 0.2, len(y))))
    assert found.severity == "warning"


def test_a_word_or_a_gap_that_names_the_class(build: Make, run: Make) -> None:
    word = _table(build, lambda y, r: np.where(y == 1, "closed", "open"))
    gap = _table(build, lambda y, r: np.where(y == 1, r.normal(size=len(y)), np.nan))
    assert run(CHECK, word).severity == "error"
    assert run(CHECK, gap).severity == "error"


def test_silent_on_an_honestly_strong_column(build: Make, run: Make) -> None:
    strong = _table(build, lambda y, r: y * 2.5 + r.normal(size=len(y)))
    assert run(CHECK, strong) is None


def test_silent_where_others_are_nearly_as_good(build: Make, run: Make) -> None:
    random = np.random.default_rng(5)
    y = (np.arange(2000) % 10 == 0).astype(int)
    easy = {f"x{i}": y * 3.4 + random.normal(size=2000) for i in range(4)}
    assert run(CHECK, build(y, easy)) is None


def test_silent_where_few_positives_may_be_separated_by_chance(
    build: Make, run: Make
) -> None:
    y = np.r_[np.ones(8), np.zeros(200)].astype(int)
    assert run(CHECK, build(y, {"x": y + 0.0, "n": np.arange(208) % 7})) is None


def test_columns_that_leak_together_are_both_named(build: Make, run: Make) -> None:
    y = (np.arange(2000) % 10 == 0).astype(int)
    found = run(CHECK, build(y, {"a": y, "b": 1 - y}))
    assert "Each of the columns 'a' and 'b' alone" in found.message
    assert found.evidence["next_column"] == ""


def test_not_applicable_without_columns(build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, build([0, 1])), NotApplicable)


def test_a_perfect_column_is_a_suspect_with_a_dozen_positives(
    build: Make, run: Make
) -> None:
    y = np.r_[np.ones(12), np.zeros(574)].astype(int)
    noise = np.random.default_rng(0).normal(size=586)
    found = run(CHECK, build(y, {"leak": 3 - 2.0 * y, "n": noise}))
    assert found.severity == "warning"
    assert found.evidence["columns"] == ["leak"]
    assert "at least 0.735" in found.message
    nearly = np.where(np.arange(586) == 585, 1.0, 3 - 2.0 * y)
    assert run(CHECK, build(y, {"leak": nearly, "n": noise})) is None


def test_silent_on_an_easy_table_in_which_one_column_is_perfect(
    build: Make, run: Make
) -> None:
    y = np.r_[np.ones(20), np.zeros(178)].astype(int)
    nearly = np.where(np.arange(198) == 197, 1.0, y + 0.0)
    assert run(CHECK, build(y, {"perfect": y, "nearly": nearly})) is None


def test_a_value_that_only_positives_have(build: Make, run: Make) -> None:
    found = run(CHECK, _table(build, lambda y, r: y * (r.random(len(y)) < 0.3) * 1.0))
    assert found.severity == "warning"
    assert found.evidence["columns"] == ["leak"]
    assert "in which 'leak' is 1 are positive" in found.message
