# SPDX-License-Identifier: Apache-2.0
"""The one sheet of a workbook becomes a table."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise._core import extras
from equipoise.errors import MissingExtraError, TableError
from equipoise.reading.excel import read_excel

HEAD = ["x", "city", "paid", "day", "y"]
ROWS = [
    [
        0.37 * k % 5,
        "Bern" if k % 3 else "Rom",
        k % 2 == 0,
        datetime.datetime(2024, 1, 1 + k % 28),
        int(k % 5 == 0),
    ]
    for k in range(60)
]


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def test_it_is_the_frame_of_its_rows(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    path = book(tmp_path / "a.xlsx", data=[HEAD, *ROWS, [None] * 5], empty=[])
    table = eq.read_table(path, "y")
    frame = eq.read_table(pd.DataFrame(ROWS, columns=HEAD), "y")
    assert [(c.name, c.kind) for c in table.columns] == [
        (c.name, c.kind) for c in frame.columns
    ]
    for column in table.columns:
        compare = np.testing.assert_array_equal
        if column.kind == "numeric":  # a workbook has 15 digits of each number
            compare = np.testing.assert_allclose
        compare(column.values, frame[column.name].values)


def test_empty_cells_and_errors_of_formulas_are_missing(tmp_path: Path) -> None:
    rows = [list(row) for row in ROWS]
    rows[3][0], rows[7][1] = None, "#N/A"
    table = eq.read_table(book(tmp_path / "a.xlsx", data=[HEAD, *rows]), "y")
    assert np.flatnonzero(table["x"].missing()).tolist() == [3]
    assert np.flatnonzero(table["city"].missing()).tolist() == [7]


@pytest.mark.parametrize(
    ("sheets", "match"),
    [
        ({"a": [HEAD, *ROWS], "b": [HEAD, *ROWS]}, "2 sheets that hold rows, 'a', 'b'"),
        ({"a": []}, "0 sheets"),
        ({"a": [HEAD]}, "without rows"),
        ({"a": [["x", None, "y"], [1, 2, 3]]}, "column 2 has no name"),
        ({"a": [["x", "x", "y"], [1, 2, 3]]}, "more than once"),
    ],
)
def test_what_is_no_table(
    tmp_path: Path, sheets: dict[str, list[list[Any]]], match: str
) -> None:
    with pytest.raises(TableError, match=match):
        read_excel(book(tmp_path / "a.xlsx", **sheets))


def test_a_damaged_workbook(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", data=[HEAD, *ROWS])
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(TableError, match="damaged"):
        read_excel(path)


def test_a_workbook_by_another_name(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", data=[HEAD, *ROWS])
    assert len(eq.read_table(path.rename(tmp_path / "a.csv"), "y")) == 60


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(MissingExtraError, match=r"equipoise\[excel\]"):
        eq.read_table(path, "y")
