# SPDX-License-Identifier: Apache-2.0
"""Numbers that come from a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise._core.states import array, integers_within, real, texts
from equipoise.errors import InputError, InputTypeError


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1.0, 2.0],
        np.ones(2, np.float32),
        np.ones((2, 1)),
        np.ones(3),
        np.array([1.0, np.nan]),
        np.array([1.0, np.inf]),
    ],
)
def test_an_array_is_exactly_what_is_asked_for(value: Any) -> None:
    with pytest.raises(InputError, match="w "):
        array({"w": value}, "w", "float64", (2,))
    good = np.ones(2)
    assert array({"w": good}, "w", "float64", (None,)) is good


def test_infinities_may_be_allowed_but_nan_never() -> None:
    infinite = np.array([np.inf])
    assert array({"w": infinite}, "w", "float64", (1,), finite=False) is infinite
    with pytest.raises(InputError, match="NaN"):
        array({"w": np.array([np.nan])}, "w", "float64", (1,), finite=False)


def test_positions_lie_within() -> None:
    assert integers_within(np.array([0, 4]), "left", 0, 5).tolist() == [0, 4]
    assert integers_within(np.empty(0, np.int32), "left", 0, 0).size == 0
    for bad in ([-1, 2], [0, 5]):
        with pytest.raises(InputError, match="left from"):
            integers_within(np.array(bad), "left", 0, 5)


def test_numbers_are_finite() -> None:
    assert real({"a": 3}, "a") == 3.0
    for bad in ({}, {"a": float("nan")}, {"a": float("inf")}):
        with pytest.raises(InputError):
            real(bad, "a")
    with pytest.raises(InputTypeError):
        real({"a": "3"}, "a")


def test_texts_are_distinct() -> None:
    assert texts(["a", "b"], "names") == ("a", "b")
    for bad in ("ab", ["a", "a"], [1], None):
        with pytest.raises(InputError, match="names"):
            texts(bad, "names")
