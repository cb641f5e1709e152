# SPDX-License-Identifier: Apache-2.0
"""Rows that were computed from others are told from rows that were measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.made import made_rows
from equipoise.table.table import Column, Table
from equipoise.task import Task

Draw = Callable[[np.random.Generator, int], np.ndarray]


def table(x: np.ndarray, y: np.ndarray) -> Table:
    columns = tuple(Column(f"x{j}", "numeric", v) for j, v in enumerate(x.T))
    return Table(columns, y.astype(np.int8), Task("binary", ("no", "yes")))


def skewed(columns: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = (np.arange(1200) < 80).astype(int)
    return random.normal(size=(1200, columns)) + 0.7 * y[:, None], y


def filled(x: np.ndarray, y: np.ndarray, share: float = 1.0, near: int = 5) -> Any:
    """SMOTE by hand: x = a + u (b - a), b among the 5 nearest positives of a."""
    random = np.random.default_rng(9)
    rare = x[y == 1]
    count = int(share * (y == 0).sum()) - len(rare)
    a = random.integers(0, len(rare), count)
    far = ((rare[:, None] - rare[None]) ** 2).sum(2)
    b = np.argsort(far, 1)[a, random.integers(1, near + 1, count)]
    u = random.random((count, 1))
    made = rare[a] + u * (rare[b] - rare[a])
    order = random.permutation(len(x) + count)
    whole, labels = np.r_[x, made], np.r_[y, np.ones(count, int)]
    return whole[order], labels[order]


@pytest.mark.parametrize("columns", [2, 5, 40])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_rows_between_two_others_are_found(columns: int, share: float) -> None:
    x, y = filled(*skewed(columns), share=share)
    found = made_rows(table(x, y))
    assert found is not None
    assert found.label == 1
    assert found.share > 0.8
    assert found.others < 0.02
    assert made_rows(table(*skewed(columns))) is None


@pytest.mark.parametrize("digits", [4, 3, 2])
def test_rounding_and_scaling_hide_nothing(digits: int) -> None:
    x, y = filled(*skewed(6))
    scaled = (x.round(digits) - x.mean(0)) / x.std(0) * np.arange(1, 7)
    found = made_rows(table(scaled, y))
    assert found is not None
    assert found.share >= 0.2
    assert found.others < 0.05


def test_the_positive_class_may_be_named_the_other_way_round() -> None:
    x, y = filled(*skewed(4))
    found = made_rows(table(x, 1 - y))
    assert found is not None
    assert found.label == 0


def test_averaged_counts_are_found() -> None:
    random = np.random.default_rng(0)
    y = (np.arange(900) < 60).astype(int)
    counts = random.poisson(4, (900, 3)).astype(float)
    assert made_rows(table(counts, y)) is None
    noise = random.normal(0, 0.7, (900, 3)) * y[:, None]
    found = made_rows(table(counts + noise, y))
    assert found is not None
    assert found.share == 0
    assert found.fractions == ("x0", "x1", "x2")
    one = counts.copy()
    one[:, 0] += noise[:, 0]
    assert made_rows(table(one, y)) is None


NATURAL: dict[str, Draw] = {
    "normal": lambda r, n: r.normal(size=(n, 5)),
    "two columns": lambda r, n: r.normal(size=(n, 2)),
    "one column": lambda r, n: r.normal(size=(n, 1)),
    "integers": lambda r, n: r.integers(0, 8, (n, 4)).astype(float),
    "large integers": lambda r, n: r.integers(0, 5000, (n, 3)).astype(float),
    "booleans and a number": lambda r, n: np.c_[
        (r.random((n, 4)) < 0.3).astype(float), r.normal(size=n)
    ],
    "two decimals": lambda r, n: r.normal(size=(n, 3)).round(2),
    "heavy tails": lambda r, n: np.exp(2 * r.normal(size=(n, 4))),
    "a sum among the columns": lambda r, n: (
        lambda x: np.c_[x, x.sum(1)]  # two free dimensions in three columns
    )(r.normal(size=(n, 2))),
    "one dimension": lambda r, n: r.normal(size=(n, 1)) * [[1.0, 2.0, -3.0]],
}


@pytest.mark.parametrize("positives", [60, 400])
@pytest.mark.parametrize("name", NATURAL)
def test_silent_on_what_was_measured(name: str, positives: int) -> None:
    for seed in range(3):
        random = np.random.default_rng(seed)
        y = (np.arange(800) < positives).astype(int)
        x = NATURAL[name](random, 800)
        x[:, 0] = np.where(y == 1, np.sort(x[:, 0])[::-1], x[:, 0])
        assert made_rows(table(x, y), seed) is None


def test_tables_without_numbers_or_with_few_rows() -> None:
    x, y = skewed(3)
    assert made_rows(table(x[:90], y[:90])) is None
    texts = Column("c", "categorical", np.arange(1200) % 7, tuple("abcdefg"))
    assert (
        made_rows(Table((texts,), y.astype(np.int8), Task("binary", ("no", "yes"))))
        is None
    )
    x[:, 1] = np.nan
    assert made_rows(table(x, y)) is None
