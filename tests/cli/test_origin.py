# SPDX-License-Identifier: Apache-2.0
"""Where a result came from."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from equipoise.cli.origin import file_hash, origin_of


def test_it_holds_the_date_the_command_and_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "a table.csv"
    path.write_bytes(b"x,y\n1,0\n")
    origin = origin_of({"Table": str(path), "Test file": None}, ["compare", str(path)])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", origin["made"])
    assert origin["command"] == f"equipoise compare '{path}'"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert origin["files"] == [
        {"role": "Table", "name": "a table.csv", "sha256": digest}
    ]


def test_what_cannot_be_hashed_has_no_hash(tmp_path: Path) -> None:
    assert file_hash(tmp_path) == file_hash(tmp_path / "gone") == ""
