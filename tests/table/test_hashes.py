# SPDX-License-Identifier: Apache-2.0
"""Row hashes: equal where rows are, everywhere and always."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.table.generators import logistic
from equipoise.table.hashes import row_hashes
from equipoise.table.table import Column, Table
from equipoise.task import Task

CODE = (
    "from equipoise.table.generators import logistic; "
    "from equipoise.table.hashes import row_hashes; "
    "k = logistic(50, positives=9, categories={'a': 0, 'b': 1}, missing=.2, seed=3); "
    "print(row_hashes(k.table, with_target=True).sum())"
)


KNOWN = [
    15276341668130610753,
    17284951618587140015,
    11580714886529054135,
]


def table(*columns: Column) -> Table:
    return Table(
        columns, np.zeros(len(columns[0].values), np.int8), Task("binary", ("0", "1"))
    )


def test_another_process_gives_the_same() -> None:
    known = logistic(50, positives=9, categories={"a": 0, "b": 1}, missing=0.2, seed=3)
    here = int(row_hashes(known.table, with_target=True).sum())
    there = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True
    )
    assert int(there.stdout) == here


def test_known_values() -> None:
    """A change of these makes the rows seen by older models unrecognisable."""
    rows = table(
        Column("x", "numeric", np.array([0.0, 1.5, np.nan])),
        Column("c", "categorical", np.array([0, 1, -1], np.int32), ("é", "b")),
        Column("t", "datetime", np.array([0, 10**15, "NaT"], "datetime64[us]")),
    )
    assert row_hashes(rows).tolist() == KNOWN


@given(st.lists(st.floats(allow_nan=True), min_size=2, max_size=30))
def test_equal_rows_and_only_they_are_equal(values: list[float]) -> None:
    hashes = row_hashes(table(Column("x", "numeric", np.array(values))))
    for i, left in enumerate(values):
        for j, right in enumerate(values):
            equal = left == right or (left != left and right != right)
            assert (hashes[i] == hashes[j]) == equal


def test_order_of_columns_and_categories_does_not_matter() -> None:
    x = Column("x", "numeric", np.array([1.0, 2.0]))
    b = Column("b", "categorical", np.array([0, 1]), ("u", "v"))
    turned = Column("b", "categorical", np.array([1, 0]), ("v", "u"))
    first = row_hashes(table(x, b))
    np.testing.assert_array_equal(first, row_hashes(table(turned, x)))
    swapped = table(dataclasses.replace(x, name="b"), dataclasses.replace(b, name="x"))
    assert not np.isin(first, row_hashes(swapped)).any()


def test_columns_do_not_cancel() -> None:
    same = np.array([1.0, 2.0, 3.0])
    hashes = row_hashes(
        table(Column("x", "numeric", same), Column("z", "numeric", same))
    )
    assert len(set(hashes.tolist())) == 3


def test_missing_is_a_value_of_its_own() -> None:
    hashes = row_hashes(table(Column("x", "numeric", np.array([np.nan, 0.0, -np.nan]))))
    assert hashes[0] == hashes[2] != hashes[1]


def test_booleans_and_numbers_agree() -> None:
    values = np.array([0.0, 1.0])
    np.testing.assert_array_equal(
        row_hashes(table(Column("x", "boolean", values))),
        row_hashes(table(Column("x", "numeric", values))),
    )


@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_targets(task: str) -> None:
    y = np.array([0, 1, 1], np.int8)
    rows = dataclasses.replace(
        table(Column("x", "numeric", np.zeros(3))),
        task=Task(task, ("0", "1")),
        y=y if task == "binary" else np.stack([y, 1 - y], axis=1),
    )
    plain, full = row_hashes(rows), row_hashes(rows, with_target=True)
    assert plain[0] == plain[1] == plain[2]
    assert full[0] != full[1] == full[2]


def test_a_million_values_do_not_collide() -> None:
    hashes = row_hashes(table(Column("x", "numeric", np.arange(1e6))))
    ordered = np.sort(hashes)
    assert (ordered[1:] != ordered[:-1]).all()
    ones = np.unpackbits(hashes.view(np.uint8)).mean()
    assert ones == pytest.approx(0.5, abs=1e-3)
