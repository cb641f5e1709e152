# SPDX-License-Identifier: Apache-2.0
"""ARFF files in every verb, and refusals that name the line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from equipoise.errors import TableError, TableWarning
from equipoise.reading.arff import read_arff
from equipoise.reading.blocks import read_blocks
from equipoise.reading.files import is_arff
from equipoise.reading.read import read_table

HEAD = r"""% a file

@RELATION 'a b'
@attribute 'the \'x\'' REAL
@attribute colour {red, 'dark blue', "it's"}
@attribute when DATE "yyyy-MM-dd HH:mm:ss"
@attribute words string
@attribute class {no,yes}
@data
"""
ROWS = r"""1.5, red, "2021-03-04 05:06:07", 'a, b', no
?, 'dark blue', ?, ?, yes
% between
-2e3,"it's",'2021-01-01 00:00:00','it\'s %', no

{0 7, 4 yes}
{1 'dark blue', 3 "w, {x}"}, {2.5}
"""


def written(folder: Path, text: str, name: str = "a.arff") -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    return path


@pytest.mark.parametrize("name", ["a.arff", "a.arff.gz", "a.txt"])
def test_values(name: str, tmp_path: Path) -> None:
    comment = "".join(f"% line {k}, with a comma\n" for k in range(400))
    path = written(tmp_path, comment + HEAD + ROWS, name)
    assert is_arff(path)
    raw = read_arff(path)
    found = raw.data.to_pydict()
    assert found["the 'x'"] == [1.5, None, -2000.0, 7.0, 0.0]
    assert found["colour"] == ["red", "dark blue", "it's", "red", "dark blue"]
    assert found["words"] == ["a, b", None, "it's %", "", "w, {x}"]
    assert found["class"] == ["no", "yes", "no", "yes", "no"]
    moments = np.array(found["when"][:3], "datetime64[s]")
    assert str(moments[0]) == "2021-03-04T05:06:07"
    assert np.isnat(moments[1])
    assert "1 rows of the file" in " ".join(raw.notes)
    assert raw.place(2) == f"line {400 + HEAD.count(chr(10)) + 4}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + "1,red\n", "'1,red' on line 10. Accepted: 5 values"),
        (HEAD + "much, red, ?, ?, no\n", "\"the 'x': much\" on line 10"),
        (HEAD + "{9 1}\n", "'{9 1}' on line 10"),
        (HEAD, "without rows"),
        (HEAD + "1,red,?,?,no % note\n2,red\n", "'2,red' on line 11"),
        (HEAD + "nan,red,?,?,no\n", "a number, or ? if it is missing"),
        (HEAD + "{0 1, 0 2}\n", "each column's number (0 to 4) once"),
        (HEAD + "{0 1, 4 yes\n", "a sparse row {...} of pairs"),
        ("@relation a\n@attribute 'b real\n@data\n", "names with quotes in pairs"),
        ("@relation a\n@attribute b {u,\n v}\n@data\n", "on this line"),
        ("@relation a\n@attribute b {u,5 %}\n@data\nu\n", "'b {u,5' on line 2"),
        ("@relation a\n@attribute b fancy\n@data\n", "'b fancy' on line 2"),
        ("@relation a\n@attribute x real\n", "without @data"),
        ("@relation a\nx real\n@data\n", "'x real' on line 2"),
        ("@relation a\n@data\n1\n", "without attributes"),
        (
            "@relation a\n@attribute x real\n@attribute x real\n@data\n1,2\n",
            "'x' occurs",
        ),
    ],
)
def test_refusals_name_the_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(TableError) as told:
        read_arff(written(tmp_path, text))
    assert says in str(told.value)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            "1, red, ?, ?, no\n1, Red, ?, ?, no\n1, grey, ?, ?, no\n",
            "with 'Red' on line 11 in the nominal attribute 'colour', which does not "
            "declare it, the first of 2 such values. Accepted: one of its values, "
            "'red', 'dark blue', \"it's\", or ? if it is missing. Did you mean 'red'?",
        ),
        ("{1 grey}\n", "'grey' on line 10 in the nominal attribute 'colour'"),
        ("1, red, ?, ?, maybe\n", "add it to the {...} of 'class'"),
    ],
)
def test_a_nominal_value_that_is_not_declared(
    rows: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(TableError) as told:
        read_arff(written(tmp_path, HEAD + rows))
    assert says in str(told.value)


def test_comments_behind_declarations_and_rows(tmp_path: Path) -> None:
    text = (
        "@attribute 'the % x' real % in percent, {0 to 100}\n"
        "@attribute c {u,5%,'6 % of','%'} %the {colour}\n"
        "@attribute s string % 'words'\n"
        "@data % now\n"
        "1, u, 'a % b' % first, row\n"
        "2, 5%, b%c\t% it's 'so'\n"
        "3, '6 % of', \"%\"%\n"
        "{0 4, 1 '%'} % sparse {2}\n"
        "5, u, d, {2.5} % with a weight\n"
    )
    path = written(tmp_path, text)
    assert is_arff(path)
    assert read_arff(path).data.to_pydict() == {
        "the % x": [1.0, 2.0, 3.0, 4.0, 5.0],
        "c": ["u", "5%", "6 % of", "%", "u"],
        "s": ["a % b", "b%c", "%", "", "d"],
    }


def test_an_empty_nominal_value_is_missing(tmp_path: Path) -> None:
    head = "@relation r\n@attribute x real\n@attribute c {'?', u}\n@data\n"
    raw = read_arff(written(tmp_path, head + "1,\n2,?\n3,'?'\n4,u\n"))
    assert raw.data["c"].to_pylist() == ["", None, "?", "u"]


def test_other_files_are_none(tmp_path: Path) -> None:
    for text in ("a,b\n1,2\n", "", "% only a comment\n", "relation,b\n"):
        assert not is_arff(written(tmp_path, text))


def test_it_is_a_source_like_others(tmp_path: Path) -> None:
    rows = "".join(f"{k % 7}.5,{'uv'[k % 2]},{k % 5 // 4}\n" for k in range(60))
    head = "@relation r\n@attribute x real\n@attribute c {u,v}\n@attribute y {0,1}\n"
    path = written(tmp_path, head + "@data\n" + rows)
    table = read_table(path, "y")
    assert [(c.name, c.kind) for c in table.columns] == [
        ("x", "numeric"),
        ("c", "categorical"),
    ]
    (block,) = read_blocks(path, like=table)
    np.testing.assert_array_equal(block.table["x"].values, table["x"].values)
    later = written(tmp_path, head + "@data\n{0 1.5}\n", "b.arff")
    with pytest.warns(TableWarning, match="All rows"):
        again = read_table(later, like=table)
    assert again["c"].raw().tolist() == ["u"]
