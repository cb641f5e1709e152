# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.columns import as_numbers, pick, translated

Make = Callable[..., Any]


def test_dates_become_microseconds_and_keep_gaps(build: Make) -> None:
    dates = np.array(["1970-01-01T00:00:01", "NaT"], "datetime64[us]")
    numbers = as_numbers(build([0, 1], {"d": dates})["d"])
    assert numbers[0] == 1e6
    assert np.isnan(numbers[1])


def test_categories_are_translated_by_text(build: Make) -> None:
    like = build([0, 0], {"w": ["a", "b"]})["w"]
    other = build([0] * 4, {"w": ["b", "c", "", "a"]})["w"]
    assert translated(other, like).tolist() == [1, 2, -1, 0]


def test_pick_draws_without_repeats() -> None:
    rows = np.arange(100)
    few = pick(rows, 30, np.random.default_rng(0))
    assert len(np.unique(few)) == 30
    assert pick(rows, 200, np.random.default_rng(0)) is rows
