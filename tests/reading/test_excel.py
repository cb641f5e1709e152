# SPDX-License-Identifier: Apache-2.0
"""The one sheet of a workbook becomes a table."""

from __future__ import annotations

import datetime
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise._core import extras
from equipoise.errors import MissingExtraError, TableError
from equipoise.reading.excel import read_excel
from equipoise.reading.source import Request

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


def book(path: Path, hidden: tuple[str, ...] = (), **sheets: list[list[Any]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    made.save(path)
    return path


def read(path: Path, request: Request | None = None) -> tuple[dict[str, Any], str]:
    """Return the columns of a workbook, and its notes."""
    raw = read_excel(path, request)
    return raw.data.to_pydict(), " ".join(raw.notes)


SMALL = [["x", "y"], *([k / 2, k % 3] for k in range(9))]
PLAIN = {"x": [k / 2 for k in range(9)], "y": [k % 3 for k in range(9)]}


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
        ({"a": [["x", "x", "y"], [1, 2, 3]]}, "more than once"),
    ],
)
def test_what_is_no_table(
    tmp_path: Path, sheets: dict[str, list[list[Any]]], match: str
) -> None:
    with pytest.raises(TableError, match=match):
        read_excel(book(tmp_path / "a.xlsx", **sheets))


@pytest.mark.parametrize(
    "rows",
    [
        [[], [], *SMALL],
        [[None, *row] for row in SMALL],
        [[*row, None, " "] for row in SMALL],
        [*SMALL, [], ["  ", None]],
    ],
)
def test_what_is_blank_around_the_table_does_not_count(
    tmp_path: Path, rows: list[list[Any]]
) -> None:
    assert read(book(tmp_path / "a.xlsx", a=rows)) == (PLAIN, "")


def test_blank_rows_within_the_table_are_skipped_and_lines_are_those_of_the_sheet(
    tmp_path: Path,
) -> None:
    path = book(tmp_path / "a.xlsx", a=[[], *SMALL[:4], [], [None, " "], *SMALL[4:]])
    assert read(path) == (
        PLAIN,
        "2 blank rows of the file 'a.xlsx' were skipped (first: row 6).",
    )
    raw = read_excel(path)
    assert [raw.place(row) for row in (0, 2, 3)] == ["line 3", "line 5", "line 8"]


def test_a_column_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    rows = [[k or None, *row] for k, row in enumerate(SMALL)]
    path = book(tmp_path / "a.xlsx", a=rows)
    data, notes = read(path)
    assert data == {"column_1": list(range(1, 10)), **PLAIN}
    assert "no name for column 1" in notes
    pd = pytest.importorskip("pandas")  # writes its index so
    frame = pd.DataFrame(PLAIN)
    frame.to_excel(tmp_path / "b.xlsx")
    assert read_excel(tmp_path / "b.xlsx").data.column_names == ["column_1", "x", "y"]


def test_a_title_is_not_the_header_if_the_target_is_named_below_it(
    tmp_path: Path,
) -> None:
    rows: list[list[Any]] = [["A title"], [], ["x", "y"], *SMALL[1:]]
    data, notes = read(book(tmp_path / "a.xlsx", a=rows), Request(("y",)))
    assert data == PLAIN
    assert "from line 3" in notes
    assert "blank" not in notes


def test_rows_without_a_header(tmp_path: Path) -> None:
    raw = read_excel(book(tmp_path / "a.xlsx", a=SMALL[1:]))
    assert raw.data.column_names == ["column_1", "column_2"]
    assert raw.data.num_rows == 9
    assert raw.place(0) == "line 1"
    assert "no header" in raw.hint


def test_names_may_be_numbers_and_dates(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 1, 1)
    path = book(tmp_path / "a.xlsx", a=[[2019, day, "y"], [1, 2, 0], [3, 4, 1]])
    raw = read_excel(path, Request(("y",)))
    assert raw.data.column_names == ["2019", "2024-01-01", "y"]


def test_a_hidden_sheet_is_not_read(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ("b",), a=SMALL, b=[["p", "q"], [1, 2]])
    raw = read_excel(path)
    assert raw.name == "the sheet 'a' of the file 'a.xlsx'"
    assert raw.data.to_pydict() == PLAIN
    assert "the hidden sheet 'b' was not" in " ".join(raw.notes)
    path = book(tmp_path / "a.xlsx", ("b",), a=[], b=SMALL)
    with pytest.raises(TableError, match=r"hidden sheets only, 'b'.*Unhide"):
        read_excel(path)
    assert read(book(tmp_path / "a.xlsx", a=[], b=SMALL)) == (PLAIN, "")  # unhidden


@pytest.mark.parametrize("chart", [True, False])
def test_sheets_of_charts_do_not_count(tmp_path: Path, chart: bool) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.Workbook()
    for row in SMALL:
        made.active.append(row)
    sheet = made.create_chartsheet("Chart")
    if chart:
        sheet.add_chart(openpyxl.chart.BarChart())
    made.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx") == (PLAIN, "")
    made.remove(made["Sheet"])
    made.save(tmp_path / "a.xlsx")
    with pytest.raises(TableError, match="0 sheets that hold rows"):
        read_excel(tmp_path / "a.xlsx")


