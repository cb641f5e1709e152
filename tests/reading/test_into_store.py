# SPDX-License-Identifier: Apache-2.0
"""Files that become a store, in one pass that can be taken up again."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.errors import InputError, TableError, TableWarning, TargetError
from equipoise.reading import into_store
from equipoise.reading.into_store import STORES, open_store
from equipoise.reading.options import ReadingOptions
from equipoise.stores.stored_table import StoredTable
from equipoise.table.hashes import row_hashes
from equipoise.table.table import concatenate
from equipoise.workers.plain import table_of, table_state

ROWS = 6_000


def frame(rows: int = ROWS, seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    return {
        "x": np.where(random.random(rows) < 0.1, np.nan, x),
        "city": random.choice(["Bonn", "Rome", "Oslo"], rows),
        "flag": random.random(rows) < 0.5,
        "day": np.datetime64("2024-01-01") + random.integers(0, 99, rows),
        "row_id": np.arange(rows),
        "constant": np.ones(rows),
        "y": random.choice(["no", "yes"], rows, p=[0.9, 0.1]),
    }


def shards(folder: Path, count: int = 3, **written: Any) -> Path:
    folder.mkdir(exist_ok=True)
    whole = pa.table(frame())
    each = ROWS // count
    for k in range(count):
        pq.write_table(
            whole.slice(k * each, each),
            folder / f"part-{k}.parquet",
            row_group_size=700,
            **written,
        )
    return folder


def stored(source: Path, **options: Any) -> StoredTable:
    return open_store(source, "y", ReadingOptions(**options), 10**9)


def same_as_in_memory(table: StoredTable, memory: eq.Table) -> None:
    rows = table.rows(np.ones(len(table), bool))
    assert table.names == memory.names
    assert table.task == memory.task
    np.testing.assert_array_equal(rows.table.labels(), memory.labels())
    np.testing.assert_array_equal(rows.keys.hashes, row_hashes(memory))
    for column in memory.columns:
        other = rows.table[column.name]
        assert other.kind == column.kind
        if column.kind == "categorical":
            np.testing.assert_array_equal(other.raw(), column.raw())
        elif column.kind == "datetime":
            np.testing.assert_array_equal(other.values, column.values)
        else:
            np.testing.assert_allclose(other.values, column.values, rtol=1e-7)
    assert {d.name for d in table.dropped} == {d.name for d in memory.dropped}


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_shards_become_the_table_that_memory_would_hold(tmp_path: Path) -> None:
    table = stored(shards(tmp_path / "data"))
    same_as_in_memory(table, eq.read_table(pa.table(frame()), "y"))
    assert {d.name: d.reason for d in table.dropped}["constant"] == (
        "it has one value only"
    )


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_text_files_become_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = frame()
    lines = [",".join(values)]
    lines += [
        ",".join("" if cell != cell else str(cell) for cell in row)
        for row in zip(*values.values(), strict=True)
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    original = into_store.raw_blocks
    monkeypatch.setattr(
        into_store, "raw_blocks", lambda path, names: original(path, names, 30_000)
    )
    table = stored(path)
    same_as_in_memory(table, eq.read_table(path, "y"))


def test_rows_sorted_by_class_and_categories_that_come_late(tmp_path: Path) -> None:
    """The first row groups hold one class, one category, and one value."""
    count = 3_000
    late = np.arange(count) >= 2_900
    values = {
        "x": np.where(late, 1.0, 0.0),
        "z": np.random.default_rng(0).normal(size=count),
        "city": np.where(late, "new", "old"),
        "y": np.where(late, "yes", "no"),
    }
    pq.write_table(pa.table(values), tmp_path / "t.parquet", row_group_size=100)
    table = stored(tmp_path / "t.parquet")
    assert table.task.classes == ("no", "yes")
    assert table.totals.tolist() == [2_900, 100]
    assert table.names == ("x", "z", "city")
    assert table.schema["city"].categories == ("old", "new")


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_hashes_are_those_of_the_source_whatever_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A constant that a float32 rounds, and more identifiers than there are codes."""
    monkeypatch.setattr("equipoise.stores.records.MOST_CATEGORIES", 1_000)
    monkeypatch.setattr(into_store, "MOST_CATEGORIES", 1_000)
    values = frame()
    values["constant"] = np.full(ROWS, 0.1)
    values["code"] = np.array([f"row {k}" for k in range(ROWS)])
    values["late"] = np.where(np.arange(ROWS) < 5_990, 0.1, values["x"])
    pq.write_table(pa.table(values), tmp_path / "t.parquet", row_group_size=700)
    monkeypatch.setattr(into_store, "_head", _short_head(into_store._head))
    monkeypatch.setattr("equipoise.stores.stored_table.QUANTILE_ROWS", 2_000)
    table = stored(tmp_path / "t.parquet", keep=["row_id"])
    memory = eq.read_table(pa.table(values), "y", keep=["row_id"])
    assert table.names == memory.names
    assert "late" in table.apart & set(table.names)
    assert {"code", "constant"} <= table.apart - set(table.names)
    hashes = row_hashes(memory)
    for each in (table, StoredTable.load(table.folder, 10**9)):
        rows = each.rows(np.ones(ROWS, bool))
        np.testing.assert_array_equal(rows.keys.hashes, hashes)
        np.testing.assert_array_equal(row_hashes(rows.table), hashes)
        some = rows.table.take([7, 3, 3])
        np.testing.assert_array_equal(row_hashes(some), hashes[[7, 3, 3]])
        # Other values are told by what they are now.
        turned = dataclasses.replace(some["x"], values=np.array([0.5, 0.25, np.nan]))
        others = (turned, *(c for c in some.columns if c.name != "x"))
        changed = dataclasses.replace(some, columns=others)
        plain = dataclasses.replace(changed, source_sums=None)
        np.testing.assert_array_equal(row_hashes(changed), row_hashes(plain))
    assert not np.isin(
        row_hashes(dataclasses.replace(some, source_sums=None)), hashes
    ).all()
    both = concatenate([rows.table, memory.take([5])])
    np.testing.assert_array_equal(row_hashes(both), np.r_[hashes, hashes[5]])
    again = table_of(table_state(both))
    np.testing.assert_array_equal(row_hashes(again), row_hashes(both))


