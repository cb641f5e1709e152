# SPDX-License-Identifier: Apache-2.0
"""Odd text files: read right, read with a warning, or refused with a line number."""

from __future__ import annotations

import gzip
import io
import pickle
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.csv
import pytest

from equipoise.errors import EquipoiseError, TableError, TableWarning, TargetError
from equipoise.reading.blocks import read_blocks
from equipoise.reading.csv import read_csv
from equipoise.reading.read import read_table
from equipoise.table.table import Table

ROWS = 40
LETTERS = "uvw"


def label(i: int) -> int:
    return int(i % 8 == 0)


def number(i: int) -> str:
    return f"{i * 0.37:.2f}"


def rows(write: Callable[[int], str]) -> str:
    return "".join(write(i) + "\n" for i in range(ROWS))


HEAD = "a,b,y\n"
PLAIN = HEAD + rows(lambda i: f"{number(i)},{LETTERS[i % 3]},{label(i)}")
QUOTED = HEAD + rows(lambda i: f'{number(i)},"{LETTERS[i % 3]}, x",{label(i)}')

Read = Callable[[str | bytes], tuple[Table, str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a file, read it, and return the table and all warnings as one text."""

    def run(content: str | bytes, name: str = "t.csv", **settings: Any):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = read_table(path, settings.pop("target", "y"), **settings)
        assert all(issubclass(w.category, TableWarning) for w in caught)
        assert all(w.filename == __file__ for w in caught)
        assert [str(w.message) for w in caught] == list(table.notes)
        return table, " ".join(table.notes)

    return run


def check(table: Table, categories: tuple[str, ...] = ("u", "v", "w")) -> None:
    """The table holds what every well-formed variant of the file says."""
    assert table.names == ("a", "b")
    expected = [float(number(i)) for i in range(ROWS)]
    np.testing.assert_array_equal(table["a"].values, expected)
    assert table["b"].categories == categories
    np.testing.assert_array_equal(table["b"].values, [i % 3 for i in range(ROWS)])
    np.testing.assert_array_equal(table.y, [label(i) for i in range(ROWS)])
    assert table.classes == ("0", "1")


SILENTLY_RIGHT = {
    "plain": PLAIN,
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "semicolons": PLAIN.replace(",", ";"),
    "byte order mark": "\ufeff" + PLAIN,
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "UTF-16 big end first": PLAIN.encode("utf-16-be"),
    "UTF-32": PLAIN.encode("utf-32"),
    "carriage returns": PLAIN.replace("\n", "\r"),
    "both": PLAIN.replace("\n", "\r\n"),
    "no last line feed": PLAIN.rstrip("\n"),
    "gzip": gzip.compress(PLAIN.encode()),
    "everything quoted": "\n".join(
        ",".join(f'"{field}"' for field in line.split(",")) for line in PLAIN.split()
    ),
    "spaces behind commas": PLAIN.replace(",", ", "),
    "blank lines": PLAIN.replace("\n", "\n\n"),
    "a declared delimiter": "sep=;\n" + PLAIN.replace(",", ";"),
}


@pytest.mark.parametrize("name", SILENTLY_RIGHT)
def test_read_right_without_a_word(name: str, read: Read) -> None:
    table, notes = read(SILENTLY_RIGHT[name])
    check(table)
    assert notes == ""


@pytest.mark.parametrize(
    ("content", "categories"),
    [
        (QUOTED, ("u, x", "v, x", "w, x")),
        (QUOTED.replace('"', "'"), ("u, x", "v, x", "w, x")),
        (QUOTED.replace(", x", ' ""x""'), ('u "x"', 'v "x"', 'w "x"')),
        (QUOTED.replace(", x", ' \\"x\\", z'), ('u "x", z', 'v "x", z', 'w "x", z')),
        (QUOTED.replace(', x"', ' 5"" pipe"'), ('u 5" pipe', 'v 5" pipe', 'w 5" pipe')),
    ],
    ids=["delimiter", "single quotes", "doubled", "backslash", "inch"],
)
def test_quotes(content: str, categories: tuple[str, ...], read: Read) -> None:
    table, notes = read(content)
    check(table, categories)
    assert notes == ""


def test_a_quote_inside_an_unquoted_field_is_a_letter(read: Read) -> None:
    table, notes = read(HEAD + rows(lambda i: f'{number(i)},{i % 3}" pipe,{label(i)}'))
    check(table, ('0" pipe', '1" pipe', '2" pipe'))
    assert notes == ""


def test_fields_over_several_lines(read: Read) -> None:
    table, notes = read(QUOTED.replace(", x", "\nx"))
    check(table, ("u\nx", "v\nx", "w\nx"))
    assert "span several lines (first: line 2)" in notes


def test_text_behind_a_closing_quote_is_said(read: Read) -> None:
    table, notes = read(PLAIN.replace("3.70,v", '3.70,"v"'.replace('"v"', '"v"v')))
    assert "vv" in table["b"].categories
    assert "text behind the closing quote (first: line 12)" in notes


def test_western_letters(read: Read) -> None:
    content = HEAD + rows(lambda i: f"{number(i)},{'éüß'[i % 3]},{label(i)}")
    table, notes = read(content.encode("latin-1"))
    check(table, ("é", "ü", "ß"))
    assert "not in UTF-8" in notes
    assert "line 2" in notes


def test_decimal_comma(read: Read) -> None:
    content = "a;b;y\n" + rows(
        lambda i: f"{number(i).replace('.', ',')};{LETTERS[i % 3]};{label(i)}"
    )
    table, notes = read(content)
    check(table)
    assert "decimal comma" in notes


def test_thousands_separators(read: Read) -> None:
    table, notes = read(
        HEAD + rows(lambda i: f'"{1000 + i * 37.5:,.1f}",u{i % 3},{label(i)}')
    )
    np.testing.assert_array_equal(
        table["a"].values, [1000 + i * 37.5 for i in range(ROWS)]
    )
    assert "thousands separators" in notes


def test_european_thousands(read: Read) -> None:
    content = "a;b;y\n" + rows(lambda i: f"1.{100 + i}.000,5;{i % 3},25;{label(i)}")
    table, notes = read(content)
    assert table["a"].values[1] == 1_101_000.5
    assert table["b"].values[1] == 1.25
    assert "decimal comma" in notes


def test_dots_between_thousands_follow_the_files_decimal_comma(read: Read) -> None:
    content = "a;b;y\n" + rows(lambda i: f"1.{100 + i % 9};{i % 3},25;{label(i)}")
    table, notes = read(content)
    assert table["a"].values[1] == 1101
    assert "dots between thousands" in notes


def test_signs_that_all_values_share(read: Read) -> None:
    table, notes = read(HEAD + rows(lambda i: f"{number(i)}%,${i % 3}.50,{label(i)}"))
    assert table["a"].values[1] == 0.37
    assert table["b"].values[1] == 1.5
    assert "'%' sign" in notes
    assert "'$' sign" in notes


def test_the_country_na_stays_a_category(read: Read) -> None:
    table, notes = read(
        HEAD + rows(lambda i: f"{number(i)},{['NA', 'DE', 'FR'][i % 3]},{label(i)}")
    )
    check(table, ("NA", "DE", "FR"))
    assert "'NA' (14 rows) was kept as a category" in notes


def test_missing_values(read: Read) -> None:
    table, notes = read(
        HEAD
        + rows(
            lambda i: (
                f"{[number(i), 'NA', '', 'NaN', 'null'][i % 5]},"
                f"{['N/A', 'red', 'None'][i % 3]},{label(i)}"
            )
        )
    )
    assert table["a"].missing().sum() == 32
    assert table["b"].categories == ("red", "None")
    assert table["b"].missing().sum() == 14
    assert "'N/A' (14 rows) taken as missing" in notes
    assert "'a'" not in notes  # what everyone means by NA among numbers is not said


def test_unusual_words_for_missing_are_said(read: Read) -> None:
    table, notes = read(PLAIN.replace("3.70,", "?,"))
    assert table["a"].missing().sum() == 1
    assert "'?' (1 rows) taken as missing" in notes


def test_whole_numbers_beyond_2_to_the_53(read: Read) -> None:
    start = 2**53 + 1
    table, notes = read(
        "a,id,y\n" + rows(lambda i: f"{number(i)},{start + i // 2},{label(i)}")
    )
    assert table["id"].categories == tuple(str(start + i) for i in range(ROWS // 2))
    assert "beyond 2^53" in notes


def test_leading_zeros_are_codes(read: Read) -> None:
    table, notes = read(
        "a,zip,y\n" + rows(lambda i: f"{number(i)},{i % 7:05d},{label(i)}")
    )
    assert table["zip"].categories[:2] == ("00000", "00001")
    assert "leading zeros" in notes


def test_mixed_types(read: Read) -> None:
    table, notes = read(
        HEAD + rows(lambda i: f"{'abc' if i == 10 else i % 5},u{i % 3},{label(i)}")
    )
    assert table["a"].kind == "categorical"
    assert "39 values are numbers and 1 is not (first: 'abc', line 12)" in notes


def test_infinite_values(read: Read) -> None:
    table, notes = read(PLAIN.replace("3.70,", "inf,").replace("1.85,", "1e999,"))
    assert table["a"].missing().sum() == 2
    assert "2 infinite values (first: line 7) were taken as missing" in notes


@pytest.mark.parametrize(
    ("write", "assumed"),
    [
        (lambda i: f"2021-03-{1 + i % 28:02d}T10:{i:02d}:00", ""),
        (lambda i: f"{1 + i % 28}/3/2021 10:{i:02d}", ""),
        (lambda i: f"3/{1 + i % 28}/2021 10:{i:02d}", ""),
        (lambda i: f"{1 + i % 28} March 2021 10:{i:02d}", ""),
        (lambda i: f"Mar {1 + i % 28}, 2021 10:{i:02d} AM", ""),
        (lambda i: f"2021-03-{1 + i % 28:02d} 15:{i:02d}+05:00", ""),
        (lambda i: f"03/{1 + i % 9:02d}/2021 10:{i:02d}", "month before day"),
        (lambda i: f"{1 + i % 9:02d}.03.2021 10:{i:02d}", "day before month"),
    ],
)
def test_dates(write: Callable[[int], str], assumed: str, read: Read) -> None:
    content = "a;d;y\n" + rows(lambda i: f"{number(i)};{write(i)};{label(i)}")
    table, notes = read(content)
    days = 9 if assumed else 28
    expected = [
        np.datetime64(f"2021-03-{1 + i % days:02d}T10:{i:02d}", "us")
        for i in range(ROWS)
    ]
    np.testing.assert_array_equal(table["d"].values, expected)
    assert assumed in notes
    assert bool(assumed) == bool(notes)


def test_labels_that_differ_by_space_or_case_become_one(read: Read) -> None:
    words = ["yes", "yes ", "no", "no", "no", "No", " no", "no"]
    table, notes = read(HEAD + rows(lambda i: f"{number(i)},u{i % 3},{words[i % 8]}"))
    assert table.classes == ("no", "yes")
    assert table.positives == 10
    assert "'yes' (5), 'yes ' (5) differ by spaces or case only" in notes


def test_no_header(read: Read) -> None:
    body = PLAIN.removeprefix(HEAD)
    with pytest.raises(TargetError, match=r"seems to have no header.*column_3"):
        read(body)
    table, notes = read(body, target="column_3")
    assert len(table) == ROWS  # the first row was not eaten
    assert "no header (first row: '0.00', 'u', '1')" in notes


def test_a_header_of_counted_columns_is_a_header(read: Read) -> None:
    table, _ = read(PLAIN.replace(HEAD, "0,1,2\n"), target="2")
    assert (len(table), table.names) == (ROWS, ("0", "1"))


def test_a_trailing_delimiter_is_no_column(read: Read) -> None:
    table, notes = read(HEAD + PLAIN.removeprefix(HEAD).replace("\n", ",\n"))
    check(table)
    assert "ends with a delimiter" in notes


def test_row_names_as_R_writes_them(read: Read) -> None:
    body = PLAIN.removeprefix(HEAD).splitlines()
    named = "\n".join(f"{i},{line}" for i, line in enumerate(body))
    table, notes = read(HEAD + named)
    check(table)
    assert "one field more than its header" in notes


def test_an_unnamed_first_column_as_pandas_writes_it(read: Read) -> None:
    frame = pd.read_csv(io.StringIO(PLAIN))
    table, notes = read(frame.to_csv())
    check(table)
    assert "no name for column 1; it is called column_1." in notes
    assert "'column_1' left out because its whole numbers rise" in notes


def test_comments_before_the_header(read: Read) -> None:
    table, notes = read("# exported by x\n# on Monday\n" + PLAIN)
    check(table)
    assert "first 2 lines were skipped" in notes
    with pytest.raises(TargetError, match="line 14"):
        read("# one\n# two\n" + PLAIN.replace("3.70,v,0", "3.70,v,"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n\n ", "is empty"),
        (HEAD, "a header only. Accepted: rows below it"),
        ("Sales of May\n" + PLAIN, "line 2 has 3 fields.*If line 1 is a title"),
        ('[{"a": 1, "y": 0},\n {"a": 2, "y": 1}]', "which is JSON"),
        (
            '{"a": 1, "y": 0}\n{"a": 2, "y": 1}\n',
            r"is JSON.*rename it to \.jsonl",
        ),
        ("<!DOCTYPE html>\n<html><body>log in</body></html>", "which is a web page"),
        ('<?xml version="1.0"?>\n<rows/>', "which is XML"),
        ("% from a\n\n@RELATION b\n@DATA\n1,2\n", "without attributes"),
        (pickle.dumps([1, 2], 4), "a pickled Python object"),
        ("y\n" + "0\n1\n" * 20, "one column"),
        ("a b y\n" + "1 2 0\n" * 20, "one column"),
        (PLAIN.replace("3.70,v,0", "3.70,v"), r"line 12 has 2 fields \('3.70,v'\)"),
        (PLAIN.replace("3.70,v,0", "3.70,v,0,9"), "line 12 has 4 fields"),
        (
            PLAIN.replace("3.70,v,0", "3.70,v").replace("7.40,w,0", "7.40"),
            "line 12 has 2 fields.*the first of 2 such rows",
        ),
        (QUOTED.replace(", x", "\nx").replace("3.70,", ""), "line 22 has 2 fields"),
        (PLAIN.replace("3.70,v", '3.70,"v'), "a quote on line 12 that is not closed"),
        (QUOTED.replace('3.70,"v, x"', '3.70,"v, x'), "a quote on line 12"),
        (PLAIN.replace("3.70,v", "3.70,v\0"), "1 NUL bytes .first: line 12."),
        (
            HEAD.replace("b", "a") + PLAIN.removeprefix(HEAD),
            "column name 'a' occurs more",
        ),
        (" a,a ,y\n" + PLAIN.removeprefix(HEAD), "column name 'a' occurs more"),
        (gzip.compress(PLAIN.encode())[:-20], "damaged or cut off"),
        (b"PK\x03\x04" + b"x" * 100, "archive or workbook"),
        (PLAIN.encode("utf-16")[:-1], "cannot be decoded"),
        (PLAIN.replace("3.70,v,0", "3.70,v,"), r"1 missing value \(line 12\)"),
        (PLAIN.replace("3.70,v,0", "3.70,v,NaN"), r"1 missing value \(line 12\)"),
        (PLAIN.replace("3.70,v,0", "3.70,v,inf"), r"1 infinite value \(line 12\)"),
        (HEAD + rows(lambda i: f"{number(i)},u{i % 3},1"), "one class only, '1'"),
        (HEAD + rows(lambda i: f"{number(i)},u{i % 3},{i / 2}"), "regression"),
        (HEAD + rows(lambda i: f"{number(i)},u{i % 3},text{i}"), "identifier or free"),
    ],
)
def test_refused(content: str | bytes, message: str, read: Read) -> None:
    with pytest.raises(EquipoiseError, match=message) as caught:
        read(content)
    assert isinstance(caught.value, TableError | TargetError)
    assert "t.csv" in str(caught.value) or "target" in str(caught.value)


def test_absent_target_suggests_the_nearest_name(read: Read) -> None:
    content = PLAIN.replace("a,b,y", "a,b,Class")
    with pytest.raises(TargetError, match="Did you mean 'Class'"):
        read(content, target="class_")
    with pytest.raises(TargetError, match="one of its columns, 'a', 'b', 'Class'"):
        read(content, target=None)


def test_lines_are_right_behind_blank_and_long_records(read: Read) -> None:
    content = (
        "a,b,y\n\n"  # lines 1 and 2
        '1,"two\nlines",0\n'  # 3 and 4
        "\n"
        "2,x,1\n"  # 6
        "3,x,\n"  # 7
    )
    with pytest.raises(TargetError, match=r"\(line 7\)"):
        read(content)


@pytest.mark.parametrize("seed", range(3))
def test_a_random_frame_comes_back(seed: int, read: Read) -> None:
    """Against pandas' writer: fields with every mark that needs quoting."""
    random = np.random.default_rng(seed)
    pieces = ['"', ",", "\n", " ", "é", "a", "b", "'", ";", "\\"]
    texts = ["x" + "".join(random.choice(pieces, 6)) + "x" for _ in range(7)]
    frame = pd.DataFrame(
        {
            "a": random.normal(size=200) * 10.0 ** random.integers(-8, 8, 200),
            "b": random.choice(texts, 200),
            "y": random.permutation(np.arange(200) % 10 == 0).astype(int),
        }
    )
    table, _ = read(frame.to_csv(index=False, lineterminator="\n"))
    np.testing.assert_array_equal(table["a"].values, frame["a"])
    expected = [t.strip() for t in frame["b"]]
    assert table["b"].raw().tolist() == expected
    np.testing.assert_array_equal(table.y, frame["y"])


def test_threads_and_blocks_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    body = "".join(f"{i},{'x' * (i % 50)},{i % 2}\n" for i in range(400_000))
    path.write_text("a,b,y\n" + body)  # longer than one block
    raw = read_csv(path)
    assert raw.data.num_rows == 400_000
    assert raw.data.column("a").to_pylist()[-1] == "399999"
    path.write_text("a,b,y\n" + body.replace("399990,", "399990"))
    with pytest.raises(TableError, match="line 399992 has 2 fields"):
        read_csv(path)


def test_nothing_is_shared_with_arrows_threads_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that holds the last reference at the end of Python ends the process."""
    parse, let_go = pyarrow.csv.read_csv, threading.Event()

    def slow(source: Any, **options: Any) -> Any:
        def hold(*_: Any) -> None:
            time.sleep(0.2)
            let_go.set()

        threading.Thread(target=hold, args=(source, options), daemon=True).start()
        return parse(source, **options)

    monkeypatch.setattr(pyarrow.csv, "read_csv", slow)
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    read_csv(path)
    assert let_go.is_set()


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize(
    ("head", "names", "says"),
    [
        (",X1,X2,Y\nID,LIMIT,AGE,default\n", ("LIMIT", "AGE"), "names of the columns"),
        ("no,size,age,y\n#,cm,years,0/1 flag\n", ("size", "age"), "A second header"),
        ("no,size,age,y\nint,float,float,int\n", ("size", "age"), "A second header"),
    ],
)
def test_a_second_header_is_no_row(
    head: str, names: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    body = "".join(f"{i},{i % 9}.5,{i % 11},{label(i)}\n" for i in range(ROWS))
    path = tmp_path / "a.csv"
    path.write_text(head + body)
    target = head.splitlines()[1 if "default" in head else 0].split(",")[-1]
    table = read_table(path, target)
    assert table.names == names
    assert len(table) == ROWS
    assert says in " ".join(table.notes)
    blocks = list(read_blocks(path, like=table, block_bytes=150))
    assert len(blocks) > 2
    found = np.concatenate([block.table[names[0]].values for block in blocks])
    np.testing.assert_array_equal(found, table[names[0]].values)
    path.write_text(head + body + "1,2\n")
    with pytest.raises(TableError, match=f"line {ROWS + 3} has 2 fields"):
        read_table(path, target)


@pytest.mark.parametrize("second", ["1,2,3,0", "?,NA,missing,1", ",,,0", "1,big,2,0"])
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_a_first_row_of_values_is_no_header(second: str, tmp_path: Path) -> None:
    body = "".join(f"{i % 7},{i % 9}.5,{i % 11},{label(i)}\n" for i in range(ROWS))
    path = tmp_path / "a.csv"
    path.write_text("a,b,c,y\n" + second + "\n" + body)
    assert len(read_table(path, "y")) == ROWS + 1


# Each note is a warning too: these tests read the notes.
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_a_header_that_is_repeated_is_no_row(tmp_path: Path) -> None:
    """Joined files; with it, the target would have a third class of one row."""
    rows = [f"{i % 7},{i % 9}.5,{label(i)}\n" for i in range(ROWS)]
    header, path = "a,b  c,y\n", tmp_path / "a.csv"
    path.write_text(header + "".join(rows))
    whole = read_table(path, "y")
    path.write_text(header + "".join(rows[:5]) + header + "".join(rows[5:]) + header)
    table = read_table(path, "y")
    assert table.task == whole.task
    np.testing.assert_array_equal(table["b c"].values, whole["b c"].values)
    said = " ".join(table.notes)
    assert "header is repeated in the file 'a.csv' (first: line 7); 2 such rows" in said
    blocks = list(read_blocks(path, like=table, block_bytes=150))
    assert len(blocks) > 2
    assert sum(len(block.table) for block in blocks) == ROWS
    path.write_text(header + "".join(rows[:5]) + header + "x,1,1\n" + "".join(rows[5:]))
    assert "'x', line 8" in " ".join(read_table(path, "y").notes)


# Each note is a warning too: these tests read the notes.
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_a_row_of_words_like_the_header_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [
        f"{'pq'[i % 2]},{'uvw'[i % 3]},{'no' if i % 3 else 'yes'}\n" for i in range(30)
    ]
    path.write_text("a,b,y\n" + "".join(rows) + "a,b,y\n")
    assert len(read_table(path, "y", task="multiclass")) == 31


# Each note is a warning too: these tests read the notes.
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize(
    ("header", "first"),
    [
        (",b,y\n", ""),  # the index that pandas writes
        ("a  x,b  x,y\n", ""),
        ('" a",b,y\n', ""),
        ("a,b,y\n", ",,n\n"),  # a first row that holds no number
    ],
)
def test_a_repeated_header_is_known_by_its_fields(
    header: str, first: str, tmp_path: Path
) -> None:
    rows = [f"{i},{i % 9}.5,{'n' if i % 3 else 'p'}\n" for i in range(ROWS)]
    path, whole = tmp_path / "a.csv", tmp_path / "whole.csv"
    whole.write_text(header + first + "".join(rows))
    path.write_text(header + first + "".join(rows[:9]) + header + "".join(rows[9:]))
    table, plain = read_table(path, "y"), read_table(whole, "y")
    assert table.task == plain.task
    assert len(table) == len(plain)
    name = plain.columns[-1].name
    np.testing.assert_array_equal(table[name].values, plain[name].values)


def test_a_number_in_the_index_makes_no_header_of_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{i},{'uvw'[i % 3]},{'no' if i % 3 else 'yes'}\n" for i in range(30)]
    path.write_text(",k,y\n" + "".join(rows) + ",k,y\n")
    raw = read_csv(path, ["y"])
    assert raw.data.num_rows == 31
