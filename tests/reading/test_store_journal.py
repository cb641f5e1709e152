# SPDX-License-Identifier: Apache-2.0
"""What is done of a store is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.reading.store_journal import (
    JOURNAL,
    LOCK,
    StoreJournal,
    label_file,
    one_writer,
)

RECORDS = np.arange(4, dtype="<i4")


def test_what_has_no_line_is_cut_off(tmp_path: Path) -> None:
    journal = StoreJournal.of(tmp_path / "new" / "store")
    journal.begin({"head": 1})
    journal.append(label_file(0), RECORDS)
    journal.commit({"unit": 0})
    journal.append(label_file(0), RECORDS)
    journal.append(label_file(1), RECORDS)
    journal.close()  # a kill: written, but no line says so
    again = StoreJournal.of(journal.folder)
    assert [line.get("unit") for line in again.lines] == [None, 0]
    assert again.sizes == {"rows-0.bin": 16}
    again.cut(len(again.lines))
    assert (journal.folder / "rows-0.bin").stat().st_size == 16
    assert not (journal.folder / "rows-1.bin").exists()
    again.append(label_file(0), RECORDS)
    again.commit({"unit": 1})
    again.close()
    values = np.fromfile(journal.folder / "rows-0.bin", "<i4")
    assert values.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    again.cut(2)
    assert (journal.folder / "rows-0.bin").stat().st_size == 16


def test_a_line_that_is_cut_off_does_not_count(tmp_path: Path) -> None:
    journal = StoreJournal.of(tmp_path)
    journal.begin({"head": 1})
    journal.commit({"unit": 0})
    path = tmp_path / JOURNAL
    text = path.read_text()
    path.write_text(text + '{"unit": 1, "si')
    assert len(StoreJournal.of(tmp_path).lines) == 2
    path.write_text(text.rstrip("\n"))
    assert len(StoreJournal.of(tmp_path).lines) == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Pass another one as store="):
        StoreJournal.of(tmp_path / "file" / "store")


def test_a_file_that_lost_its_tail_is_not_filled_with_zeros(tmp_path: Path) -> None:
    journal = StoreJournal.of(tmp_path)
    journal.begin({"head": 1})
    for unit in range(3):
        journal.append(label_file(unit % 2), RECORDS + 1)
        journal.commit({"unit": unit})
    journal.close()
    os.truncate(tmp_path / label_file(1), 10)
    again = StoreJournal.of(tmp_path)
    assert [line.get("unit") for line in again.lines] == [None, 0]
    again.cut(2)
    assert np.fromfile(tmp_path / label_file(0), "<i4").tolist() == [1, 2, 3, 4]
    assert not (tmp_path / label_file(1)).exists()
    (tmp_path / label_file(0)).unlink()
    assert len(StoreJournal.of(tmp_path).lines) == 1


HOLDER = """
import sys
from pathlib import Path
from equipoise.reading.store_journal import one_writer
with one_writer(Path(sys.argv[1]), lambda: None):
    print("writes", flush=True)
    sys.stdin.readline()
    Path(sys.argv[1], "done").write_text("")
"""


@pytest.mark.skipif(os.name != "posix", reason="locks of files are those of POSIX")
def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=pipe, stdout=pipe
    )
    assert first.stdin is not None
    assert first.stdout is not None
    assert first.stdout.readline() == b"writes\n"
    asked: list[bool] = []

    def waiting() -> None:
        asked.append((tmp_path / "done").exists())
        assert first.stdin is not None
        first.stdin.write(b"\n")
        first.stdin.flush()

    with one_writer(tmp_path, waiting):
        assert (tmp_path / "done").exists()
    assert asked == [False]
    first.stdin.close()
    first.stdout.close()
    assert first.wait() == 0
    with one_writer(tmp_path, waiting):
        assert len(asked) == 1
    (tmp_path / "file").write_text("")
    barred = one_writer(tmp_path / "file" / LOCK, waiting)
    with pytest.raises(InputError, match="Pass another one as store="), barred:
        pass
