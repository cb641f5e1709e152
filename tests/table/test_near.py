# SPDX-License-Identifier: Apache-2.0
"""Near-copies are found, and rows that merely lie close are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from equipoise.table.duplicates import judge_duplicates
from equipoise.table.fingerprint import fingerprint
from equipoise.table.near import plain_text
from equipoise.table.table import Column, Table
from equipoise.table.units import tied_rows
from equipoise.task import Task

Draw = Callable[[np.random.Generator, int], np.ndarray]


def table(values: np.ndarray) -> Table:
    y = np.zeros(len(values), np.int8)
    y[:3] = 1
    columns = tuple(Column(f"x{j}", "numeric", v) for j, v in enumerate(values.T))
    return Table(columns, y, Task("binary", ("no", "yes")))


MOVED = {
    "jitter": lambda x, r: x + 1e-9 * r.normal(size=x.shape),
    "larger jitter": lambda x, r: x + 1e-4 * r.normal(size=x.shape),
    "float32": lambda x, r: x.astype(np.float32).astype(np.float64),
    "digits": lambda x, r: x.round(4),
    "another unit and back": lambda x, r: (x * 2.54 + 32) / 2.54 - 32 / 2.54,
}


@pytest.mark.parametrize("columns", [2, 8, 60])
@pytest.mark.parametrize("name", MOVED)
def test_moved_rows_are_one_case(name: str, columns: int) -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(150, columns))
    both = table(np.r_[x, MOVED[name](x, random)])
    units = tied_rows(both)
    assert units is not None
    together = units[:150] == units[150:]
    assert together.mean() > 0.97
    assert len(np.unique(units)) >= 0.95 * 150
    assert tied_rows(both, "ignore") is None


def curve(random: np.random.Generator, rows: int) -> np.ndarray:
    t = random.uniform(0, 6, rows)
    return np.stack([np.sin(t), np.cos(t), t**2], 1)


def lags(random: np.random.Generator, rows: int) -> np.ndarray:
    walk = random.normal(size=rows + 4).cumsum()
    return np.stack([walk[k : rows + k] for k in range(4)], 1)


SEPARATE: dict[str, Draw] = {
    "normal, 1 column": lambda r, n: r.normal(size=(n, 1)),
    "normal, 2 columns": lambda r, n: r.normal(size=(n, 2)),
    "normal, 10 columns": lambda r, n: r.normal(size=(n, 10)),
    "heavy tails": lambda r, n: np.exp(4 * r.normal(size=(n, 3))),
    "Cauchy": lambda r, n: r.standard_cauchy((n, 3)),
    "a curve": curve,
    "a random walk and its lags": lags,
    "integers": lambda r, n: r.integers(0, 40, (n, 3)).astype(float),
    "three decimals": lambda r, n: r.normal(size=(n, 3)).round(3),
    "counts and one number": lambda r, n: np.c_[r.poisson(1, (n, 3)), r.normal(size=n)],
    "mostly zero": lambda r, n: r.normal(size=(n, 4)) * (r.random((n, 4)) < 0.1),
    "few states and noise": lambda r, n: (
        r.integers(0, 3, (n, 3)) + 1e-9 * r.normal(size=(n, 3))
    ),
    "dense heap": lambda r, n: (
        r.normal(size=(n, 2)) * np.where(r.random((n, 1)) < 0.3, 1e-3, 1.0)
    ),
}


@pytest.mark.parametrize("name", SEPARATE)
@pytest.mark.parametrize("rows", [200, 4000])
def test_rows_that_lie_close_are_cases_of_their_own(name: str, rows: int) -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        found = judge_duplicates(table(SEPARATE[name](random, rows)))
        assert found.near == 0, (seed, found.reason)


def test_texts_differ_in_case_and_spaces() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=80).round(2)
    towns = [f"Town {k}" for k in range(80)]
    again = [f" town  {k}" for k in range(80)]
    both = Table(
        (
            Column("x", "numeric", np.r_[x, x]),
            Column("town", "categorical", np.arange(160), (*towns, *again)),
        ),
        np.r_[np.ones(5), np.zeros(155)].astype(np.int8),
        Task("binary", ("no", "yes")),
    )
    units = tied_rows(both)
    assert units is not None
    assert (units[:80] == units[80:]).all()
    assert plain_text("\uff21 b\t C ") == "a b c"


def test_missing_values_are_near_missing_values_alone() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(100, 40))
    x[random.random(x.shape) < 0.1] = np.nan
    y = x + 1e-9
    y[0, np.flatnonzero(~np.isnan(y[0]))[0]] = np.nan
    units = tied_rows(table(np.r_[x, y]))
    assert units is not None
    assert (units[:100] == units[100:]).tolist() == [False, *[True] * 99]


def test_rows_of_arrays() -> None:
    random = np.random.default_rng(0)
    images = random.random((60, 12, 12)).astype(np.float32)
    base = Table(
        (), np.r_[1, np.zeros(179)].astype(np.int8), Task("binary", ("no", "yes"))
    )
    moved = images + np.float32(1e-5) * random.random(images.shape).astype("f4")
    both = replace(base, fingerprint=fingerprint(np.r_[images, images, moved]))
    units = tied_rows(both)
    assert units is not None
    assert (units[:60] == units[60:120]).all()
    assert (units[:60] == units[120:]).all()
    assert len(np.unique(units)) == 60
    alone = random.random((180, 12, 12))
    assert tied_rows(replace(base, fingerprint=fingerprint(alone))) is None
    tokens = random.integers(0, 3, (180, 3))
    assert tied_rows(replace(base, fingerprint=fingerprint(tokens))) is None
    sliced = tied_rows(both.take(np.arange(90)))
    assert sliced is not None
    assert len(np.unique(sliced)) == 60
