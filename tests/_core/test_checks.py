# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from equipoise._core.checks import (
    cost_number,
    described,
    integer,
    listing,
    nearest,
    number,
    one_of,
    require_fields,
    require_scale,
    sentence,
    weight_number,
)
from equipoise.errors import InputError, InputTypeError


def test_an_error_has_three_parts() -> None:
    assert sentence("x=1.", "2", "Do this.") == "Received x=1. Accepted: 2. Do this."
    assert sentence("nothing") == "Received nothing."


def test_nearest_ignores_case_and_says_nothing_of_strangers() -> None:
    assert nearest("CLASS", ["class", "b"]) == "Did you mean 'class'?"
    assert nearest("zzz", ["class", "b"]) == ""
    assert nearest("x", []) == ""


def test_listing() -> None:
    assert listing([]) == ""
    assert listing(range(20), most=2) == "0, 1 and 18 more"


def test_one_of() -> None:
    assert one_of("a", ["a", "b"], "mode") == "a"
    with pytest.raises(
        InputError, match=r"mode='stratifed'.*Did you mean 'stratified'"
    ):
        one_of("stratifed", ["stratified", "group"], "mode")
    with pytest.raises(InputTypeError, match="mode=3"):
        one_of(3, ["a"], "mode")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("bad", [True, 1.0, "1", None, np.float64(1)])
def test_integer_refuses_other_types(bad: object) -> None:
    with pytest.raises(InputTypeError, match="folds="):
        integer(bad, "folds", 0)


@pytest.mark.parametrize("bad", [-1, 11, np.int8(-5)])
def test_integer_refuses_values_out_of_range(bad: object) -> None:
    with pytest.raises(InputError, match="an integer from 0 to 10"):
        integer(bad, "folds", 0, 10)


def test_integer_accepts_numpy() -> None:
    assert integer(np.int16(7), "folds") == 7
    assert type(integer(np.int16(7), "folds")) is int


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.1])
def test_number_refuses_values_out_of_range(bad: float) -> None:
    with pytest.raises(InputError, match=r"share=.*from 0 to 1"):
        number(bad, "share", 0, 1)


def test_number_with_open_ends() -> None:
    with pytest.raises(InputError, match="strictly between 0 and 1"):
        number(0, "share", 0, 1, open_ends=True)
    with pytest.raises(InputError, match="above 0"):
        number(0, "share", 0, open_ends=True)
    assert number(np.float32(0.5), "share", 0, 1, open_ends=True) == 0.5
    with pytest.raises(InputTypeError):
        number("0.5", "share")


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(InputError, match="scale=1000"):
        number(10**400, "scale")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, 2, 3), "a=(1, 2, 3)"),
        ("x", "a='x'"),
        (np.float64(0.5), f"a={np.float64(0.5)!r}"),
        (np.array([1, 2]), "a=array([1, 2])"),
        (np.zeros((60, 60)), "a of shape (60, 60)"),
        (pd.DataFrame(np.zeros((60, 2))), "a of shape (60, 2)"),
        ([0.5] * 5000, "a with 5,000 values"),
        ({k: k for k in range(30)}, "a with 30 values"),
        ([[0.5] * 1000] * 2, f"a=[[0.5{', 0.5' * 39}..."),
        (10**400, f"a={10**199}..."),
    ],
)
def test_an_argument_in_a_message_is_short(value: object, text: str) -> None:
    assert described("a", value) == text


def test_checks_of_numbers_and_names_are_short() -> None:
    for check in (
        lambda: integer(np.zeros(500), "a"),
        lambda: number(np.zeros(500), "a"),
        lambda: one_of(np.zeros(500), ["b"], "a"),  # type: ignore[arg-type]  # wrong on purpose
    ):
        with pytest.raises(InputTypeError, match=r"Received a of shape \(500,\)\."):
            check()


@dataclass
class Point:
    x: float = 0.0
    y: float = 0.0


def test_fields_that_a_record_lacks_are_named() -> None:
    require_fields(Point, {"x": 1.0}, "point")
    words = r"point fields \['a', 'z'\]. Accepted: \['x', 'y'\]"
    with pytest.raises(InputError, match=words):
        require_fields(Point, {"z": 1, "x": 1, "a": 1}, "point")


def test_weights_and_costs_are_in_a_range() -> None:
    assert weight_number(1e30, "w") == 1e30
    assert require_scale(0.0, "weights") == 0.0
    assert cost_number(-1e30, "c") == -1e30
    for value in (0, -1, 1e31, 1e-31, float("inf")):
        with pytest.raises(InputError, match=re.escape(f"w={value}")):
            weight_number(value, "w")
    for value in (1e31, -float("inf"), float("nan")):
        with pytest.raises(InputError, match=r"from -1e\+30 to 1e\+30"):
            cost_number(value, "c")
