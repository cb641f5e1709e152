# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.shared_rows import CHECK, _p_by_twins
from equipoise.diagnosis.finding import NotApplicable
from equipoise.diagnosis.repeats import equal_rows
from equipoise.table.table import concatenate

Make = Callable[..., Any]


def test_copies_fire(noise: Make, run: Make) -> None:
    table = noise(500, 50)
    found = run(CHECK, table, table.take(np.arange(40)))
    assert found.severity == "error"
    assert found.evidence["shared_rows"] == 40
    assert found.evidence["shared_positives"] == int(table.y[:40].sum())


def test_silent_on_other_rows(noise: Make, run: Make) -> None:
    assert run(CHECK, noise(500, 50), noise(100, 9, seed=1)) is None


def test_coincidences_are_told_from_copies(build: Make, run: Make) -> None:
    def dice(rows: int, seed: int) -> Any:
        random = np.random.default_rng(seed)
        y = random.integers(0, 2, rows)
        return build(y, {"a": random.integers(0, 6, rows)})

    found = run(CHECK, dice(500, 0), dice(100, 1))
    assert found.severity == "info"
    assert found.evidence["shared_rows"] == 100


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    bare = build([0, 1])
    assert isinstance(run(CHECK, bare, bare), NotApplicable)


def _coarse(build: Make, rows: int, seed: int) -> Any:
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, rows)
    return build(y, {f"x{j}": random.integers(0, 5, rows) for j in range(6)})


def test_coincidences_are_hardly_ever_an_error(build: Make, run: Make) -> None:
    errors = 0
    for seed in range(150):
        whole = _coarse(build, 1100, seed)
        table, test = whole.take(np.arange(700)), whole.take(np.arange(700, 1100))
        found = run(CHECK, table, test)
        errors += found is not None and found.severity == "error"
    assert errors <= 3


def test_copies_among_coincidences_fire(build: Make, run: Make) -> None:
    table, test = _coarse(build, 700, 0), _coarse(build, 400, 1)
    copied = concatenate([test, table.take(np.arange(80))])
    assert run(CHECK, table, copied).severity == "error"


def test_the_chance_of_a_twin_is_known_as_well_as_esty_says() -> None:
    # 60 equally likely cells: the share that 50 rows have not met, and its estimate.
    random = np.random.default_rng(3)
    rejected = 0
    for _ in range(1500):
        table, test = random.integers(0, 60, 50), random.integers(0, 60, 40)
        sets = equal_rows(table.astype(np.uint64), np.zeros(50))
        total = int(np.isin(test, table).sum())
        rejected += _p_by_twins(total, 40, sets) <= 0.05
    assert 0.02 <= rejected / 1500 <= 0.07


def test_one_row_of_a_continuous_table_is_a_copy(noise: Make, run: Make) -> None:
    table, test = noise(500, 50), noise(200, 20, seed=1)
    one = concatenate([test, table.take([7])])
    assert run(CHECK, table, one).severity == "error"


def test_groups_on_both_sides_are_counted(noise: Make, run: Make) -> None:
    """Groups 0 to 9 are in the table, 5 to 14 in the test file, by name."""
    table = dataclasses.replace(
        noise(100, 20),
        groups=np.arange(100) // 10,
        group_keys=np.arange(10, dtype=np.uint64),
    )
    keys = np.arange(5, 15, dtype=np.uint64)
    test = dataclasses.replace(
        noise(100, 30, seed=1), groups=np.arange(100) // 10, group_keys=keys
    )
    finding = run(CHECK, table, test)
    assert finding.severity == "warning"
    assert finding.evidence["shared_groups"] == 5
    assert finding.evidence["rows_of_shared_groups"] == 50
    assert f"{int(test.y[:50].sum())} of them positive" in finding.message
    left = test.take(~np.isin(test.groups, np.arange(5)))  # the advice, taken
    assert run(CHECK, table, left) is None
    both = concatenate([test, table.take([0])])
    both = dataclasses.replace(both, group_keys=keys)
    finding = run(CHECK, table, both)
    assert finding.severity == "error"
    assert "same features" in finding.message
    assert "5 groups that the table" in finding.message
    unnamed = dataclasses.replace(test, group_keys=None)
    assert run(CHECK, table, unnamed) is None
