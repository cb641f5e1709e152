# SPDX-License-Identifier: Apache-2.0
"""JSON lines become columns, or it is said why not."""

from __future__ import annotations

import gzip
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import TableError, TableWarning
from equipoise.reading.json_lines import read_json_lines
from equipoise.verbs.predict import predict_file

ROWS = [
    {
        "x": 0.37 * k % 5,
        "city": "Bern" if k % 3 else "Rom",
        "paid": k % 2 == 0,
        "y": k % 5 == 0,
    }
    for k in range(60)
]


def write(path: Path, rows: list[dict[str, object]] = ROWS) -> Path:
    text = "\n".join(json.dumps(row) for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz"])
def test_it_is_the_frame_of_its_rows(tmp_path: Path, name: str) -> None:
    import pandas as pd

    table = eq.read_table(write(tmp_path / name), "y")
    frame = eq.read_table(pd.DataFrame(ROWS), "y")
    assert [(c.name, c.kind) for c in table.columns] == [
        (c.name, c.kind) for c in frame.columns
    ]
    for column in table.columns:
        np.testing.assert_array_equal(column.values, frame[column.name].values)
    np.testing.assert_array_equal(table.labels(), frame.labels())


def test_a_key_that_is_absent_is_missing(tmp_path: Path) -> None:
    rows = [dict(row) for row in ROWS]
    del rows[4]["x"]
    table = eq.read_table(write(tmp_path / "a.jsonl", rows), "y")
    assert np.flatnonzero(table["x"].missing()).tolist() == [4]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('{"x": 1}\nno', r"JSON lines \(line 2: .*Correct this line"),
        ('[{"x": 1}, {"x": 2}]', r"\(line 1 holds a list\).*jq"),
        ('{"x": 1}\n"x"', r"\(line 2 holds a string\).*Correct this line"),
        (
            '{"x": null}\n{"x": 1}\n\n{"x": "a"}',
            r"the key 'x' holds a string on line 4 and a number on line 2.* one type",
        ),
        ('{"x": 1}\n{"x": true}', "true or false on line 2 and a number on line 1"),
        ('{"x": 1, "x": 2}', r"\(line 1: the key 'x' occurs twice in one"),
        ('{"x": 1e400}', r"too big to be stored in double\)\. .*each key\.$"),
        ("", "without rows"),
        ("\n\n", "without rows"),
        ('{"x": [1, 2], "y": 1}\n{"x": [3], "y": 0}', "type list.* not served: write"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(TableError, match=match):
        eq.read_table(path, "y")


def test_a_record_longer_than_a_block(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"x": k % 7, "text": "z" * (2_500_000 if k == 3 else 20_000), "y": k % 2}
        for k in range(120)
    ]
    raw = read_json_lines(write(tmp_path / "a.jsonl", rows))
    assert raw.data.num_rows == 120
    assert len(raw.data["text"][3].as_py()) == 2_500_000


def test_an_object_may_span_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"x": k, "text": "z" * 1000} for k in range(2000)]
    path.write_text("\n".join(json.dumps(row, indent=1) for row in rows))
    assert read_json_lines(path).data["x"].to_pylist() == list(range(2000))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_other_encodings(encoding: str, tmp_path: Path) -> None:
    text = "\n".join(
        json.dumps({"größe": k % 4, "y": "äö"[k % 2]}, ensure_ascii=False)
        for k in range(20)
    )
    path = tmp_path / "a.jsonl"
    path.write_bytes(text.encode(encoding))
    raw = read_json_lines(path)
    assert raw.data.column_names == ["größe", "y"]
    assert raw.data["y"].to_pylist()[:2] == ["ä", "ö"]
    assert ("is not in UTF-8" in " ".join(raw.notes)) == (encoding == "latin-1")


# A number that is new in the second file has a note, which is no matter here.
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize("first", [2**53 + 1, 2**63, 2**64, 10**30])
def test_whole_numbers_are_read_digit_by_digit(first: int, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {**row, "id": None if k == 7 else 0.5 if k == 9 else first + k % 3}
        for k, row in enumerate(ROWS)
    ]
    path = write(tmp_path / "a.jsonl", rows)
    with pytest.warns(TableWarning, match="'id': whole numbers beyond 2.53 were kept"):
        table = eq.read_table(path, "y")
    texts = [str(row["id"]) if row["id"] is not None else "" for row in rows]
    assert table["id"].raw().tolist() == texts
    assert eq.read_features(path, like=table)["id"].raw().tolist() == texts
    later = write(tmp_path / "b.jsonl", [{**row, "id": 2**64} for row in ROWS])
    assert set(eq.read_features(later, like=table)["id"].raw()) == {str(2**64)}


def test_large_numbers_that_are_exact_stay_numbers(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {**row, "mass": 2.5e20 * k} for k, row in enumerate(ROWS)
    ]
    table = eq.read_table(write(tmp_path / "a.jsonl", rows), "y", keep=["mass"])
    assert table["mass"].kind == "numeric"


def test_strings_that_look_like_dates_name_classes(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"x": k % 7, "day": f"2021-01-{k % 28 + 1:02d}", "y": f"2021-01-0{k % 2 + 1}"}
        for k in range(60)
    ]
    table = eq.read_table(write(tmp_path / "a.jsonl", rows), "y", positive="2021-01-02")
    assert table.classes == ("2021-01-01", "2021-01-02")
    assert table["day"].kind == "datetime"
    assert table.names == ("x", "day")
    assert str(table["day"].values[3])[:10] == "2021-01-04"


def test_lists_and_objects_are_left_out(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {**row, "tags": [k], "place": {"lat": 1.5 * k} if k > 5 else None}
        for k, row in enumerate(ROWS)
    ]
    path = write(tmp_path / "a.jsonl", rows)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        table = eq.read_table(path, "y")
    notes = [str(note.message) for note in told]
    assert any(
        "'tags' left out because its values are of type list" in n for n in notes
    )
    assert any("'place' left out" in n and "its parts as columns" in n for n in notes)
    assert table.names == eq.read_table(path, "y", drop=["tags", "place"]).names


def test_predict_reads_it(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl")
    model = eq.fit(source, "y", strategy="logistic", folds=2, repeats=1)
    done = predict_file(model, source, tmp_path / "p.csv", keep=["city"])
    assert done.rows == 60