def test_several_classes_and_a_positive_class(tmp_path: Path) -> None:
    values = {
        "x": np.random.default_rng(0).normal(size=900),
        "y": np.repeat(["a", "b", "c"], [600, 250, 50]),
    }
    pq.write_table(pa.table(values), tmp_path / "t.parquet")
    table = stored(tmp_path / "t.parquet")
    assert table.task.kind == "multiclass"
    assert table.totals.tolist() == [600, 250, 50]
    one = stored(tmp_path / "t.parquet", positive="b")
    assert one.task.classes == ("not b", "b")
    assert one.totals.tolist() == [650, 250]


def test_rows_without_a_label(tmp_path: Path) -> None:
    values = {
        "x": np.random.default_rng(0).normal(size=300),
        "y": [None] * 30 + [0] * 240 + [1] * 30,
    }
    pq.write_table(pa.table(values), tmp_path / "t.parquet")
    with pytest.raises(TargetError, match="30 missing values"):
        stored(tmp_path / "t.parquet")
    table = stored(tmp_path / "t.parquet", unlabelled="drop")
    assert table.totals.tolist() == [240, 30]
    assert table.rows(np.ones(270, bool)).keys.row[0] == 30


def test_blocks_without_a_label_and_a_label_that_is_none(tmp_path: Path) -> None:
    """The first row groups have no label, the next -1 and 1, the last 0 and 1."""
    values = {"x": np.random.default_rng(0).normal(size=3_000)}
    y = np.where(np.arange(3_000) % 3 == 0, 1, np.repeat([-1, 0], [1_800, 1_200]))
    gone = np.arange(3_000) < 700
    values["y"] = pa.array(y, mask=gone)
    pq.write_table(pa.table(values), tmp_path / "t.parquet", row_group_size=600)
    table = stored(tmp_path / "t.parquet", unlabelled="drop", positive=1)
    with pytest.warns(TableWarning, match="without a label"):
        memory = eq.read_table(pa.table(values), "y", unlabelled="drop", positive=1)
    assert table.task == memory.task
    rows = table.rows(np.ones(len(table), bool)).table
    np.testing.assert_array_equal(rows.labels(), memory.labels())
    assert "without a label" in " ".join(table.notes)


