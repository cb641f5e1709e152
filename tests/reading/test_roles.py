# SPDX-License-Identifier: Apache-2.0
"""Whatever names a group in a frame groups its rows."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from equipoise.reading.read import read_table

DAY = datetime.date(2024, 1, 2)
NOON = datetime.datetime(2024, 1, 3, 12)


@pytest.mark.parametrize(
    "names",
    [
        ["a", 1, "b", 2],
        [(1, "x"), (1, "y"), (2, "x"), (2, "y")],
        [(1, 2), (1, 3), (2, 2), (2, 3)],
        [DAY, NOON, DAY + datetime.timedelta(9), NOON + datetime.timedelta(9)],
        [True, "True!", 2.5, b"x"],
        [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}],
    ],
)
def test_values_of_any_type_group_rows(names) -> None:
    frame = pd.DataFrame(
        {
            "x": np.random.default_rng(0).normal(size=40),
            "y": [0, 0, 0, 1] * 10,
            "g": names * 10,
        }
    )
    groups = read_table(frame, "y", group="g").groups
    assert groups is not None
    assert np.unique(groups).size == 4
    assert np.array_equal(groups.reshape(10, 4), np.tile(groups[:4], (10, 1)))
