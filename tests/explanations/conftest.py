# SPDX-License-Identifier: Apache-2.0
"""Brute force: Shapley values by all coalitions, and tables of all kinds of columns."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from equipoise.table.table import Column, Table
from equipoise.task import Task

Brute = Callable[[Callable[[Table], np.ndarray], Table, Table], np.ndarray]


def mixed(rows: Table, background: Table, chosen: tuple[int, ...]) -> Table:
    """Each row with each background row: the chosen columns of the row."""
    columns = tuple(
        dataclasses.replace(
            column,
            values=np.repeat(column.values, len(background))
            if k in chosen
            else np.tile(other.values, len(rows)),
        )
        for k, (column, other) in enumerate(
            zip(rows.columns, background.columns, strict=True)
        )
    )
    return dataclasses.replace(rows, columns=columns, y=None, groups=None, time=None)


def all_coalitions(
    value: Callable[[Table], np.ndarray], rows: Table, background: Table
) -> np.ndarray:
    """Return `[rows, columns, outputs]`, from the definition."""
    count = len(rows.columns)
    worth = {}
    for size in range(count + 1):
        for chosen in itertools.combinations(range(count), size):
            z = value(mixed(rows, background, chosen))
            worth[chosen] = z.reshape(len(rows), len(background), -1).mean(axis=1)
    result = np.zeros((len(rows), count, worth[()].shape[1]))
    for player in range(count):
        others = [k for k in range(count) if k != player]
        for size in range(count):
            factor = 1 / (count * math.comb(count - 1, size))
            for chosen in itertools.combinations(others, size):
                joined = tuple(sorted((*chosen, player)))
                result[:, player] += factor * (worth[joined] - worth[chosen])
    return result


@pytest.fixture(scope="session")
def brute() -> Brute:
    return all_coalitions


def of_all_kinds(rows: int, task: Task, seed: int = 0) -> Table:
    """Numbers, a number with missing values, categories, a moment, a boolean."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 2))
    some = x[:, 1].copy()
    some[random.random(rows) < 0.2] = np.nan
    codes = random.integers(-1, 4, rows).astype(np.int32)
    days = np.datetime64("2024-01-01", "us") + random.integers(0, 300, rows) * (
        np.timedelta64(26, "h").astype("timedelta64[us]")
    )
    flag = (random.random(rows) < 0.4).astype(float)
    effect = np.array([0.5, -1.0, 1.5, 0.0, 0.2])[codes]
    month = days.astype("datetime64[M]").astype(int) % 12
    z = 1.5 * x[:, 0] + x[:, 0] * flag + np.nan_to_num(some) + effect + 0.1 * month
    noise = random.logistic(size=rows)
    if task.kind == "binary":
        y = (z + noise > 1.5).astype(np.int8)
    elif task.kind == "multiclass":
        y = np.digitize(z + noise, [0.0, 2.0]).astype(np.int64)
    else:
        y = np.stack([z + noise > 1, flag + noise > 0.5], axis=1).astype(np.int8)
    columns = (
        Column("x", "numeric", x[:, 0]),
        Column("some", "numeric", some),
        Column("city", "categorical", codes, ("a", "b", "c", "d")),
        Column("day", "datetime", days),
        Column("flag", "boolean", flag),
    )
    return Table(columns, y, task)


@pytest.fixture(scope="session")
def kinds() -> Callable[..., Table]:
    return of_all_kinds
