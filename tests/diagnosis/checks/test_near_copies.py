# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.near_copies import CHECK
from equipoise.diagnosis.checks.shared_rows import CHECK as SHARED
from equipoise.diagnosis.finding import Finding
from equipoise.diagnosis.subject import Subject
from equipoise.table.fingerprint import fingerprint
from equipoise.table.generated_tasks import make_classes
from equipoise.table.table import Table, concatenate
from equipoise.task import Task

Make = Callable[..., Any]


def moved(table: Table, times: int, by: float = 1e-9) -> Table:
    random = np.random.default_rng(7)
    rows = table.take(np.repeat(np.arange(len(table)), times))
    return dataclasses.replace(
        rows,
        columns=tuple(
            dataclasses.replace(c, values=c.values + by * random.normal(size=len(rows)))
            for c in rows.columns
        ),
    )


def test_rows_four_times_with_labels_of_noise(noise: Make, run: Make) -> None:
    rows = moved(noise(100, 20), 4)
    y = np.random.default_rng(0).integers(0, 2, 400).astype(np.int8)
    found = run(CHECK, dataclasses.replace(rows, y=y))
    assert found.severity == "warning"
    assert found.evidence["near_rows"] == 400
    assert found.evidence["cases"] == 100
    assert found.evidence["mixed_sets"] > 50
    assert 1e-10 < found.evidence["apart"] < 1e-8


def test_silent_without(noise: Make, run: Make) -> None:
    assert run(CHECK, noise(2000, 100)) is None
    arrays = Table(
        (), np.r_[1, np.zeros(9)].astype(np.int8), Task("binary", ("no", "yes"))
    )
    assert run(CHECK, arrays).reason == "the table has no feature columns"


def test_arrays_are_looked_at(run: Make) -> None:
    random = np.random.default_rng(0)
    x = np.repeat(random.random((50, 6, 6)), 2, 0) + 1e-7 * random.random((100, 6, 6))
    y = np.r_[np.ones(20), np.zeros(80)].astype(np.int8)
    rows = Table((), y, Task("binary", ("no", "yes")), fingerprint=fingerprint(x))
    assert run(CHECK, rows).evidence["cases"] == 50


def test_near_copies_in_the_test_file_are_an_error(noise: Make, run: Make) -> None:
    table = noise(300, 40)
    later = moved(table.take(np.arange(50)), 1)
    found = run(SHARED, table, later)
    assert found.severity == "error"
    assert found.evidence["nearly"] == 50
    assert run(SHARED, table, noise(300, 40, seed=5)) is None


def test_near_copies_of_several_classes() -> None:
    table = make_classes(400, shares=[0.5, 0.3, 0.2], categories=0, seed=1).table
    random = np.random.default_rng(0)
    near = table.take(np.arange(40))
    moved = tuple(
        dataclasses.replace(c, values=c.values + 1e-9 * random.normal(size=40))
        for c in near.columns
    )
    changed = near.labels().copy()
    changed[:5] = (changed[:5] + 1) % 3
    both = concatenate([table, dataclasses.replace(near, columns=moved, y=changed)])
    finding = CHECK.run(Subject(both))
    assert isinstance(finding, Finding)
    assert finding.evidence["cases"] == 400
    assert finding.evidence["mixed_sets"] == 5
    assert "5 sets of such rows hold different classes" in finding.message


def test_the_advice_is_about_how_such_rows_are_treated(noise: Make, run: Make) -> None:
    rows = moved(noise(100, 20), 2)
    assert "count as one case" in run(CHECK, rows).advice
    grouped = run(CHECK, rows, duplicates="group")
    assert grouped.severity == "warning"
    assert "only equal rows" in grouped.advice
    ignored = run(CHECK, rows, duplicates="ignore")
    assert ignored.severity == "info"
    assert "a case of its own (duplicates='ignore')" in ignored.advice
    classes = dataclasses.replace(rows, task=Task("multiclass", ("a", "b", "c")))
    assert run(CHECK, classes, duplicates="ignore").severity == "info"
