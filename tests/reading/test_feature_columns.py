# SPDX-License-Identifier: Apache-2.0
"""Which columns are features, and what is said of the others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from equipoise.errors import TableError
from equipoise.reading.feature_columns import read_feature_columns
from equipoise.reading.options import ReadingOptions
from equipoise.reading.source import Notes, Raw
from equipoise.task import Task

ROWS = 60
TASK = Task("binary", ("0", "1"))
COLUMNS = {
    "id": np.arange(ROWS),
    "x": np.sin(np.arange(ROWS)),
    "one": np.ones(ROWS),
    "who": [f"p{k % 7}" for k in range(ROWS)],
    "y": np.arange(ROWS) % 2,
    "y_pred": np.cos(np.arange(ROWS)),
}


def read(**options: object) -> tuple[list[str], dict[str, str], str]:
    notes = Notes()
    settings = ReadingOptions(**options)  # type: ignore[arg-type]  # of several types
    raw = Raw(pa.table(COLUMNS), "the frame").without(settings.drop)
    columns, dropped = read_feature_columns(raw, ["y"], TASK, settings, notes)
    reasons = {entry.name: entry.reason for entry in dropped}
    return [c.name for c in columns], reasons, " ".join(notes.sentences())


def test_constants_and_identifiers_are_left_out() -> None:
    names, reasons, notes = read()
    assert names == ["x", "who", "y_pred"]
    assert set(reasons) == {"id", "one"}
    assert "Column 'id' left out because" in notes
    assert "keep=" in notes
    assert "'y_pred' are named like answers" in notes


def test_the_user_decides() -> None:
    names, reasons, notes = read(drop=["y_pred"], keep=["id"], group="who", time="x")
    assert names == ["id"]
    assert reasons == {
        "y_pred": "left out as asked",
        "who": "it groups rows",
        "x": "it orders rows in time",
        "one": "it has one value only",
    }
    assert "answers" not in notes


def test_without_features_there_is_no_table() -> None:
    with pytest.raises(TableError, match=r"'one' was left out: it has one value only"):
        read(drop=["x", "who", "y_pred"])