def test_a_second_reading_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stored(shards(tmp_path / "data"))

    def none(*_: Any) -> Any:
        raise AssertionError("it was converted again")

    monkeypatch.setattr(into_store._Writer, "_add", none)
    again = stored(tmp_path / "data")
    assert again.folder == first.folder
    assert repr(again) == repr(first)
    assert again.schema["city"].categories == first.schema["city"].categories


def test_a_damaged_row_group_is_named_and_a_rerun_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shards(tmp_path / "data", compression="none")
    whole = stored(shards(tmp_path / "other"))
    path = folder / "part-1.parquet"
    sound = path.read_bytes()
    meta = pq.ParquetFile(path).metadata.row_group(1).column(0)
    start = meta.dictionary_page_offset or meta.data_page_offset
    damaged = bytearray(sound)
    damaged[start : start + 40] = b"\xff" * 40
    path.write_bytes(bytes(damaged))
    # The rows that tell the kinds of the columns are not among the damaged ones.
    monkeypatch.setattr(into_store, "HEAD_PIECES", 1)
    with pytest.raises(
        TableError, match=r"'part-1.parquet', which is damaged.*group 1"
    ):
        stored(folder)
    path.write_bytes(sound)
    added: list[int] = []
    original = into_store._Writer._add

    def counting(self: Any, raw: Any) -> None:
        added.append(len(raw.data))
        original(self, raw)

    monkeypatch.setattr(into_store._Writer, "_add", counting)
    table = stored(folder)
    # The first file is done, and is not read again.
    assert sum(added) == 4_000
    everything = np.ones(ROWS, bool)
    np.testing.assert_array_equal(
        table.rows(everything).keys.hashes, whole.rows(everything).keys.hashes
    )


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    folder = shards(tmp_path / "data")
    stored(folder)
    values = frame(2_000, seed=9)
    pq.write_table(pa.table(values), folder / "part-2.parquet", row_group_size=700)
    table = stored(folder)
    x = table.take(np.ones(ROWS, bool))["x"].values[-2_000:]
    np.testing.assert_allclose(x, values["x"], rtol=1e-6)


def test_another_file_is_added(tmp_path: Path) -> None:
    folder = shards(tmp_path / "data")
    assert len(stored(folder)) == ROWS
    pq.write_table(pa.table(frame(500, seed=9)), folder / "part-9.parquet")
    assert len(stored(folder)) == ROWS + 500


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = shards(tmp_path / "data")
    stored(folder)
    (folder / "part-1.parquet").unlink()
    with pytest.raises(TableError, match=r"files without 'part-1.parquet', of which"):
        stored(folder)
    shutil.rmtree(folder / STORES)
    assert len(stored(folder)) == 4_000
    shards(folder)
    assert len(stored(folder)) == ROWS


def test_a_type_that_changes_is_named(tmp_path: Path) -> None:
    folder = shards(tmp_path / "data")
    changed = frame(100)
    changed["x"] = ["much"] * 100
    pq.write_table(pa.table(changed), folder / "part-9.parquet")
    with pytest.raises(
        TableError, match=r"'part-9.parquet' whose column 'x' holds strings"
    ):
        stored(folder)
    assert "x" not in stored(folder, drop=["x"]).names
    del changed["x"]
    pq.write_table(pa.table(changed), folder / "part-9.parquet")
    with pytest.raises(TableError, match=r"'part-9.parquet' without the column 'x'"):
        stored(folder)
    assert "x" not in stored(folder, drop=["x"]).names


def test_too_many_labels_are_a_measurement(tmp_path: Path) -> None:
    values = {"x": np.zeros(2_000), "y": np.arange(2_000)}
    pq.write_table(pa.table(values), tmp_path / "t.parquet")
    with pytest.raises(TargetError, match="more than 1,000 different values"):
        stored(tmp_path / "t.parquet")
    values = {"x": np.arange(2_000) % 7 / 7, "y": values["y"] > 1_800}
    pq.write_table(pa.table(values), tmp_path / "t.parquet")
    assert stored(tmp_path / "t.parquet").totals.tolist() == [1_801, 199]


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_the_store_may_lie_elsewhere(tmp_path: Path) -> None:
    folder = shards(tmp_path / "data")
    table = eq.read_table(folder, "y", memory="1GB", store=tmp_path / "stores")
    assert table.folder.parent == tmp_path / "stores"
    assert not (folder / STORES).exists()
    with pytest.raises(InputError, match="Pass another one as store="):
        eq.read_table(folder, "y", memory="1GB", store=folder / "part-0.parquet")
    with pytest.raises(InputError, match=r"target=\['y'\] with memory="):
        eq.read_table(folder, ["y"], memory="1GB")


