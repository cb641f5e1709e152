# SPDX-License-Identifier: Apache-2.0
"""The sheets of a workbook, and what is special about their cells."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import TableError
from equipoise.reading.workbook import Cell, blank, read_workbook


@pytest.fixture
def made() -> Any:
    return pytest.importorskip("openpyxl").Workbook()


def test_rows_that_are_not_blank_know_their_place(made: Any, tmp_path: Path) -> None:
    made.active.title = "a"
    made.create_sheet("b")
    for row in ([], ["x", None], [" "], [1, 2]):
        made.active.append(row)
    made.active["C4"] = "=A4"
    made.active.merge_cells("A4:B5")
    made.save(tmp_path / "a.xlsx")
    book = read_workbook(tmp_path / "a.xlsx", "the file")
    assert book.several
    assert book.hidden == ()
    assert book.sheet.title == "a"
    assert book.sheet.lines == [2, 4]
    assert [row[0] for row in book.sheet.rows] == ["x", 1]
    assert book.sheet.unsaved == (Cell(4, 3),)
    assert book.sheet.merged == ((Cell(4, 1), Cell(5, 2)),)


def test_a_cell_is_called_as_in_excel() -> None:
    pytest.importorskip("openpyxl")
    assert str(Cell(12, 28)) == "AB12"
    assert blank(None)
    assert blank(" ")
    assert not blank(0)


def test_what_openpyxl_says_of_styles_is_not_said(made: Any, tmp_path: Path) -> None:
    made.active.append(["x"])
    made.save(tmp_path / "a.xlsx")
    styles = b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
    _replaced(tmp_path / "a.xlsx", "xl/styles.xml", styles + b'2006/main"/>')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_workbook(tmp_path / "a.xlsx", "the file").sheet.rows) == 1


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
@pytest.mark.parametrize("text", [b"<a><b>", b"", b"no XML"])
def test_a_damaged_part(made: Any, tmp_path: Path, part: str, text: bytes) -> None:
    made.active.append(["x"])
    made.save(tmp_path / "a.xlsx")
    _replaced(tmp_path / "a.xlsx", part, text)
    with pytest.raises(TableError, match="the file, which is damaged or no workbook"):
        read_workbook(tmp_path / "a.xlsx", "the file")


def _replaced(path: Path, part: str, text: bytes) -> None:
    """Write another text into a part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert part in parts
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**parts, part: text}.items():
            archive.writestr(name, data)
