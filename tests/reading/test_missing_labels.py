# SPDX-License-Identifier: Apache-2.0
"""Which rows have a label, which labels are positive, and which columns are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import TableError, TableWarning, TargetError
from equipoise.reading.options import ReadingOptions
from equipoise.reading.read import read_features, read_table, read_with_test

ROWS = 120
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=ROWS)
OPEN = np.resize([-1, 0, 0, 1], ROWS)


def data(labels: Any) -> dict[str, Any]:
    return {"x": X, "y": labels}


@pytest.mark.parametrize(
    ("labels", "nothing"),
    [
        (["-1", "0", "1"], "-1"),
        ([-1, 0, 1], "-1"),
        ([-1.0, 0.0, 1.0], "-1"),
        ([-1, 1, 2, 3], "-1"),
        (["no", "unknown", "yes"], "unknown"),
        (["a", "b", "Unlabelled"], "Unlabelled"),
    ],
)
@pytest.mark.parametrize("positive", [None, "last"])
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_rows_without_a_label_are_no_negatives(
    labels: list[Any], nothing: str, positive: str | None
) -> None:
    source = data(np.resize(np.array(labels, object), ROWS))
    named = None if positive is None else labels[-1]
    if nothing == "Unlabelled":
        named = named and "b"
    with pytest.raises(TargetError, match=f"'{nothing}' in .* rows beside .*'drop'"):
        read_table(source, "y", positive=named)
    with pytest.warns(TableWarning, match="rows of .* without a label were left out"):
        table = read_table(source, "y", positive=named, unlabelled="drop")
    expected = [v for v in source["y"] if str(v) not in (nothing, f"{nothing}.0")]
    assert len(table) == len(expected)
    if named is not None:
        assert table.y.tolist() == [int(label == named) for label in expected]
    kept = read_table(source, "y", positive=labels[0], unlabelled="keep")
    assert len(kept) == ROWS


@pytest.mark.parametrize("labels", [[-1, 1], ["unknown", "fraud"], [0, 1]])
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_two_classes_stay_what_they_are(labels: list[Any]) -> None:
    assert read_table(data(np.resize(labels, ROWS)), "y").task.kind == "binary"


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_missing_labels_are_dropped_when_asked(tmp_path: Path) -> None:
    for gaps in (
        pd.Series(np.resize([None, 0, 1, 0], ROWS)),
        pd.Series(np.resize(["", "no", "yes", "no"], ROWS)),
        pd.Series(np.resize(["?", "0", "1", "0"], ROWS)),
        pd.Series(np.resize(["#REF!", "0", "1", "0"], ROWS)),
        pd.Series(np.resize(["#REF!", "no", "yes", "no"], ROWS)),
        pd.Series(np.resize(["--", "0", "1", "0"], ROWS)),
    ):
        frame = pd.DataFrame({"x": X, "y": gaps})
        frame.to_csv(tmp_path / "a.csv", index=False)
        with pytest.raises(TargetError, match=r"missing value.*unlabelled='drop'"):
            read_table(tmp_path / "a.csv", "y")
        table, later = read_with_test(
            tmp_path / "a.csv",
            "y",
            tmp_path / "a.csv",
            ReadingOptions(unlabelled="drop"),
        )
        assert later is not None
        assert len(table) == len(later) == ROWS * 3 // 4
        np.testing.assert_allclose(table["x"].values, X[np.arange(ROWS) % 4 != 0])


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_places_are_those_of_the_file_when_rows_were_dropped(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": X, "t": np.arange(ROWS) * 1.5, "y": OPEN})
    frame.loc[10, "t"] = np.nan
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(TableError, match="first: line 12"):
        read_table(tmp_path / "a.csv", "y", time="t", unlabelled="drop")


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize(
    "positive", [["1", "3"], [1, 3], (3.0, 1), np.array([1, 3]), "1,3", "3, 1"]
)
def test_several_classes_are_positive_together(positive: Any) -> None:
    labels = np.resize([0, 1, 2, 3, 2], ROWS)
    table = read_table(data(labels), "y", positive=positive)
    np.testing.assert_array_equal(table.y, np.isin(labels, [1, 3]))
    assert table.classes == ("not 1, 3", "1, 3")
    later = read_table(data(np.resize([3, 9, 0], ROWS)), "y", like=table)
    np.testing.assert_array_equal(later.y[:3], [1, 0, 0])


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_labels_that_hold_commas() -> None:
    labels = np.resize(["a,b", "b", "c", "d"], ROWS)
    for positive, chosen in (
        ("a,b", ["a,b"]),
        ('"a,b",c', ["a,b", "c"]),
        ("b,c,d", ["b", "c", "d"]),
    ):
        table = read_table(data(labels), "y", positive=positive)
        np.testing.assert_array_equal(table.y, np.isin(labels, chosen))
    assert table.classes[0] == "a,b"
    for wrong in ("b,e", "", ["a,b", "b", "c", "d"], []):
        with pytest.raises(TargetError, match="positive="):
            read_table(data(labels), "y", positive=wrong)


def test_a_column_that_the_export_sorted_can_be_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": np.arange(ROWS) + 18, "x": X, "y": np.abs(OPEN) // 1})
    frame["y"] = np.resize([0, 1, 0], ROWS)
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.warns(TableWarning, match=r"identifier\. Name it in keep= to have it"):
        assert read_table(tmp_path / "a.csv", "y").names == ("x",)
    table = read_table(tmp_path / "a.csv", "y", keep=["age"])
    assert table.names == ("age", "x")
    assert read_features({"age": [3], "x": [1.0]}, like=table).names == ("age", "x")
    with pytest.raises(TableError, match=r"keep='ag', .*Did you mean 'age'"):
        read_table(tmp_path / "a.csv", "y", keep=["ag"])


def test_a_target_that_is_not_there_shows_near_names_first() -> None:
    names = {f"column_{j}": X for j in range(60)}
    source = {**names, "Churn_Flag": OPEN}
    with pytest.raises(TargetError, match=r"no target .*columns, 'Churn_Flag', "):
        read_table(source)
    with pytest.raises(TargetError, match=r"columns, 'Churn_Flag', "):
        read_table(source, "churn")


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_a_header_of_any_length(tmp_path: Path) -> None:
    names = [f"ENSG{j:011d}.{j % 9}" for j in range(16_000)]
    lines = [",".join([*names, "y"])]
    for row in range(12):
        cells = [str((row * j) % 7) for j in range(len(names))]
        lines.append(",".join([*cells, str(row % 4 // 3)]))
    path = tmp_path / "genes.csv"
    path.write_text("\n".join(lines))
    assert len(lines[0]) > 1 << 18
    table = read_table(path, "y")
    assert len(table) == 12
    assert set(table.names) <= set(names)


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_marks_of_joined_files_are_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    body = "".join(f"{x:.3f},{y}\n" for x, y in zip(X, OPEN % 2, strict=True))
    path.write_bytes(b"\xef\xbb\xbf" * 2 + b"x,y\n" + body.encode())
    assert read_table(path, "y").names == ("x",)
