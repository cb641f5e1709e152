# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.telling_gaps import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def _gappy(build: Make, share1: float, share0: float, rows: int = 3000) -> Any:
    random = np.random.default_rng(0)
    y = (np.arange(rows) % 10 == 0).astype(int)
    gone = random.random(rows) < np.where(y == 1, share1, share0)
    x = np.where(gone, np.nan, random.normal(size=rows))
    even = np.where(random.random(rows) < 0.2, np.nan, 1.0)
    return build(y, {"x": x, "even": even})


def test_gaps_that_tell_fire(build: Make, run: Make) -> None:
    found = run(CHECK, _gappy(build, 0.4, 0.1))
    assert found.severity == "info"
    assert found.evidence["columns"] == ["x"]
    assert run(CHECK, _gappy(build, 0.1, 0.9)).severity == "warning"


def test_silent_on_even_gaps(build: Make, run: Make) -> None:
    assert run(CHECK, _gappy(build, 0.2, 0.2)) is None


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    one = build([0, 0], {"x": [np.nan, 1.0]})
    assert isinstance(run(CHECK, one), NotApplicable)


def test_silent_on_a_certain_but_small_difference(build: Make, run: Make) -> None:
    y = np.repeat([1, 0], [20_000, 80_000])
    place = np.r_[np.arange(20_000) % 100, np.arange(80_000) % 100]
    lost = place < np.where(y == 1, 4, 2)  # 4 % against 2 %: far beyond chance
    assert run(CHECK, build(y, {"x": np.where(lost, np.nan, place)})) is None


def test_groups_count_as_cases(build: Make, run: Make) -> None:
    """20 groups whose rows are all alike are 20 cases, however many rows they have."""
    group = np.repeat(np.arange(20), 100)
    y = (group < 10).astype(int)
    x = np.where(np.isin(group, [0, 1, 2, 10]), np.nan, np.arange(2000.0))
    columns = {"x": x}  # missing in 3 of 10 groups against 1 of 10
    assert run(CHECK, build(y, columns)) is not None
    assert run(CHECK, build(y, columns, groups=group)) is None


def test_copies_count_once(build: Make, run: Make) -> None:
    random = np.random.default_rng(5)
    y = (np.arange(1000) % 10 == 0).astype(int)
    x = np.where(random.random(1000) < 0.1 + 0.2 * y, np.nan, random.normal(size=1000))
    table = build(y, {"x": x, "z": random.normal(size=1000)})
    alone = run(CHECK, table).evidence
    copied = table.take(np.repeat(np.arange(len(table)), 20))
    counted = run(CHECK, copied).evidence
    assert counted["missing_among_positives"] == alone["missing_among_positives"]
    assert 0.5 < np.log(counted["p_value"][0]) / np.log(alone["p_value"][0]) < 1.1
    ignored = run(CHECK, copied, duplicates="ignore").evidence
    assert ignored["p_value"][0] < alone["p_value"][0] ** 5


def test_groups_hold_the_level(build: Make, run: Make) -> None:
    random = np.random.default_rng(3)
    alarms = {True: 0, False: 0}
    for _ in range(100):
        group = np.repeat(np.arange(60), 20)
        y = random.random(60)[group] < 0.3
        x = np.where(random.random(60)[group] < 0.3, np.nan, random.normal(size=1200))
        for grouped in (True, False):
            groups = group if grouped else None
            table = build(y, {"x": x}, groups=groups)
            alarms[grouped] += run(CHECK, table) is not None
    assert alarms[True] <= 11  # of 100 at 5 %: more in 1 % of runs
    assert alarms[False] > 50
