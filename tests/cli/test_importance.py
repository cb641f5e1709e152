# SPDX-License-Identifier: Apache-2.0
"""`equipoise importance`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import InputError


def test_it_says_what_matters(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    result = call("importance", model, folder / "train.csv", "--permutations", 2)
    assert result.exit_code == 0, result.output
    words = " ".join(result.stdout.split())
    assert "by models that had not seen them" in words
    assert "amount" in words
    assert "city" in words
    new = call("importance", model, folder / "later.csv", "--permutations", 2)
    assert "none of which the model has seen" in " ".join(new.stdout.split())


def test_plain_data(folder: Path, model: Path, call: Callable[..., Any]) -> None:
    result = call(
        "importance", model, folder / "later.csv", "--json", "--metric", "roc_auc"
    )
    data = json.loads(result.stdout)
    assert data["metric"] == "roc_auc"
    assert {tuple(c["columns"]) for c in data["columns"]} == {("amount",), ("city",)}


def test_a_wrong_metric_is_an_error(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    result = call("importance", model, folder / "later.csv", "--metric", "f1")
    assert isinstance(result.exception, InputError)
    with pytest.raises(InputError, match="average_precision"):
        raise result.exception
