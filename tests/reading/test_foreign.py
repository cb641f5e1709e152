# SPDX-License-Identifier: Apache-2.0
"""Files of other formats are told by what they hold, and the advice works."""

from __future__ import annotations

import bz2
import gzip
import io
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pytest

import equipoise as eq
from equipoise.errors import TableError
from equipoise.reading.foreign import FORMATS

FRAME = pd.DataFrame(
    {"x": [0.37 * k % 5 for k in range(60)], "y": [int(k % 5 == 0) for k in range(60)]}
)


def said(path: Path) -> str:
    with pytest.raises(TableError) as raised:
        eq.read_table(path, "y")
    return str(raised.value)


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as stream:
        for name in names:
            stream.writestr(name, "content")
    return made.getvalue()


def tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as stream:
        stream.addfile(tarfile.TarInfo("a.csv"))
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words", "advice"),
    [
        ("a.zst.7z", b"7z\xbc\xaf\x27\x1c" + bytes(99), "a 7z archive", "Unpack it,"),
        ("a.rar", b"Rar!\x1a\x07" + bytes(99), "a RAR archive", "Unpack it,"),
        ("a.tar", tar(), "a tar archive", "Unpack it,"),
        ("a.tgz", gzip.compress(tar()), "a tar archive", "Unpack it,"),
        ("a.tar.bz2", bz2.compress(tar()), "a tar archive", "Unpack it,"),
        ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(99), "an old Excel", "save it as .xlsx"),
        ("a.ods", archive("content.xml"), "an OpenDocument file", "save it as .xlsx"),
        ("a.xlsb", archive("xl/workbook.bin"), "a binary Excel", "save it as .xlsx"),
        ("a.docx", archive("word/document.xml"), "a Word document", "as CSV"),
        ("a.npz", archive("a.npy", "b.npy"), "an archive of NumPy", "numpy.load(FILE)"),
        ("a.sav", b"$FL2@(#) SPSS" + bytes(99), "an SPSS file", "Save it as CSV"),
        ("a.dta", bytes.fromhex("730201"), "a Stata file", "pandas.read_stata(FILE)"),
        (
            "a.sas7bdat",
            bytes(12) + b"\xc2\xea\x81\x60" + bytes(99),
            "a SAS file",
            "pandas.read_sas(FILE)",
        ),
        ("a.rds", gzip.compress(b"X\n\0\0\0\3" + bytes(99)), "data of R", "write.csv("),
        ("a.RData", gzip.compress(b"RDX3\nX\n" + bytes(99)), "data of R", "write.csv("),
        ("a.avro", b"Obj\x01" + bytes(99), "an Avro file", "as Parquet or CSV"),
        ("a.h5", b"\x89HDF\r\n" + bytes(99), "an HDF5 file", "pandas.read_hdf(FILE)"),
        ("a.pkl", pickle.dumps([1], 0), "a pickled Python", "If you trust"),
        ("a.dat", pickle.dumps([1], 2), "a pickled Python", "pandas.read_pickle(FILE)"),
        ("a.xls", b"<table><tr><td>", "a web page", "pandas.read_html(FILE)[0]"),
        ("a.json", b"[[1, 2], [3, 4]]", "JSON", "rename it to .jsonl"),
        ("a.pdf", b"%PDF-1.4", "a PDF document", "as CSV"),
        ("a.csv.gz", gzip.compress(b"PK\x03\x04" + bytes(9)), "packed once", "Unpack"),
        ("a.parquet.gz", gzip.compress(b"PAR1" + bytes(9)), "a packed Parquet", "Unp"),
    ],
)
def test_what_it_is_and_what_to_do(
    name: str, data: bytes, words: str, advice: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    message = said(path)
    assert words in message
    assert "Accepted: CSV, TSV, ARFF" in message
    assert advice in message.partition("one of these. ")[2]


def _sql(path: Path) -> Any:
    with sqlite3.connect(path) as base:
        return pd.read_sql("SELECT * FROM rows", base)


def _to_sql(path: Path) -> None:
    with sqlite3.connect(path) as base:
        FRAME.to_sql("rows", base, index=False)


def _to_numpy(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, FRAME.to_numpy())


ARROW = pa.Table.from_pandas(FRAME)
LOADS: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    "pyarrow.feather.read_table(FILE)": (
        lambda path: pa.feather.write_feather(ARROW, str(path)),
        lambda path: pa.feather.read_table(str(path)),
    ),
    "pyarrow.orc.read_table(FILE)": (
        lambda path: pa.orc.write_table(ARROW, str(path)),
        lambda path: pa.orc.read_table(str(path)),
    ),
    "pandas.read_pickle(FILE)": (FRAME.to_pickle, pd.read_pickle),
    "pandas.read_stata(FILE)": (
        lambda path: FRAME.to_stata(path, write_index=False),
        pd.read_stata,
    ),
    "pandas.read_sql('SELECT": (_to_sql, _sql),
    "pandas.read_json(FILE)": (
        lambda path: FRAME.to_json(path, orient="records"),
        pd.read_json,
    ),
    "numpy.load(FILE)": (
        _to_numpy,
        lambda path: (np.load(path)[:, :1], np.load(path)[:, 1].astype(int)),
    ),
}


@pytest.mark.parametrize("advice", LOADS)
def test_what_the_advice_loads_is_taken(advice: str, tmp_path: Path) -> None:
    write, load = LOADS[advice]
    # Nothing but its name tells what an older file of Stata is.
    path = tmp_path / ("rows.dta" if "stata" in advice else "rows")
    write(path)
    assert advice in said(path)
    loaded = load(path)
    table = eq.read_table(loaded, None if isinstance(loaded, tuple) else "y")
    np.testing.assert_allclose(table.columns[0].values, FRAME["x"])


def test_lines_of_objects_are_read_by_another_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    FRAME.to_json(path, orient="records", lines=True)
    assert "rename it to .jsonl" in said(path)
    assert len(eq.read_table(path.rename(tmp_path / "rows.jsonl"), "y")) == 60


def test_each_format_says_what_it_is_and_what_to_do() -> None:
    for each in FORMATS:
        assert each.words
        assert each.advice
        assert bool(each.start) != bool(each.suffixes)
