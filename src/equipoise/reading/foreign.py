# SPDX-License-Identifier: Apache-2.0
"""Files of formats that are not read, and how to get at what they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from equipoise._core.checks import sentence
from equipoise.errors import TableError
from equipoise.reading.formats import ACCEPTED

START = 512
"""So many bytes from the beginning tell a format."""
_UNPACK = "Unpack it, and pass the path of one file."
_SAVE = "Open it in Excel or LibreOffice and save it as .xlsx or CSV."
_PICKLE = (
    "If you trust where it comes from, pass what it holds, for example "
    "pandas.read_pickle(FILE): reading runs the program in it."
)
_LOAD = "Pass arrays (X, y), of what numpy.load(FILE) gives."
_R = "Load it in R, and write it: write.csv(DATA, 'data.csv', row.names = FALSE)"


@dataclass(frozen=True)
class Foreign:
    """A format that is not read.

    Attributes:
        words: What such a file is.
        advice: What to do with it.
        start: How it begins, a regular expression; "" if nothing tells. What may be
            the first name of a header needs a byte that is not of a text.
        suffixes: How its name ends, which decides only if `start` is "".
    """

    words: str
    advice: str
    start: bytes = b""
    suffixes: tuple[str, ...] = ()


FORMATS = (
    Foreign("an old Excel workbook", _SAVE, rb"\xd0\xcf\x11\xe0"),
    Foreign(
        "an Arrow or Feather file",
        "Pass pyarrow.feather.read_table(FILE), or write it as Parquet.",
        rb"(?s)(ARROW1|FEA1).*\x00",
    ),
    Foreign(
        "an ORC file",
        "Pass pyarrow.orc.read_table(FILE), or write it as Parquet.",
        rb"(?s)ORC.*[\x00-\x08]",
    ),
    Foreign("an Avro file", "Write it as Parquet or CSV.", rb"Obj\x01"),
    Foreign(
        "an HDF5 file",
        "Pass a table of it as a data frame, for example pandas.read_hdf(FILE), or "
        "arrays (X, y).",
        rb"\x89HDF",
    ),
    Foreign(
        "an SQLite database",
        "Pass the rows as a data frame, for example "
        "pandas.read_sql('SELECT * FROM TABLE', sqlite3.connect(FILE)).",
        rb"SQLite format 3",
    ),
    Foreign("a PDF document", "Write its table as CSV.", rb"%PDF"),
    Foreign("a NumPy array", _LOAD, rb"\x93NUMPY"),
    Foreign("a pickled Python object", _PICKLE, rb"\x80[\x02-\x05]"),
    Foreign(
        "a pickled Python object", _PICKLE, suffixes=(".pkl", ".pickle", ".joblib")
    ),
    Foreign(
        "an SPSS file",
        "Save it as CSV in SPSS, or pass pandas.read_spss(FILE).",
        rb"\$FL[23]@\(#\)",
    ),
    Foreign(
        "a Stata file",
        "Pass pandas.read_stata(FILE), or save it as CSV in Stata.",
        rb"<stata_dta>",
    ),
    Foreign(
        "a Stata file",
        "Pass pandas.read_stata(FILE), or save it as CSV in Stata.",
        suffixes=(".dta",),
    ),
    Foreign(
        "a SAS file",
        "Pass pandas.read_sas(FILE), or export it as CSV in SAS.",
        rb"\x00{12}\xc2\xea\x81\x60|HEADER RECORD\*{7}LIB",
    ),
    Foreign(
        "data of R", _R, rb"RD[AX][23]\n|X\n\x00\x00|B\n[\x02\x03]\x00|A\n[23]\n\d+\n"
    ),
    Foreign("a tar archive", _UNPACK, rb"(?s).{257}ustar *\x00"),
    Foreign("a 7z archive", _UNPACK, rb"7z\xbc\xaf\x27\x1c"),
    Foreign("a RAR archive", _UNPACK, rb"Rar!\x1a\x07"),
    Foreign(
        "a packed Parquet file",
        "Unpack it: Parquet is packed within.",
        rb"(?s)PAR1.*\x00",
    ),
    Foreign(
        "an archive or workbook that is packed once more, or damaged",
        "Unpack it first; if that fails, copy or write it again.",
        rb"PK\x03\x04",
    ),
    Foreign(
        "a fitted model",
        "Load it with equipoise.load(FILE), and pass the rows that it is for.",
        rb"(?s)EQUIPOIS.*\x00",
    ),
    Foreign(
        "a web page",
        "Is it a page to log in, in place of the file? Download the file itself; or "
        "pass pandas.read_html(FILE)[0] for a table in the page.",
        rb"(?i)\s*<(!doctype html|html|table)\b",
    ),
    Foreign(
        "XML", "Write its rows as CSV, or pass pandas.read_xml(FILE).", rb"\s*<\?xml\b"
    ),
    Foreign(
        "JSON",
        "If every line is one object, rename it to .jsonl; a list of objects becomes "
        "such lines with: jq -c '.[]' FILE. Or pass pandas.read_json(FILE) as a data "
        "frame.",
        rb'\s*\[?\s*\{\s*"|\s*\[\s*[\[\]]',
    ),
)
"""Those with a beginning come first; of equals the first counts."""

_ARCHIVES = (
    (
        "content.xml",
        Foreign("an OpenDocument file, such as .ods", _SAVE),
    ),
    ("xl/workbook.bin", Foreign("a binary Excel workbook (.xlsb)", _SAVE)),
    ("word/document.xml", Foreign("a Word document", "Write its table as CSV.")),
)


def require_own_format(start: bytes, suffix: str, name: str) -> None:
    """Check that a file that is taken for text is not of another format.

    Args:
        start: Its first bytes, unpacked.
        suffix: How its name ends, without that of the packing.
        name: The file in words.

    Raises:
        TableError: It is; the message says what to do.
    """
    for each in FORMATS:
        if each.start and re.match(each.start, start):
            raise _unread(each, name)
    for each in FORMATS:
        if not each.start and suffix.lower() in each.suffixes:
            raise _unread(each, name)


def require_own_archive(members: list[str], name: str) -> None:
    """Check that a zip archive is not a document of another format.

    Args:
        members: The names of the files in it.
        name: The file in words.

    Raises:
        TableError: It is; the message says what to do.
    """
    for member, each in _ARCHIVES:
        if member in members:
            raise _unread(each, name)
    if members and all(member.endswith(".npy") for member in members):
        raise _unread(Foreign("an archive of NumPy arrays", _LOAD), name)


def _unread(foreign: Foreign, name: str) -> TableError:
    return TableError(
        sentence(f"{name}, which is {foreign.words}", ACCEPTED, foreign.advice)
    )
