# SPDX-License-Identifier: Apache-2.0
"""Which rows of a store a model may have seen, against a count row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.models.stored_seen import seen_in_store
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.hashes import row_hashes
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol, fold_numbers
from equipoise.trials.stored_rows import FoldOfRow, StoredRows

ROWS = 5_000


@pytest.mark.parametrize("duplicates", ["group", "ignore"])
def test_all_rows_with_their_folds(tmp_path: Path, duplicates: str) -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(ROWS, 2)).astype(np.float32)
    x[::9], x[1::9] = x[0], x[2::9][: len(x[1::9])]
    y = (random.random(ROWS) < 0.05).astype(int)
    table = pa.table({"a": x[:, 0], "b": x[:, 1], "y": y})
    pq.write_table(table, tmp_path / "t.parquet")
    stored = eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")
    stored = stored.with_memory(int(1_500 * stored.memory / stored.most_rows))
    rows = StoredRows.of(stored, seed=0)
    protocol = Protocol(folds=3, duplicates=duplicates)
    plan = TrialPlan(rows.table, tuple(as_strategies(["prior"])), protocol)
    folds = fold_numbers(plan.parts(range(2)), len(plan.table), 2)
    rule = FoldOfRow.of_folds(rows, plan, folds)
    seen = seen_in_store(rule, rows.taken, duplicates)

    everywhere: dict[int, list[set[int]]] = defaultdict(lambda: [set(), set()])
    times: Counter[int] = Counter()
    for block in stored.blocks():
        hashes = row_hashes(stored.table(block)).tolist()
        each = rule(block.first, stored.keys(block.records))
        times.update(hashes)
        for k, number in enumerate(hashes):
            for repeat in (0, 1):
                everywhere[number][repeat].add(int(each[repeat, k]))
    assert seen.hashes.tolist() == sorted(everywhere)
    expected = [
        [
            next(iter(f)) if len(f) == 1 else -1
            for f in (everywhere[h][r] for h in times)
        ]
        for r in (0, 1)
    ]
    place = np.searchsorted(seen.hashes, np.array(list(times), np.uint64))
    np.testing.assert_array_equal(seen.tested[:, place], expected)
    assert seen.tested.dtype == np.int8
    # Rows that occur several times are copies, or coincidence that will come again.
    once = sum(1 for count in times.values() if count == 1)
    share = 0.0 if duplicates == "group" else 1 - once / ROWS
    assert seen.repeated == pytest.approx(share)
    assert (seen.tested == -1).any() == (duplicates == "ignore")
