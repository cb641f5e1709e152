# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.idle_columns import CHECK

Make = Callable[..., Any]


def test_each_kind_of_idle_column_fires(build: Make, run: Make) -> None:
    x = np.random.default_rng(0).normal(size=100)
    x[3] = np.nan
    table = build(
        [0, 1] * 50,
        {
            "x": x,
            "copy": x,
            "w": ["a", "b"] * 50,
            "v": ["a", "b"] * 50,
            "same": np.ones(100),
            "empty": np.full(100, np.nan),
        },
        dropped={"row_id": "an identifier"},
    )
    found = run(CHECK, table)
    assert found.severity == "info"
    assert found.evidence["dropped"] == {"row_id": "an identifier"}
    assert found.evidence["constant"] == ["same", "empty"]
    assert found.evidence["equal"] == [["x", "copy"], ["w", "v"]]


def test_silent_where_every_column_speaks(noise: Make, build: Make, run: Make) -> None:
    assert run(CHECK, noise(100, 10)) is None
    late = np.r_[np.zeros(1500), 1.0]
    table = build([0] * 1501, {"x": late, "y": late[::-1]})
    assert run(CHECK, table) is None
    gap = np.r_[np.nan, np.ones(9)]
    assert run(CHECK, build([0] * 10, {"x": gap, "y": gap[::-1]})) is None
