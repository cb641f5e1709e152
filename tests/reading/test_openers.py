# SPDX-License-Identifier: Apache-2.0
"""Each kind of source has one reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import InputTypeError
from equipoise.reading.openers import is_array, opener_of
from equipoise.reading.source import Request


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n" + "1,0\n2,1\n" * 10)
    return path


@pytest.mark.parametrize("kind", ["path", "text", "frame", "dict", "pair", "rows"])
def test_a_source_is_read_by_its_kind(kind: str, path: Path) -> None:
    sources: dict[str, Any] = {
        "path": path,
        "text": str(path),
        "frame": pd.DataFrame({"x": [1], "y": [0]}),
        "dict": {"x": [1], "y": [0]},
        "pair": ({"x": [1]}, [0]),
        "rows": [[1, 0]],
    }
    raw = opener_of(sources[kind])(sources[kind], Request(targets=("y",)))
    names = ["f0", "f1"] if kind == "rows" else ["x", "y"]
    assert raw.data.column_names == names
    assert raw.targets == (("y",) if kind == "pair" else ())


def test_an_example_has_a_target_unless_another_is_asked_for() -> None:
    name = "example:digits"
    assert opener_of(name)(name, Request()).targets == ("is_one",)
    assert opener_of(name)(name, Request(targets=("pixel_0_2",))).targets == (
        "pixel_0_2",
    )


@pytest.mark.parametrize(
    ("source", "match"),
    [(3, "a source of type int"), ([{"x": 1}], "rows as dictionaries")],
)
def test_other_sources_are_refused(source: Any, match: str) -> None:
    with pytest.raises(InputTypeError, match=match):
        opener_of(source)


def test_features_that_are_an_array() -> None:
    x = np.zeros((2, 2))
    assert is_array(x)
    assert is_array((x, [0, 1]))
    assert not is_array(([[0]], [1]))
    assert not is_array(())
