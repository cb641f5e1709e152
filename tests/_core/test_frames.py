# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib.util

import pytest

from equipoise._core.frames import make_frame
from equipoise.errors import InputError, MissingExtraError

ROWS = [{"name": "a", "value": 1.5}, {"name": "b", "value": None}]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_each_library(library: str) -> None:
    frame = make_frame(ROWS, library)
    assert type(frame).__module__.startswith(library)
    assert frame.shape == (2, 2)


def test_the_default_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def only_pyarrow(name: str, package: str | None = None) -> object:
        return None if name in ("pandas", "polars") else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", only_pyarrow)
    assert make_frame(ROWS).to_pylist() == ROWS
    with pytest.raises(MissingExtraError, match="pip install polars"):
        make_frame(ROWS, "polars")


def test_an_unknown_library() -> None:
    with pytest.raises(InputError, match="library='numpy'"):
        make_frame(ROWS, "numpy")
