# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from equipoise.errors import InputError
from equipoise.export import formats
from equipoise.verbs.model import FittedModel


@pytest.mark.parametrize(
    ("name", "format", "writer"),
    [
        ("model.onnx", None, "onnx"),
        ("model", None, "saved_model"),
        ("model.onnx", "saved_model", "saved_model"),
        ("model", "onnx", "onnx"),
    ],
)
def test_the_name_tells_the_format_unless_it_is_given(
    linear: FittedModel,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    format: str | None,
    writer: str,
) -> None:
    calls = []
    for kind in formats.FORMATS:
        monkeypatch.setattr(
            formats,
            f"export_{kind}",
            lambda model, path, say, kind=kind: calls.append((kind, path)) or path,
        )
    assert formats.export(linear, name, format=format) == Path(name)
    assert calls == [(writer, Path(name))]


def test_other_formats_are_refused(linear: FittedModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="format='tflite'"):
        formats.export(linear, tmp_path / "model", format="tflite")
