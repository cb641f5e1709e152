# SPDX-License-Identifier: Apache-2.0
"""`--memory` on the command line, and folders of files for a fitted model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from equipoise.cli.app import app
from equipoise.reading.into_store import STORES

ROWS = 3_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("data") / "claims"
    place.mkdir()
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 2))
    y = random.random(ROWS) < 1 / (1 + np.exp(2.5 - 2 * x[:, 0]))
    whole = pa.table({"a": x[:, 0], "b": x[:, 1], "fraud": y.astype(int)})
    for k in range(3):
        pq.write_table(whole.slice(1_000 * k, 1_000), place / f"part-{k}.parquet")
    return place


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_from_diagnose_to_evaluate(folder: Path, tmp_path: Path) -> None:
    text = run("diagnose", str(folder), "-t", "fraud", "--memory", "1GB", "--json")
    assert json.loads(text)["facts"]["rows"] == ROWS
    assert (folder / STORES).is_dir()
    model = tmp_path / "m.equipoise"
    shared = ("--strategy", "logistic", "--folds", "3", "--minutes", "0.001")
    text = run(
        *("fit", str(folder), "-t", "fraud", "--memory", "1GB"),
        *shared,
        *("--out", str(model)),
    )
    assert "All 3,000 rows fit into the memory given" in text
    out = tmp_path / "scores.parquet"
    text = run("predict", str(model), str(folder), "--out", str(out))
    assert text.startswith("3,000 rows:")
    assert pq.read_table(out).num_rows == ROWS
    pattern = str(folder / "part-[01].parquet")
    text = run("evaluate", str(model), pattern, "--json")
    assert json.loads(text)["rows"] == 2_000


def test_a_test_file_and_unseen_kinds(folder: Path, tmp_path: Path) -> None:
    test = str(folder / "part-0.parquet")
    text = run(
        *("diagnose", str(folder), "-t", "fraud", "--memory", "1GB"),
        *("--test", test, "--json"),
    )
    diagnosis = json.loads(text)
    assert diagnosis["facts"]["test"]["rows"] == 1_000
    assert "EQP007" in {finding["code"] for finding in diagnosis["findings"]}
    out = tmp_path / "trial"
    run(
        *("compare", str(folder), "-t", "fraud", "--memory", "1GB", "--test", test),
        *("--unseen", "auto", "--strategies", "logistic", "--network", "linear"),
        *("--repeats", "1", "--out", str(out)),
    )
    written = json.loads((out / "comparison.json").read_text())
    assert all("test" in arm for arm in written["strategies"])
    assert len(written["unseen"]["kinds"]) >= 2


def test_what_is_not_served_says_so(folder: Path) -> None:
    words = ["diagnose", str(folder / "part-0.parquet"), "-t", "fraud"]
    result = CliRunner().invoke(app, [*words, "--store", str(folder)])
    assert result.exit_code == 2
    assert "--store is for --memory" in result.output


def test_the_store_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    words = ("-t", "fraud", "--memory", "1GB", "--store", str(tmp_path))
    text = run("diagnose", str(folder), *words)
    assert any(tmp_path.glob("*/store.json"))
    assert "--memory 1GB --store" in text.replace(" \\ ", " ")