KILLED = """
import os, signal, sys
from pathlib import Path
from equipoise.reading import into_store
from equipoise.reading.options import ReadingOptions
original, count = into_store._Writer._add, [0]
def add(self, raw):
    original(self, raw)
    count[0] += 1
    if count[0] == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
into_store._Writer._add = add
into_store.open_store(sys.argv[1], "y", ReadingOptions(), 10**9)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a signal of POSIX")
def test_a_kill_in_the_middle_gives_the_same_store(tmp_path: Path) -> None:
    folder = shards(tmp_path / "data")
    whole = stored(shards(tmp_path / "other"))
    for pieces in (2, 3):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(pieces)], check=False
        )
        assert done.returncode == -signal.SIGKILL
    table = stored(folder)
    assert table.folder.parent == folder / STORES
    for one, other in zip(table.parts, whole.parts, strict=True):
        assert one == other
        assert (table.folder / one.file).read_bytes() == (
            whole.folder / other.file
        ).read_bytes()


def test_a_file_that_lost_its_tail_is_read_again(tmp_path: Path) -> None:
    folder = shards(tmp_path / "data")
    first = stored(folder)
    everything = np.ones(ROWS, bool)
    hashes = first.rows(everything).keys.hashes
    path = first.folder / first.parts[1].file
    os.truncate(path, path.stat().st_size // 2)
    again = stored(folder)
    np.testing.assert_array_equal(again.rows(everything).keys.hashes, hashes)


def test_a_kill_before_the_end_does_not_leave_the_old_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shards(tmp_path / "data")
    assert len(stored(folder)) == ROWS
    pq.write_table(pa.table(frame(500, seed=9)), folder / "part-9.parquet")

    def killed(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(into_store._Writer, "_finish", killed)
        with pytest.raises(KeyboardInterrupt):
            stored(folder)
    assert len(stored(folder)) == ROWS + 500


def test_files_that_were_written_anew_have_their_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    lines = [f"{k / 7},{k % 2}" for k in range(200)]
    path.write_text("\n".join(["x,y", *lines]))
    assert stored(path).names == ("x",)
    lines = [f"{'ab'[k % 2]},{k / 3},{k % 2}" for k in range(200)]
    path.write_text("\n".join(["x,z,y", *lines]))
    table = stored(path)
    assert table.names == ("x", "z")
    assert table.schema["x"].categories == ("a", "b")


def test_large_numbers_that_come_late_are_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.csv"
    monkeypatch.setattr(into_store, "_head", _short_head(into_store._head))
    small = [f"{k},{k / 7},{k % 9 / 2},{k % 2}" for k in range(200)]
    large = [f"{2**24 + 1 + k},{k}e37,{k % 9 / 2},{k % 2}" for k in range(200)]
    path.write_text("\n".join(["id,x,z,y", *small, *large]))
    notes = " ".join(stored(path, keep=("id",)).notes)
    assert "Column 'id': whole numbers from 16,777,216 on were rounded" in notes
    assert "Column 'x': numbers beyond 3.4e38 were taken as missing" in notes
    assert "Column 'z'" not in notes
    # The advice: such a row at the top.
    path.write_text("\n".join(["id,x,z,y", large[-1], *small, *large]))
    table = stored(path, keep=("id",))
    assert "whole numbers" not in " ".join(table.notes)
    assert "numbers beyond" not in " ".join(table.notes)
    assert table.take(np.ones(401, bool))["id"].values.max() == 2**24 + 200


def _short_head(original: Any) -> Any:
    """Let the types be told from the first 100 rows."""

    def head(*passed: Any) -> Any:
        raw = original(*passed)
        return dataclasses.replace(raw, data=raw.data.slice(0, 100))

    return head