# The notes, which are warnings as well, are read at the end.
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_times_of_day_and_durations_are_seconds(tmp_path: Path) -> None:
    hours = [datetime.time(k, 30) for k in range(9)]
    spans: list[Any] = [datetime.timedelta(hours=20 * k) for k in range(9)]
    mixed = [*hours[:4], None, *spans[5:]]
    rows = [[*row] for row in zip(hours, spans, mixed, PLAIN["y"], strict=True)]
    path = book(tmp_path / "a.xlsx", a=[["t", "d", "m", "y"], *rows])
    sheet = (openpyxl := pytest.importorskip("openpyxl")).load_workbook(path)
    sheet.active["A3"] = 1.5  # a day and a half, in the format of a time of day
    sheet.save(path)
    assert openpyxl is not None
    keep = ["t", "d", "m"]
    table = eq.read_table(path, "y", task="multiclass", keep=keep)
    assert [table[name].kind for name in keep] == ["numeric"] * 3
    assert table["t"].values[:3].tolist() == [1800, 36 * 3600, 9000]
    assert table["d"].values[:2].tolist() == [0, 20 * 3600]
    assert table["m"].values[[0, 5]].tolist() == [1800, 100 * 3600]
    assert np.isnan(table["m"].values[4])
    assert any("'t': times of day and durations" in note for note in table.notes)


def test_times_beside_other_values_are_texts(tmp_path: Path) -> None:
    rows = [["t", "y"], [datetime.time(8), 0], ["late", 1]]
    assert read(book(tmp_path / "a.xlsx", a=rows))[0]["t"] == ["08:00:00", "late"]


def test_errors_of_formulas_are_counted(tmp_path: Path) -> None:
    rows = [["x", "y"], [1.5, 0], ["#DIV/0!", 1], ["#REF!", 0], ["#N/A", 1], [2.5, 0]]
    data, notes = read(book(tmp_path / "a.xlsx", a=rows))
    assert data["x"] == [1.5, None, None, None, 2.5]
    assert notes == (
        "Column 'x': 2 errors of formulas ('#DIV/0!', '#REF!') were taken as missing."
    )


def with_formulas(path: Path, cell: str) -> Path:
    """Return a workbook whose column 'z' holds formulas, as XML that is inserted."""
    rows = [["x", "z", "y"], *([k, k, k % 2] for k in range(9))]
    book(path, a=rows)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    sheet, count = re.subn(
        r'<c r="(B(?!1")\d+)"[^>]*><v>(\d+)</v></c>',
        lambda match: cell.format(*match.groups()),
        sheet,
    )
    assert count == 9
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("value", ["", "<v/>", "<v></v>"])
def test_a_formula_without_its_value_is_refused(tmp_path: Path, value: str) -> None:
    cell = '<c r="{0}"><f>A2</f>' + value + "</c>"
    path = with_formulas(tmp_path / "a.xlsx", cell)
    match = r"9 formulas in the column 'z' .*first: cell B2.*save it, which computes"
    with pytest.raises(TableError, match=match + r".*drop="):
        eq.read_table(path, "y")
    with pytest.raises(TableError, match=match + r" them\.$"):
        read_excel(path, Request(("z",)))
    table = eq.read_table(path, "y", drop=["z"], keep=["x"])
    assert [c.name for c in table.columns] == ["x"]
    data, notes = read(path, Request(expected=("x",)))  # z is not asked for
    assert data["z"] == [None] * 9
    assert "'z': 9 formulas without a saved value were taken as missing" in notes


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ('<c r="{0}"><f>A2</f><v>{1}</v></c>', list(range(9))),
        ('<c r="{0}" t="str"><f>""</f><v></v></c>', [None] * 9),
    ],
)
def test_a_formula_has_the_value_that_was_saved(
    tmp_path: Path, cell: str, values: list[Any]
) -> None:
    data, notes = read(with_formulas(tmp_path / "a.xlsx", cell))
    assert data["z"] == values
    assert notes == ""


def test_merged_cells_are_said(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.load_workbook(book(tmp_path / "a.xlsx", a=SMALL))
    made.active.merge_cells("A3:A5")
    made.save(tmp_path / "a.xlsx")
    data, notes = read(tmp_path / "a.xlsx")
    assert data["x"][:5] == [0, 0.5, None, None, 2]
    assert notes.startswith("1 range of merged cells in the file 'a.xlsx' (first: A3:")


def test_a_wrong_size_in_the_file_leaves_out_nothing(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", a=SMALL)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b'<dimension ref="A1:B10"' in sheet
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'"A1:B10"', b'"A1"')
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    assert read(path) == (PLAIN, "")


def test_a_workbook_with_a_password(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    with pytest.raises(TableError, match=r"password.*save it as \.xlsx without"):
        eq.read_table(path, "y")
    assert read(book(path, a=SMALL)) == (PLAIN, "")


def test_what_stands_beside_the_table_is_named_or_deleted(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows: list[list[Any]] = [[], *SMALL[:2], [*SMALL[2], "a note"], *SMALL[3:]]
    with pytest.raises(TableError, match=r"right of the last .*row 2, 'y' .*cell C4"):
        read(book(path, a=rows))
    with pytest.raises(TableError, match=r"delete.*a title in row 1"):
        read(book(path, a=[["A title"], *SMALL]))
    assert read(book(path, a=SMALL)) == (PLAIN, "")
    rows[1] = ["x", "y", "notes"]
    assert read(book(path, a=rows))[0]["notes"] == [None, "a note", *[None] * 7]


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
