# SPDX-License-Identifier: Apache-2.0
"""`equipoise predict`."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import BundleError, TableError, TableWarning


def test_it_writes_probability_and_decision(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    out = folder / "scores.csv"
    result = call("predict", model, folder / "new.csv", "--out", out, "--keep", "id")
    assert result.exit_code == 0, result.output
    assert "90 rows" in result.stdout
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "probability", "decision"]
    assert [row["id"] for row in rows] == [f"'=r{i}" for i in range(90)]
    loaded = eq.load(model)
    expected = loaded.predict_proba(folder / "new.csv")[:, 1]
    np.testing.assert_array_equal([float(r["probability"]) for r in rows], expected)
    decisions = [int(row["decision"]) for row in rows]
    np.testing.assert_array_equal(decisions, loaded.decide(folder / "new.csv"))


def test_columns_left_out_at_the_fit_are_no_surprise(
    folder: Path,
    model: Path,
    call: Callable[..., Any],
    recwarn: pytest.WarningsRecorder,
) -> None:
    call("predict", model, folder / "new.csv", "--out", folder / "s.parquet")
    assert not [w for w in recwarn if w.category is TableWarning]


def test_a_missing_column_and_a_damaged_model_are_errors(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    less = folder / "less.csv"
    less.write_text("amount,id\n1.5,a\n2.5,b\n")
    out = folder / "never.csv"
    assert isinstance(call("predict", model, less, "--out", out).exception, TableError)
    damaged = folder / "damaged.equipoise"
    damaged.write_bytes(model.read_bytes()[:-1])
    error = call("predict", damaged, less, "--out", out).exception
    assert isinstance(error, BundleError)
    assert not out.exists()


@pytest.mark.parametrize("amount", ["5%", "$5", "true", "1,5"])
def test_what_the_training_never_had_is_no_number(
    amount: str, folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    odd = folder / "odd.csv"
    odd.write_text(f'amount,city\n1.5,Bonn\n"{amount}",Lima\n')
    error = call("predict", model, odd, "--out", folder / "never.csv").exception
    assert isinstance(error, TableError)
    assert "'amount' holds 1 value that cannot be read" in str(error)
    assert f"{amount!r}, line 3" in str(error)


def test_an_open_order_of_time_is_asked_for(
    tmp_path: Path, call: Callable[..., Any]
) -> None:
    lines = [
        f"{i % 7},{1 + i % 9:02d}/{1 + i // 9:02d}/2021,{i % 3 // 2}" for i in range(90)
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["x,day,y", *lines]))
    words = ["diagnose", path, "--target", "y", "--time", "day"]
    assert "day_first=True" in str(call(*words).exception)
    for option in ("--day-first", "--month-first"):
        assert call(*words, option).exit_code == 0


def test_explain_adds_reasons(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    out = folder / "reasons.csv"
    result = call("predict", model, folder / "new.csv", "--out", out, "--explain")
    assert result.exit_code == 0, result.output
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[-3:] == ["reason_1", "reason_2", "reason_3"]
    again = folder / "again.csv"
    options = ("--out", again, "--explain", "--background", folder / "new.csv")
    assert call("predict", model, folder / "new.csv", *options).exit_code == 0
