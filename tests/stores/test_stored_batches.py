# SPDX-License-Identifier: Apache-2.0
"""Batches with exact quotas from rows on disk."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.errors import InputError
from equipoise.stores import StoredBatches, StoredTable, float_matrix
from equipoise.table.table import Column, Table
from equipoise.task import Task

ROWS = 3_000
RARE = 40


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredTable:
    """Rows in order of x, which is the number of the row within its class."""
    path = tmp_path_factory.mktemp("batches") / "t.parquet"
    x = np.concatenate([np.arange(ROWS), np.arange(RARE)]).astype(float)
    y = np.repeat(["no", "yes"], [ROWS, RARE])
    pq.write_table(pa.table({"x": x, "y": y}), path)
    return eq.read_table(path, "y", memory="1GB", keep=["x"])


def small(stored: StoredTable, rows: int) -> StoredTable:
    """With windows of so many rows."""
    cell = 8 + stored.record_bytes
    return stored.with_memory(4 * rows * cell)


def drawn(batches: StoredBatches, count: int) -> tuple[np.ndarray, np.ndarray]:
    pairs = list(islice(batches, count))
    return np.stack([x[:, 0] for x, _ in pairs]), np.stack([y for _, y in pairs])


def test_quotas_are_exact_and_each_row_comes_once(stored: StoredTable) -> None:
    x, y = drawn(StoredBatches(small(stored, 200), {"no": 30, "yes": 4}), 100)
    assert (y == np.repeat([0, 1], [30, 4])).all()
    assert sorted(x[:, :30].ravel()) == list(range(ROWS))
    rare = x[:, 30:].ravel()
    for start in range(0, 400, RARE):
        assert sorted(rare[start : start + RARE]) == list(range(RARE))


def test_a_window_spreads_over_the_class(stored: StoredTable) -> None:
    """Not only over the rows that lie beside each other in the file."""
    x, _ = drawn(StoredBatches(small(stored, 240), {"no": 30}), 100)
    # A buffer of 240 rows would hold the first 270 rows in the first batch.
    assert np.ptp(x[0]) > ROWS / 3
    means = x.mean(axis=1)
    # Batches of one window resemble each other; those of different ones do too, on
    # average: the blocks come in a random order.
    assert abs(np.corrcoef(np.arange(100), means)[0, 1]) < 0.5


def test_one_seed_gives_one_sequence_from_any_batch_on(stored: StoredTable) -> None:
    table = small(stored, 170)
    quotas = {"no": 7, "yes": 3}
    x, _ = drawn(StoredBatches(table, quotas, seed=4), 900)
    again, _ = drawn(StoredBatches(table, quotas, seed=4), 5)
    np.testing.assert_array_equal(again, x[:5])
    for first in (1, 24, 428, 880):
        later, _ = drawn(StoredBatches(table, quotas, seed=4, first=first), 5)
        np.testing.assert_array_equal(later, x[first : first + 5])
    other, _ = drawn(StoredBatches(table, quotas, seed=5), 5)
    assert (other != x[:5]).any()


def test_the_shift_undoes_the_quotas(stored: StoredTable) -> None:
    """Bayes' rule with the shares of the batches and of all rows."""
    batches = StoredBatches(stored, {"no": 30, "yes": 10})
    odds = RARE / ROWS
    assert batches.shift[0] == pytest.approx(np.log(odds) - np.log(10 / 30))


def test_wrong_quotas(stored: StoredTable) -> None:
    with pytest.raises(InputError, match="a quota of the class 'maybe'"):
        StoredBatches(stored, {"maybe": 3})
    with pytest.raises(InputError, match="the quota of 'no'"):
        StoredBatches(stored, {"no": -1})
    with pytest.raises(InputError, match="quotas without a row"):
        StoredBatches(stored, {"no": 0})


def test_the_matrix_of_all_kinds() -> None:
    table = Table(
        (
            Column("x", "numeric", np.array([1.5, np.nan])),
            Column("c", "categorical", np.array([1, -1], np.int32), ("u", "v")),
            Column("d", "datetime", np.array(["1970-01-02T12", "NaT"], "M8[us]")),
        ),
        None,
        Task("binary", ("no", "yes")),
    )
    x = float_matrix(table)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, [[1.5, 1.0, 1.5], [np.nan] * 3])
