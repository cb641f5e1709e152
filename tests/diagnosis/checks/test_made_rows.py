# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.made_rows import CHECK, made_words
from equipoise.diagnosis.finding import Finding
from equipoise.diagnosis.made import Made
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes
from equipoise.table.table import Column, Table

Make = Callable[..., Any]


def test_an_error_that_says_what_was_seen(noise: Make, build: Make, run: Make) -> None:
    rows = noise(600, 60, columns=4)
    x = np.stack([c.values for c in rows.columns], 1)
    rare = x[rows.y == 1]
    random = np.random.default_rng(0)
    a, b = random.integers(0, 60, (2, 480))
    near = np.argsort(((rare[:, None] - rare) ** 2).sum(2), 1)[a, 1 + b % 5]
    made = rare[a] + random.random((480, 1)) * (rare[near] - rare[a])
    whole = np.r_[x, made]
    y = np.r_[rows.y, np.ones(480)]
    found = run(CHECK, build(y, {f"x{j}": whole[:, j] for j in range(4)}))
    assert found.severity == "error"
    assert found.evidence["class"] == "yes"
    assert found.evidence["equal_classes"]
    assert "of the positives lie on a straight line" in found.message
    assert run(CHECK, rows) is None


def test_words() -> None:
    found = Made(1, 0.0, 0.0, 0.0, ("age",))
    assert made_words(found) == (
        "Column 'age' holds whole numbers in the negatives and fractions in the "
        "positives."
    )


def test_not_applicable_without_numbers(build: Make, run: Make) -> None:
    rows = build([0, 1] * 20, {"c": ["a", "b"] * 20})
    assert run(CHECK, rows).reason == "the table has no numeric column"


def test_classes_that_were_made_are_named() -> None:
    from imblearn.over_sampling import SMOTE

    made = make_classes(700, counts=[500, 120, 80], numeric=6, categories=0, seed=1)
    table = made.table
    assert CHECK.run(Subject(table)) is None
    x = np.column_stack([column.values for column in table.columns])
    for strategy, named in (("auto", {"c1", "c2"}), ({2: 400}, {"c2"})):
        more, y = SMOTE(random_state=0, sampling_strategy=strategy).fit_resample(
            x, table.labels()
        )
        columns = tuple(
            Column(f"x{j}", "numeric", more[:, j]) for j in range(x.shape[1])
        )
        filled = Table(columns, y, table.task)
        finding = CHECK.run(Subject(filled))
        assert isinstance(finding, Finding)
        assert finding.severity == "error"
        assert set(finding.evidence["classes"]) == named
        # In whatever order the classes stand.
        turned = dataclasses.replace(filled, y=2 - y)
        again = CHECK.run(Subject(turned))
        assert isinstance(again, Finding)
        other = {f"c{2 - int(name[1:])}" for name in named}
        assert set(again.evidence["classes"]) == other
