# SPDX-License-Identifier: Apache-2.0
"""Copies are told from coincidences, whatever the columns are like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from equipoise._core.types import FloatArray
from equipoise.reading.read import read_table
from equipoise.table.duplicates import duplicate_groups, judge_duplicates
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import (
    Column,
    Table,
)
from equipoise.task import Task


def table(values: FloatArray, y: np.ndarray | None = None) -> Table:
    columns = tuple(
        Column(f"x{j}", "numeric", values[:, j].astype(float))
        for j in range(values.shape[1])
    )
    labels = np.arange(len(values)) % 10 == 0 if y is None else y
    return Table(columns, labels.astype(np.int8), Task("binary", ("0", "1")))


def one_hot(random: np.random.Generator, rows: int, variables: int) -> FloatArray:
    """Dependent columns: each variable's value is spread over four of them."""
    levels = random.choice(4, size=(rows, variables), p=[0.6, 0.2, 0.15, 0.05])
    return np.eye(4)[levels].reshape(rows, -1)


def correlated(random: np.random.Generator, rows: int) -> FloatArray:
    """Eight rounded measurements of two hidden quantities."""
    hidden = random.normal(size=(rows, 2))
    noise = 0.4 * random.normal(size=(rows, 8))
    return np.round(hidden @ random.normal(size=(2, 8)) + noise)


def tree(random: np.random.Generator, rows: int) -> FloatArray:
    """Categories of which each narrows the one before."""
    leaf = random.integers(0, 900, rows)
    return np.stack([leaf // 27, leaf // 9, leaf // 3, leaf], axis=1).astype(float)


COINCIDENT: dict[str, Callable[[np.random.Generator], FloatArray]] = {
    "few categories": lambda r: r.integers(0, 4, (2000, 6)),
    "two columns": lambda r: np.round(r.normal(size=(2000, 2)), 1),
    "one hot": lambda r: one_hot(r, 3000, 6),
    "skewed": lambda r: r.geometric(0.5, (2000, 7)),
    "correlated": lambda r: correlated(r, 3000),
    "sparse": lambda r: (r.random((3000, 60)) < 0.04).astype(float),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", COINCIDENT)
def test_coincidences(name: str, seed: int) -> None:
    found = judge_duplicates(table(COINCIDENT[name](np.random.default_rng(seed))))
    assert found.rows > 20
    assert not found.copies, found.reason
    assert "a coincidence is likelier" in found.reason
    assert len(set(found.groups.tolist())) == len(found.groups)


WIDE: dict[str, Callable[[np.random.Generator], FloatArray]] = {
    "continuous": lambda r: r.normal(size=(2000, 5)),
    "rounded": lambda r: np.round(r.normal(size=(2000, 10)), 1),
    "categories": lambda r: r.integers(0, 6, (2000, 14)),
    "one hot": lambda r: one_hot(r, 2000, 25),
    "correlated": lambda r: np.round(correlated(r, 2000) + r.normal(size=(2000, 8)), 1),
    "mixed": lambda r: np.c_[r.normal(size=2000), r.integers(0, 3, (2000, 4))],
}


@pytest.mark.parametrize("share", [0.01, 0.3])
@pytest.mark.parametrize("name", WIDE)
def test_copies(name: str, share: float) -> None:
    random = np.random.default_rng(1)
    values = WIDE[name](random)
    copied = random.choice(2000, int(share * 2000), replace=False)
    found = judge_duplicates(table(np.r_[values, values[copied]]))
    assert found.copies, found.reason
    assert found.rows >= len(copied)
    assert "a copy is likelier" in found.reason
    np.testing.assert_array_equal(found.groups[copied], found.groups[2000:])


def test_how_often_coincidences_are_taken_for_copies() -> None:
    """Barely one pair among continuous-like rows: judged by what is expected."""
    wrong = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        found = judge_duplicates(table(random.integers(0, 5, (400, 5))))
        wrong += found.copies
    assert wrong == 0


def test_over_sampling_before_the_split_is_found() -> None:
    """Twelve positives copied until classes are even: each is 4 % of the table."""
    rows = gaussian_shift(1000, positives=12).table
    extra = np.resize(np.flatnonzero(rows.y == 1), 900)
    found = judge_duplicates(rows.take(np.r_[np.arange(1000), extra]))
    assert found.copies
    assert found.twins == 912


def test_a_default_value_is_not_a_case_copied_over_and_over() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(1000, 6))
    values[:300] = 0.0
    found = judge_duplicates(table(values))
    assert (found.rows, found.twins, found.copies) == (299, 0, False)
    assert "300 rows hold a default combination" in found.reason
    values[990:] = values[980:990]
    again = judge_duplicates(table(values))
    assert (again.twins, again.copies) == (20, True)
    assert len(set(again.groups[:300].tolist())) == 300  # the default may be split
    np.testing.assert_array_equal(again.groups[990:], again.groups[980:990])


def test_rows_that_one_column_determines_are_taken_for_copies() -> None:
    """A limit of the rule, stated in its description: the safe side is taken."""
    assert judge_duplicates(table(tree(np.random.default_rng(0), 400))).copies


def test_no_equal_rows() -> None:
    found = judge_duplicates(gaussian_shift(100, positives=10).table)
    assert (found.rows, found.copies) == (0, False)
    assert found.reason == "No two rows are equal."


def test_a_judgement_is_made_once() -> None:
    rows = table(np.random.default_rng(0).integers(0, 3, (500, 4)))
    assert judge_duplicates(rows) is judge_duplicates(rows)


def test_long_tables_are_judged_from_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    few = random.integers(0, 8, (40_000, 6))
    whole = judge_duplicates(table(few))
    monkeypatch.setattr("equipoise.table.duplicates.MOST_ROWS", 5_000)
    part = judge_duplicates(table(few))
    assert whole.twins == part.twins
    assert not whole.copies
    assert not part.copies
    values = np.round(random.normal(size=(40_000, 8)), 1)
    assert judge_duplicates(table(np.r_[values, values[:50]])).copies


def test_groups_of_equal_rows() -> None:
    values = np.random.default_rng(0).integers(0, 3, (300, 3))
    groups = duplicate_groups(table(values))
    _, expected = np.unique(values, axis=0, return_inverse=True)
    pairs = {(int(a), int(b)) for a, b in zip(groups, expected.ravel(), strict=True)}
    assert (
        len(pairs) == len(set(groups.tolist())) == len(set(expected.ravel().tolist()))
    )


REAL = {
    "wine_quality": (937, True),
    "mammography": (3335, False),
    "solar_flare_m0": (1011, False),
    "smtp_kdd": (23926, False),
    "polish_bankruptcy_1year": (82, True),
    "page_blocks": (80, True),
    "stroke": (0, False),
    "adult": (57, True),
}


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize("name", REAL)
def test_real_tables(name: str, shared_data: Path) -> None:
    found = judge_duplicates(read_table(shared_data / f"{name}.parquet", "target"))
    assert (found.rows, found.copies) == REAL[name], found.reason
