# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.time_drift import CHECK
from equipoise.diagnosis.finding import Finding, NotApplicable
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes, make_labels

Make = Callable[..., Any]


def _timed(build: Make, rate: Any, x: Any = None, rows: int = 2000) -> Any:
    random = np.random.default_rng(0)
    time = random.permutation(rows).astype(float)
    y = random.random(rows) < rate(time / rows)
    columns = {"x": random.normal(size=rows) if x is None else x(time / rows)}
    return build(y, columns, time=time)


def test_a_rising_prevalence_fires(build: Make, run: Make) -> None:
    found = run(CHECK, _timed(build, lambda t: 0.05 + 0.3 * t))
    assert found.severity == "warning"
    assert found.evidence["late_prevalence"] > found.evidence["early_prevalence"]


def test_a_drifting_column_fires(build: Make, run: Make) -> None:
    found = run(CHECK, _timed(build, lambda t: 0.1 + 0 * t, lambda t: t))
    assert "'x' differs" in found.message


def test_a_test_file_that_is_not_later(build: Make, run: Make) -> None:
    table = _timed(build, lambda t: 0.1 + 0 * t)
    early = build(table.y, {"x": table["x"].values}, time=table.time - 1000)
    late = build(table.y, {"x": table["x"].values}, time=table.time + 2000)
    found = run(CHECK, table, early)
    assert found.evidence["test_share_before_end"] == pytest.approx(1.0, abs=0.01)
    assert run(CHECK, table, late) is None


def test_dates_are_understood(build: Make, run: Make) -> None:
    time = np.datetime64("2020-01-01", "us") + np.arange(400) * np.timedelta64(1, "D")
    y = np.r_[np.zeros(200), np.ones(200)]
    assert run(CHECK, build(y, time=time)).severity == "warning"


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    assert isinstance(run(CHECK, build([0, 1], time=np.arange(2.0))), NotApplicable)


def test_a_certain_but_small_change_is_not_worth_a_word(build: Make, run: Make) -> None:
    # 30 % and 31 % of 60,000 rows each: beyond chance, and 0.05 in log-odds.
    y = np.zeros(120_000, int)
    y[np.r_[0:18_000, 60_000:78_600]] = 1
    assert run(CHECK, build(y, time=np.arange(120_000.0))) is None


def test_both_questions_together_hold_the_level(build: Make, run: Make) -> None:
    random = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        y = random.random(600) < 0.2
        x = {f"x{j}": random.integers(0, 3, 600) for j in range(2)}
        alarms += run(CHECK, build(y, x, time=random.random(600))) is not None
    assert alarms <= 18  # of 200 at 5 %: more in 0.6 % of runs


def test_groups_count_as_cases(build: Make, run: Make) -> None:
    """40 groups of equal rows are 40 cases: rows alone would raise most alarms."""
    random = np.random.default_rng(2)
    alarms = {True: 0, False: 0}
    group = np.repeat(np.arange(40), 50)
    time = np.arange(2000.0)
    for _ in range(100):
        y = (random.random(40) < 0.3)[group]
        x = random.normal(size=40)[group]
        for grouped in (True, False):
            groups = group if grouped else None
            table = build(y, {"x": x}, groups=groups, time=time)
            settings = {} if grouped else {"duplicates": "ignore"}
            alarms[grouped] += run(CHECK, table, **settings) is not None
    assert alarms[True] <= 11  # of 100 at 5 %: more in 1 % of runs
    assert alarms[False] > 50


def test_a_drift_of_many_groups_fires(build: Make, run: Make) -> None:
    random = np.random.default_rng(4)
    group = np.repeat(np.arange(800), 5)
    time = group / 800
    y = random.random(4000) < 0.05 + 0.3 * time
    finding = run(CHECK, build(y, {"x": time}, groups=group, time=time))
    assert "share of positives" in finding.message
    assert "'x' differs" in finding.message


def test_groups_that_leave_a_half_empty(build: Make, run: Make) -> None:
    """One group has one independent row, which lies in one half."""
    group, time = np.zeros(100, int), np.arange(100.0)
    y = (np.arange(100) % 4 == 0).astype(int)
    table = build(y, {"x": time}, groups=group, time=time)
    assert run(CHECK, table) is None


def test_the_classes_that_drift_are_named() -> None:
    table = make_classes(2000, shares=[0.6, 0.3, 0.1], seed=1).table
    random = np.random.default_rng(0)
    still = dataclasses.replace(table, time=random.random(2000))
    assert CHECK.run(Subject(still)) is None
    later = random.random(2000) + 0.4 * (table.labels() == 2)
    finding = CHECK.run(Subject(dataclasses.replace(table, time=later)))
    assert isinstance(finding, Finding)
    assert "'c2'" in finding.message
    shares = finding.evidence["classes"]["c2"]
    middle = np.sort(later)[1000]
    for name, half in (("early", later < middle), ("late", later >= middle)):
        assert shares[f"{name}_prevalence"] == (table.labels()[half] == 2).mean()


def test_a_label_drifts_in_the_rows_in_which_it_is_known() -> None:
    table = make_labels(2000, shares=[0.4, 0.2], unknown=0.3, seed=1).table
    y = table.labels()
    later = np.random.default_rng(0).random(2000) + 0.5 * (y[:, 1] == 1)
    finding = CHECK.run(Subject(dataclasses.replace(table, time=later)))
    assert isinstance(finding, Finding)
    early = (later < np.sort(later)[1000]) & (y[:, 1] >= 0)
    name = table.classes[1]
    shares = finding.evidence["classes"][name]
    assert shares["early_prevalence"] == y[early, 1].mean()
    assert f"rows with {name!r}" in finding.message


def test_rows_of_one_time_lie_in_one_half(build: Make, run: Make) -> None:
    """All positives stand last in the file, but the times of most rows are equal."""
    y = (np.arange(400) >= 320).astype(int)
    x = {"x": np.random.default_rng(0).normal(size=400)}
    same = build(y, x, time=np.zeros(400))
    assert run(CHECK, same).reason == "all rows have the same time"
    tied = build(y, x, time=(np.arange(400) == 7).astype(float))
    assert run(CHECK, tied) is None
    later = build(y, x, time=(np.arange(400) >= 280).astype(float))
    finding = run(CHECK, later)
    assert "0% in the earlier 70% of the rows to 67% in the later 30%" in (
        finding.message
    )
    moved = build(y, {"x": np.arange(400.0)}, time=later.time)
    assert "between the earlier 70% of the rows and" in run(CHECK, moved).message


def test_the_advice_is_about_what_was_seen(build: Make, run: Make) -> None:
    table = _timed(build, lambda t: 0.1 + 0 * t)
    early = build(table.y, {"x": table["x"].values}, time=table.time - 1000)
    finding = run(CHECK, table, early)
    assert "later than the table" in finding.advice
    assert "Split by time" not in finding.advice
    days = table.time.astype("datetime64[D]")
    dates = build(table.y, {"x": table["x"].values}, time=days)
    assert run(CHECK, table, dates) is None  # a date is neither before nor after 3.0
    still = build(table.y, {"x": table["x"].values}, time=np.zeros(len(table)))
    late = dataclasses.replace(still, time=still.time - 1)
    assert "100% of the test file" in run(CHECK, still, late).message
