# SPDX-License-Identifier: Apache-2.0
"""One-sided leaks are found, and independent columns raise few false alarms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.one_sided import one_sided
from equipoise.table.table import Column, Table
from equipoise.task import Task

ROWS = 1000


def table(y: Any, **columns: Any) -> Table:
    made = []
    for name, values in columns.items():
        if np.asarray(values).dtype.kind == "U":
            words, codes = np.unique(values, return_inverse=True)
            made.append(Column(name, "categorical", codes, tuple(words.tolist())))
        else:
            made.append(Column(name, "numeric", np.asarray(values, float)))
    return Table(tuple(made), np.asarray(y, np.int8), Task("binary", ("no", "yes")))


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_half_of_a_leak_is_found(random: np.random.Generator) -> None:
    y = (random.random(ROWS) < 0.1).astype(int)
    told = (y == 1) & (random.random(ROWS) < 0.4)
    noise = random.normal(size=ROWS)
    far = np.where((y == 1) & (random.random(ROWS) < 0.7), noise + 99, noise)
    for values, what in (
        (told * 1.0, "is 1"),
        (np.where(told, "closed", random.choice(["a", "b"], ROWS)), "is 'closed'"),
        (np.where(told, np.nan, noise), "is missing"),
        (far, "is above"),
        (-far, "is below"),
    ):
        (found,) = one_sided(table(y, noise=noise, leak=values))
        assert found.name == "leak"
        assert found.what.startswith(what)
        assert found.p_value < 1e-6


def test_strong_columns_are_no_leaks(random: np.random.Generator) -> None:
    y = (random.random(ROWS) < 0.2).astype(int)
    strong = random.normal(size=ROWS) + 2.5 * y
    often = (random.random(ROWS) < np.where(y == 1, 0.8, 0.02)).astype(float)
    assert one_sided(table(y, strong=strong, often=often)) == ()


def test_cases_are_counted_once(random: np.random.Generator) -> None:
    y = np.r_[np.ones(60), np.zeros(300)].astype(int)
    flag = np.r_[np.ones(30), np.zeros(330)]
    noise = random.normal(size=360)
    assert one_sided(table(y, flag=flag, noise=noise))
    cases = np.r_[0:5, 30:360]  # the thirty rows are five cases
    assert one_sided(table(y, flag=flag, noise=noise), cases=cases) == ()


def test_false_alarms_are_as_rare_as_stated(random: np.random.Generator) -> None:
    """300 tables of columns that know nothing, at an alpha that can be counted."""
    alarms = 0
    for _ in range(300):
        y = (random.random(200) < 0.6).astype(int)
        columns = {
            "flag": (random.random(200) < 0.06).astype(float),
            "word": random.choice(list("abcdefghijklmnop"), 200),
            "gap": np.where(random.random(200) < 0.07, np.nan, random.normal(size=200)),
            "few": random.integers(0, 15, 200).astype(float),
        }
        alarms += bool(one_sided(table(y, **columns), alpha=0.2))
    assert alarms / 300 <= 0.2 + 3 * np.sqrt(0.2 * 0.8 / 300)
