# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis import needs
from equipoise.diagnosis.needs import Need, rows_of_each_class
from equipoise.diagnosis.subject import Subject

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("need", "columns", "more"),
    [
        (needs.COLUMNS, {"x": [0.0, 1.0]}, {}),
        (needs.FEATURES, {"x": [0.0, 1.0]}, {}),
        (needs.NUMERIC_COLUMN, {"x": [0.0, 1.0]}, {}),
        (needs.CATEGORICAL_COLUMN, {"x": ["a", "b"]}, {}),
        (needs.GROUPS, {}, {"groups": np.array([0, 1])}),
        (needs.TIME, {}, {"time": np.array([0.0, 1.0])}),
    ],
)
def test_columns_and_roles(build: Make, need: Need, columns: Any, more: Any) -> None:
    assert need.is_met(Subject(build([0, 1], columns, **more)))
    assert not need.is_met(Subject(build([0, 1])))


def test_a_test_file(noise: Make) -> None:
    table = noise(30, 10)
    assert needs.TEST_FILE.is_met(Subject(table, table))
    assert not needs.TEST_FILE.is_met(Subject(table))


@pytest.mark.parametrize(
    ("rows", "positives", "enough"), [(20, 8, True), (19, 8, False), (20, 7, False)]
)
def test_enough_to_search(noise: Make, rows: int, positives: int, enough: bool) -> None:
    assert needs.ENOUGH_TO_SEARCH.is_met(Subject(noise(rows, positives))) is enough


def test_rows_of_each_class(noise: Make) -> None:
    assert rows_of_each_class(10).is_met(Subject(noise(30, 10)))
    assert not rows_of_each_class(11).is_met(Subject(noise(30, 10)))
