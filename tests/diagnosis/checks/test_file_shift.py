# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.file_shift import CHECK
from equipoise.diagnosis.finding import Finding, NotApplicable
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes, make_labels

Make = Callable[..., Any]


def test_a_shifted_column_fires(build: Make, noise: Make, run: Make) -> None:
    table, test = noise(2000, 200), noise(500, 50, seed=1)
    x = {c.name: c.values for c in test.columns}
    x["x1"] = x["x1"] + 1
    found = run(CHECK, table, build(test.y, x))
    assert found.severity == "warning"
    assert found.evidence["columns"] == ["x1"]


def test_silent_on_a_random_part(noise: Make, run: Make) -> None:
    assert run(CHECK, noise(2000, 200), noise(500, 50, seed=1)) is None


def test_another_prevalence_alone_is_no_shift(build: Make, run: Make) -> None:
    def make(positives: int, seed: int) -> Any:
        random = np.random.default_rng(seed)
        y = np.repeat([0, 1], [2000, positives])
        return build(y, {"x": random.normal(3 * y)})

    assert run(CHECK, make(1500, 0), make(20, 1)) is None


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    assert isinstance(run(CHECK, build([0, 1]), build([0, 1])), NotApplicable)
    rare = build([1, 1], {"x0": [1.0, 2.0], "x1": [1.0, 2.0]})
    assert isinstance(run(CHECK, noise(90, 8), rare), NotApplicable)


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_the_commonest_class_or_set_is_compared(kind: str) -> None:
    made: Any = (
        make_classes(3000, shares=[0.6, 0.3, 0.1], seed=1)
        if kind == "classes"
        else make_labels(3000, shares=[0.4, 0.2], seed=1)
    )
    table, later = (
        made.table.take(np.arange(2000)),
        made.table.take(np.arange(2000, 3000)),
    )
    assert CHECK.run(Subject(table, later)) is None
    first = later.columns[0]
    moved = dataclasses.replace(first, values=first.values + 1.0)
    shifted = dataclasses.replace(later, columns=(moved, *later.columns[1:]))
    finding = CHECK.run(Subject(table, shifted))
    assert isinstance(finding, Finding)
    assert finding.evidence["columns"] == [first.name]
