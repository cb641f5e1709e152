# SPDX-License-Identifier: Apache-2.0
"""Constants and identifiers are left out; measurements never are."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise._core.types import FloatArray
from equipoise.reading.useless_columns import may_be_kept, useless, words_of
from equipoise.table.table import (
    Column,
)

RANDOM = np.random.default_rng(0)


def numeric(values: FloatArray, name: str = "x") -> str:
    return useless(Column(name, "numeric", np.asarray(values, float)))


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        (np.ones(50), "x", "one value only"),
        (np.full(50, np.nan), "x", "no values"),
        (np.arange(50), "x", "rise or fall"),
        (np.arange(50)[::-1] * 7.0, "x", "rise or fall"),
        (np.cumsum(RANDOM.integers(1, 1000, 50)), "x", "rise or fall"),
        (RANDOM.permutation(50), "x", "where measurements would repeat"),
        (RANDOM.choice(70_000, 5000, replace=False), "x", "would repeat"),
        (RANDOM.choice(10**9, 50, replace=False), "customer_id", "named like"),
        (RANDOM.choice(10**9, 50, replace=False), "ID", "named like"),
        (RANDOM.choice(10**9, 50, replace=False), "patientId", "named like"),
        (RANDOM.choice(10**9, 50, replace=False), "Unnamed: 0", "named like"),
        (np.r_[np.arange(49), np.nan], "x", "rise or fall"),
    ],
)
def test_useless_numbers(values: FloatArray, name: str, reason: str) -> None:
    assert reason in numeric(values, name)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (RANDOM.normal(size=500), "x"),
        (RANDOM.normal(size=500), "id"),  # fractions are measured
        (np.sort(RANDOM.normal(size=500)), "x"),
        (RANDOM.choice(10**9, 500, replace=False), "amount"),
        (RANDOM.choice(10**9, 500, replace=False), "paid"),
        (RANDOM.choice(10**9, 500, replace=False), "humid"),
        (RANDOM.integers(0, 100, 500), "id"),  # repeats
        (np.r_[np.arange(499), 5], "x"),
        (np.r_[np.ones(49), np.nan], "x"),  # the gap may tell something
        (np.arange(10), "x"),  # too few rows to say
    ],
)
def test_useful_numbers(values: FloatArray, name: str) -> None:
    assert numeric(values, name) == ""


def test_measurements_are_rarely_taken_for_identifiers() -> None:
    """Counts drawn at random that happen to differ: at most one in a thousand."""
    wrong = 0
    for seed in range(3000):
        random = np.random.default_rng(seed)
        values = random.permutation(random.integers(0, 100_000, 60))
        wrong += bool(numeric(values))
    assert wrong <= 12  # binomial(3000, .001) exceeds this in 1 of 10,000 runs


def test_texts() -> None:
    def texts(codes: list[int], known: int) -> str:
        names = tuple(str(k) for k in range(known))
        return useless(Column("c", "categorical", np.array(codes, np.int32), names))

    assert "all different" in texts(list(range(20)), 20)
    assert texts(list(range(19)), 19) == ""
    assert texts([*range(19), 0], 19) == ""
    assert "one value only" in texts([0] * 20, 1)
    assert texts([0] * 19 + [-1], 1) == ""


def test_dates() -> None:
    days = np.arange(40).astype("datetime64[us]")
    assert useless(Column("t", "datetime", days)) == ""
    assert "one value" in useless(Column("t", "datetime", days[[0] * 40]))


def test_free_text_is_called_so() -> None:
    texts = tuple(f"please call me back at number {i}" for i in range(60))
    column = Column("t", "categorical", np.arange(60), texts)
    assert "free text (7 words on average" in useless(column)
    assert may_be_kept(useless(column)) is False
    short = tuple(f"user {i}" for i in range(60))
    assert words_of(Column("t", "categorical", np.arange(60), short)) == 0
    few = Column("t", "categorical", np.arange(60) % 3, texts[:3])
    assert words_of(few) == 0
