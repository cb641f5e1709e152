# SPDX-License-Identifier: Apache-2.0
"""What importance looks like, as text, frame and plain data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from equipoise.explanations.importance import ColumnImportance, Importance
from equipoise.metrics.estimate import Estimate

NAN = float("nan")


def made() -> Importance:
    columns = (
        ColumnImportance(
            ("age", "born"), Estimate(0.2, 0.1, 0.3), 0.001, 0.003, "matters"
        ),
        ColumnImportance(
            ("size",), Estimate(0.01, -0.1, 0.1), 0.8, 0.8, "cannot tell from nothing"
        ),
        ColumnImportance(("name",), Estimate(0.0, 0.0, 0.0), 1.0, NAN, "not used"),
        ColumnImportance(
            ("noise",), Estimate(-0.1, -0.2, -0.05), 0.01, 0.02, "misleads"
        ),
    )
    return Importance(
        "average_precision",
        0.7,
        columns,
        100,
        2,
        5,
        0.95,
        0.8,
        "new rows",
        ("A note.",),
    )


def test_the_sentence_names_what_is_unknown() -> None:
    assert made().sentence() == (
        "1 of 4 columns or groups matter; of 1 it cannot be told from nothing; the "
        "model does not use 1; the scores are better without noise."
    )


def test_the_text_fits_a_terminal() -> None:
    lines = str(made()).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("age + born" in line and "matters" in line for line in lines)
    assert lines[-1] == "A note."


def test_a_column_is_found_by_each_name_of_its_group() -> None:
    one = made()
    assert one["born"] is one["age + born"] is not one["size"]
    with pytest.raises(KeyError):
        made()["absent"]


def test_frame_and_plain_data_hold_the_numbers() -> None:
    frame = made().frame("pyarrow").to_pylist()
    assert frame[0]["drop"] == 0.2
    assert frame[1]["finding"] == "cannot tell from nothing"
    data = made().to_dict()
    assert data["columns"][0]["columns"] == ("age", "born")
    assert json.loads(json.dumps(data))["rows"] == 100


def test_classes_have_rows_of_their_own() -> None:
    one = ColumnImportance(
        ("x",),
        Estimate(0.1, 0.05, 0.15),
        0.01,
        0.01,
        "matters",
        {"a": Estimate(0.2, 0.1, 0.3), "b": Estimate(0.0, -0.1, 0.1)},
        {"a": "matters", "b": "cannot tell from nothing"},
    )
    whole = Importance("macro_roc_auc", 0.8, (one,), 9, 1, 2, 0.95, 1.0, "out of fold")
    rows = whole.frame("pyarrow", by_class=True).to_pylist()
    assert [row["class"] for row in rows] == ["a", "b"]
    assert np.isclose(rows[0]["drop"], 0.2)
    nothing = Importance(
        "roc_auc", 0.5, (made().columns[1],), 9, 1, 2, 0.95, 1.0, "new rows"
    )
    assert nothing.sentence().startswith("No column can be told from nothing")


@pytest.mark.parametrize(("width", "lines"), [(60, 2), (80, 1), (120, 1)])
def test_a_finding_is_on_one_line_if_the_screen_is_wide_enough(
    width: int, lines: int
) -> None:
    drop = Estimate(0.0281, -0.0042, 0.0604)
    one = ColumnImportance(("bmi",), drop, 0.3, 0.72, "cannot tell from nothing")
    made = Importance("roc_auc", 0.8, (one,), 9, 1, 2, 0.95, 0.8, "new rows")
    text = made.text(width)
    rows = text.split("---\n")[1].split("1 column")[0].split("No column")[0]
    assert len(rows.strip().splitlines()) == lines
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("value", [0.0, NAN])
@pytest.mark.parametrize("width", [50, 55, 60, 70])
def test_a_title_that_is_wider_than_its_cells_is_counted(
    value: float, width: int
) -> None:
    drop = Estimate(value, value, value)
    one = ColumnImportance(("a",), drop, 1.0, NAN, "cannot tell from nothing")
    made = Importance("roc_auc", 0.8, (one,), 9, 1, 2, 0.95, 0.8, "new rows")
    figures = len("column  drop  adjusted  ") + len(one_drop(made)) - len("drop")
    lines = made.text(width).splitlines()
    assert max(map(len, lines)) <= max(width, figures + 12)
    assert lines[-1].startswith("No column")


def one_drop(made: Importance) -> str:
    """Return the cell of the only drop."""
    row = made.text(200).split("---\n")[1].splitlines()[0]
    return row[len("column  ") :].split("    ")[0]
