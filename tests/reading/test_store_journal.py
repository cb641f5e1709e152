# SPDX-License-Identifier: Apache-2.0
"""What is done of a store is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.reading.store_journal import JOURNAL, StoreJournal, label_file

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
