# SPDX-License-Identifier: Apache-2.0
"""The formats of files that are read, for messages and for help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

FileFormat = Literal["csv", "arff", "json lines", "excel", "parquet", "zip"]

SUFFIXES: Mapping[FileFormat, tuple[str, ...]] = {
    "csv": (".csv", ".tsv", ".txt"),
    "arff": (".arff",),
    "json lines": (".jsonl", ".ndjson"),
    "excel": (".xlsx", ".xlsm"),
    "parquet": (".parquet", ".pq"),
    "zip": (".zip",),
}
"""By format, how the names of its files end. CSV and ARFF may have any name."""
PACKED = (".gz", ".bz2", ".xz", ".zst")
"""How the names of packed texts end."""

_NAMES: Mapping[FileFormat, str] = {
    "csv": "CSV, TSV",
    "arff": "ARFF",
    "json lines": "JSON lines (.jsonl)",
    "excel": "Excel (.xlsx)",
    "parquet": "Parquet",
    "zip": "a .zip of one of these",
}


def _accepted() -> str:
    """Return the formats in words."""
    *names, last, archive = _NAMES.values()
    return f"{', '.join(names)} or {last}; texts also {', '.join(PACKED)}; or {archive}"


ACCEPTED = _accepted()
