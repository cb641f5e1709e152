# SPDX-License-Identifier: Apache-2.0
"""JSON lines become columns, or it is said why not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import TableError
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
        ('{"x": 1}\nno', "JSON lines"),
        ('[{"x": 1}, {"x": 2}]', "jq"),
        ('{"x": 1}\n{"x": "a"}', "one type"),
        ('{"x": [1, 2], "y": 1}\n{"x": [3], "y": 0}', "lists or objects"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(TableError, match=match):
        eq.read_table(path, "y")


def test_predict_reads_it(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl")
    model = eq.fit(source, "y", strategy="logistic", folds=2, repeats=1)
    done = predict_file(model, source, tmp_path / "p.csv", keep=["city"])
    assert done.rows == 60
