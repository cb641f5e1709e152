# SPDX-License-Identifier: Apache-2.0
"""What checks look at if the rows are larger than memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.diagnosis.catalogue import CHECKS
from equipoise.diagnosis.finding import NotApplicable
from equipoise.diagnosis.stored_subjects import COUNTING, DENSE, StoredSubjects
from equipoise.stores.stored_table import StoredTable

ROWS = 8_000
CHECK = {check.code: check for check in CHECKS}


def values(classes: tuple[str, ...], shares: tuple[float, ...]) -> pa.Table:
    random = np.random.default_rng(1)
    y = random.choice(len(classes), ROWS, p=shares)
    x = random.normal(size=ROWS) + y
    x[::50] = np.nan
    return pa.table({"x": x, "z": random.normal(size=ROWS), "y": np.array(classes)[y]})


def stored(folder: Path, table: pa.Table, rows: int) -> StoredTable:
    pq.write_table(table, folder / "t.parquet")
    whole = eq.read_table(folder / "t.parquet", "y", memory="1GB")
    return whole.with_memory(int(rows * whole.memory / whole.most_rows))


def test_if_all_rows_fit_the_diagnosis_is_that_of_memory(tmp_path: Path) -> None:
    table = values(("no", "yes"), (0.95, 0.05))
    one = eq.diagnose(stored(tmp_path, table, 10 * ROWS)).to_dict()
    other = eq.diagnose(table, "y").to_dict()
    for diagnosis in (one, other):
        diagnosis["facts"].pop("source")
    assert one["facts"].keys() == other["facts"].keys()
    assert [f["code"] for f in one["findings"]] == [
        f["code"] for f in other["findings"]
    ]
    assert one["facts"]["missing_cells"] == other["facts"]["missing_cells"]


def test_counts_are_of_all_rows(tmp_path: Path) -> None:
    table = values(("no", "yes"), (0.95, 0.05))
    memory = eq.diagnose(table, "y")
    part = eq.diagnose(stored(tmp_path, table, 2_000), deep=True)
    for name in ("rows", "positives", "negatives", "prevalence", "positive_cases"):
        assert part.facts[name] == memory.facts[name]
    assert part.facts["missing_share"] == pytest.approx(memory.facts["missing_share"])
    for code in ("EQP002", "EQP005"):
        assert part[code].evidence == memory[code].evidence
    assert set(DENSE) <= {skipped.code for skipped in part.not_applicable}
    assert "2,000 of the 8,000 rows" in part.facts["notes"][-1]


def test_several_classes(tmp_path: Path) -> None:
    table = values(("a", "b", "c"), (0.9, 0.07, 0.03))
    memory = eq.diagnose(table, "y")
    part = eq.diagnose(stored(tmp_path, table, 2_000))
    assert part.facts["imbalance_ratio"] == memory.facts["imbalance_ratio"]
    for one, other in zip(part.facts["classes"], memory.facts["classes"], strict=True):
        assert (one["name"], one["rows"]) == (other["name"], other["rows"])
    for code in COUNTING:
        assert (code in part) == (code in memory)


def test_each_check_gets_its_rows(tmp_path: Path) -> None:
    table = values(("no", "yes"), (0.95, 0.05))
    store = stored(tmp_path, table, 2_000)
    subjects = StoredSubjects.of(store, precision=0.8, seed=0, duplicates="auto")
    counted = subjects.subject(CHECK["EQP001"])
    assert not isinstance(counted, NotApplicable)
    assert len(counted.table) == ROWS
    assert counted.units.positives == store.totals[1]
    assert subjects.subject(CHECK["EQP016"]) is subjects.kept
    assert isinstance(subjects.subject(CHECK["EQP019"]), NotApplicable)
