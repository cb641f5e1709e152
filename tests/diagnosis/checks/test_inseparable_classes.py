# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.diagnosis.checks.inseparable_classes import (
    CHECK,
    crossfitted_log_probabilities,
)
from equipoise.diagnosis.finding import Finding, NotApplicable
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes
from equipoise.table.table import Column, Table
from equipoise.task import Task


def twins(seed: int, apart: float = 0.0) -> Table:
    """Three classes, of which the last two are `apart`."""
    random = np.random.default_rng(seed)
    y = np.repeat([0, 1, 2], [200, 80, 60])
    x = random.normal(size=(len(y), 3)) + np.array([0.0, 2.5, 2.5 + apart])[y][:, None]
    columns = tuple(Column(f"x{j}", "numeric", x[:, j]) for j in range(3))
    return Table(columns, y, Task("multiclass", ("a", "b", "c")))


def test_two_classes_of_one_law_are_found() -> None:
    finding = CHECK.run(Subject(twins(0)))
    assert isinstance(finding, Finding)
    (pair,) = finding.evidence["pairs"]
    assert pair["classes"] == ["c", "b"]
    assert pair["low"] <= 0.5
    assert finding.evidence["pairs_compared"] == 3


@pytest.mark.parametrize("seed", [1, 2])
def test_classes_that_differ_are_not(seed: int) -> None:
    assert CHECK.run(Subject(twins(seed, apart=1.5))) is None


def test_a_checkerboard_is_separable() -> None:
    random = np.random.default_rng(3)
    x = random.uniform(-1, 1, size=(900, 2))
    y = np.where(x[:, 0] * x[:, 1] > 0, 1, 2)
    y[:100] = 0
    x[:100] += 3
    columns = tuple(Column(f"x{j}", "numeric", x[:, j]) for j in range(2))
    table = Table(columns, y, Task("multiclass", ("a", "b", "c")))
    assert CHECK.run(Subject(table)) is None  # trees see what no line does


def test_scores_are_of_the_other_folds_and_repeatable() -> None:
    table = make_classes(300, counts=[200, 60, 40], seed=1).table
    rows = np.arange(300)
    first = crossfitted_log_probabilities(table, rows, None, 0)
    again = crossfitted_log_probabilities(table, rows, None, 0)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.shape == (300, 3)
        np.testing.assert_allclose(np.exp(one).sum(1), 1, atol=1e-6)


def test_rare_classes_are_not_compared() -> None:
    table = make_classes(230, counts=[200, 20, 10]).table
    assert isinstance(CHECK.run(Subject(table)), NotApplicable)
