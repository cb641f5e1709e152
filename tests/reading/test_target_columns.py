# SPDX-License-Identifier: Apache-2.0
"""Which columns are targets, and which rows have labels."""

from __future__ import annotations

import pyarrow as pa
import pytest

from equipoise.errors import TargetError
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target_columns import (
    renamed_targets,
    require_targets,
    shown,
    with_labels_only,
)

RAW = Raw(pa.table({"x": [1, 2, 3], "Class": ["a", None, "b"]}), "the frame")


@pytest.mark.parametrize(
    ("targets", "match"),
    [
        ((), r"no target for the frame.*Pass target=COLUMN"),
        (("Clas",), r"has no such column.*Did you mean 'Class'\?"),
        (("Class", "z"), "the target 'z'"),
        (("Cl*",), r"Pass targets='Cl\*' for all columns"),
    ],
)
def test_an_absent_target_is_an_error(targets: tuple[str, ...], match: str) -> None:
    with pytest.raises(TargetError, match=match):
        require_targets(RAW, targets)
    require_targets(RAW, ["Class"])


def test_of_many_columns_the_likeliest_come_first() -> None:
    names = [f"v{k}" for k in range(3_000)]
    names[2_500] = "unseen"
    names[2_990] = "label_1"
    assert shown(names, ["label"]).startswith("'label_1'")
    assert shown(["a", "b"], ["label"]) == "'a', 'b'"


def test_a_target_takes_the_earlier_name() -> None:
    assert renamed_targets(RAW, ["Class"], ["y"]).data.column_names == ["x", "y"]
    assert renamed_targets(RAW, ["Class"], ["x"]).data.column_names == ["x"]
    assert renamed_targets(RAW, ["Class"], ["Class"]) is RAW


def test_label_columns_take_the_earlier_names_in_order() -> None:
    raw = Raw(pa.table({"x": [1], "p": [2], "q": [3], "a": [4]}), "the frame")
    renamed = renamed_targets(raw, ["q", "p"], ["a", "b"])
    assert renamed.data.to_pydict() == {"x": [1], "b": [2], "a": [3]}
    swapped = renamed_targets(raw, ["q", "p"], ["p", "q"])
    assert swapped.data.to_pydict() == {"x": [1], "q": [2], "p": [3], "a": [4]}
    with pytest.raises(TargetError, match=r"2 label columns .*the 1 of the first"):
        renamed_targets(raw, ["p", "q"], ["a"])
    # What the error proposes: as many, or the names that the columns have.
    assert "a" in renamed_targets(raw, ["p"], ["a"]).data.column_names
    assert renamed_targets(raw, ["a"], ["a"]) is raw


def test_rows_without_a_label_are_left_out_with_a_note() -> None:
    notes = Notes()
    rows = with_labels_only(RAW, ["Class"], notes)
    assert rows.data.column("x").to_pylist() == [1, 3]
    assert rows.place(1) == "row 2"
    assert notes.sentences() == ("1 row of the frame without a label was left out.",)
    whole = Raw(RAW.data.take([0, 2]), "the frame")
    assert with_labels_only(whole, ["Class"], notes) is whole
    with pytest.raises(TargetError, match="any of its 1 rows"):
        with_labels_only(Raw(RAW.data.take([1]), "the frame"), ["Class"], notes)


def test_a_target_that_is_mistyped_is_proposed() -> None:
    with pytest.raises(TargetError, match=r"Did you mean 'Class'\?"):
        require_targets(RAW, ["class"])
