# SPDX-License-Identifier: Apache-2.0
"""What two runs must share so that one can go on from the other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.training.key import run_key


@pytest.fixture(scope="module")
def key(table, population_of) -> str:
    return run_key(population_of(table, ["plain", "focal"]))


def test_it_is_a_function_of_the_run(table, population_of, key) -> None:
    assert run_key(population_of(table, ["plain", "focal"])) == key


@pytest.mark.parametrize("how", [{"save_every": 1.0}, {"memory_limit": 2**25}], ids=str)
def test_what_changes_no_number_changes_no_key(table, population_of, key, how) -> None:
    assert run_key(population_of(table, ["plain", "focal"], **how)) == key


@pytest.mark.parametrize(
    "how",
    [
        {"batch": 32},
        {"epochs": 99},
        {"patience": 9},
        {"metric": "brier"},
        {"dtype": "float64"},
        {"updates": 3},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_each_setting_counts(table, population_of, key, how) -> None:
    assert run_key(population_of(table, ["plain", "focal"], **how)) != key


@pytest.mark.parametrize(
    "arms",
    [
        ["plain"],
        ["plain", "focal", "smote"],
        ["plain", Strategy("focal", loss="focal", options={"gamma": 1.0})],
        [Strategy("plain", options={"learning_rate": 1e-2}), "focal"],
    ],
    ids=["fewer", "more", "other option", "other rate"],
)
def test_each_strategy_counts(table, population_of, key, arms) -> None:
    assert run_key(population_of(table, arms)) != key


def altered(table: Table, what: str) -> Table:
    """Change one cell of the table, its least part."""
    if what == "label":
        y = table.y.copy()
        y[3] = 1 - y[3]
        return dataclasses.replace(table, y=y)
    columns = list(table.columns)
    place = {"number": 0, "category": 3, "rare category": 4}[what]
    values = columns[place].values.copy()
    values[3] = values[3] + 1 if values[3] < 2 else 0
    columns[place] = dataclasses.replace(columns[place], values=values)
    return dataclasses.replace(table, columns=tuple(columns))


@pytest.mark.parametrize("what", ["label", "number", "category", "rare category"])
def test_each_cell_counts(table, population_of, key, what) -> None:
    assert run_key(population_of(altered(table, what), ["plain", "focal"])) != key


@pytest.mark.parametrize("name", ["train", "stop", "score"])
def test_each_split_counts(table, population_of, key, name) -> None:
    population = population_of(table, ["plain", "focal"])
    parts = {m.part.number: m.part for m in population.members}
    rows = getattr(parts[1], name)
    other = dataclasses.replace(parts[1], **{name: rows[:-1]})
    population.members = [
        dataclasses.replace(m, part=other) if m.part.number == 1 else m
        for m in population.members
    ]
    assert run_key(population) != key


def test_row_weights_count(table, population_of, key) -> None:
    population = population_of(table, ["plain", "focal"])
    heavy = [
        dataclasses.replace(
            m, part=dataclasses.replace(m.part, weights=np.full(len(table), 2.0))
        )
        for m in population.members
    ]
    population.members = heavy
    assert run_key(population) != key
