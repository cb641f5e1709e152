# SPDX-License-Identifier: Apache-2.0
"""`equipoise export`: the form follows the name, and refusals name the columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import InputError


def test_a_folder_becomes_a_saved_model(
    call: Callable[..., Any], model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "served"
    result = call("export", model, "--out", out)
    assert result.exit_code == 0, result.output
    assert "wrote " in result.stdout.replace("\n", " ")
    assert (out / "saved_model.pb").is_file()


def test_onnx_takes_columns_of_every_kind(
    call: Callable[..., Any], model: Path, tmp_path: Path
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    result = call("export", model, "--out", tmp_path / "m.onnx")
    assert result.exit_code == 0, result.output
    inputs = onnxruntime.InferenceSession(tmp_path / "m.onnx").get_inputs()
    types = {entry.name: entry.type for entry in inputs}
    assert types["city"] == "tensor(string)"


def test_an_unknown_format_is_refused(
    call: Callable[..., Any], model: Path, tmp_path: Path
) -> None:
    result = call("export", model, "--out", tmp_path / "m", "--format", "h5")
    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize("words", [["export"], ["export", "x.equipoise"]])
def test_wrong_usage_exits_with_two(call: Callable[..., Any], words: list[str]) -> None:
    assert call(*words).exit_code == 2
