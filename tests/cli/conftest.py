# SPDX-License-Identifier: Apache-2.0
"""Files and a saved model that the tests of the program share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from equipoise.cli.app import app


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.csv, later.csv and new.csv."""
    place = tmp_path_factory.mktemp("cli")
    for name, rows, seed in (("train", 240, 0), ("later", 150, 1), ("new", 90, 2)):
        random = np.random.default_rng(seed)
        y = random.random(rows) < 0.25
        lines = ["id,amount,city,fraud" if name != "new" else "id,amount,city"]
        for i in range(rows):
            amount = random.normal(1.5 * y[i])
            cells = [f"=r{i}", f"{amount:.3f}", random.choice(["Bonn", "Lima"])]
            lines.append(",".join([*cells, str(int(y[i]))][: 4 - (name == "new")]))
        (place / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return place


@pytest.fixture(scope="session")
def next_line() -> Callable[[str], str]:
    """Return a maker of the line of the next command, joined as a shell joins it."""

    def joined(told: str) -> str:
        return "next: " + told.rpartition("next: ")[2].replace("\\\n", "").strip()

    return joined


@pytest.fixture(scope="session")
def call() -> Callable[..., Any]:
    """Run the program in this process; its own errors are raised."""
    runner = CliRunner()

    def run(*words: Any) -> Any:
        return runner.invoke(app, [str(word) for word in words])

    return run


@pytest.fixture(scope="session")
def model(folder: Path, call: Callable[..., Any]) -> Path:
    """A logistic model, fitted by the program."""
    path = folder / "fraud.equipoise"
    words = ["fit", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategy", "logistic", "--folds", 2, "--minutes", 0.001]
    result = call(*words, "--out", path)
    assert result.exit_code == 0, result.output
    return path
