# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from equipoise._core.arrays import floats, group_numbers, is_missing, unmasked
from equipoise.errors import InputError, InputTypeError

DAY = datetime.date(2024, 1, 2)
NOON = datetime.datetime(2024, 1, 2, 12)
MIXED = [1, "1", (1, 2), DAY, NOON, 2.5, b"x", Decimal("0.1"), frozenset({1}), True, 1]


@pytest.mark.parametrize(
    "values",
    [
        np.array([0.5, 0.5j]),
        np.array(["2024-01-02", "2024-01-03"], "M8[D]"),
        np.array([1, 2], "m8[D]"),
        pd.Series([DAY, NOON]).astype("datetime64[us]"),
    ],
)
def test_values_that_numpy_would_make_real_are_no_numbers(values) -> None:
    with pytest.raises(InputTypeError, match="scores of type"):
        floats(values, "scores")


def test_whatever_can_be_a_key_names_a_group() -> None:
    found = group_numbers(MIXED, 11)
    assert found[0] == found[9] == found[10]  # 1 == True
    assert np.unique(found).size == 9
    assert found.dtype == np.int64
    assert found.max() == 8


@pytest.mark.parametrize(
    "values",
    [
        ["b", "a", "b"],
        np.array(["b", "a", "b"], object),
        pd.Series(["b", "a", "b"]),
        pd.Categorical(["b", "a", "b"]),
        pl.Series(["b", "a", "b"]),
        pa.array(["b", "a", "b"]),
        np.ma.array([2, 1, 2]),
        np.array(["2024-01-02", "2024-01-01", "2024-01-02"], "M8[D]"),
        (2.5, 1.5, 2.5),
        [(2, 1), (1, 1), (2, 1)],
    ],
)
def test_numbers_follow_the_order_of_the_names(values) -> None:
    """One seed gives one result: the numbers do not depend on the container."""
    assert group_numbers(values, 3).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "values",
    [
        ["a", None, "b", None],
        [1.0, np.nan, 2.0, np.nan],
        np.array([1.0, np.nan, 2.0, np.nan]),
        [DAY, pd.NaT, NOON, None],
        pd.Series([1, None, 2, None], dtype="Int64"),
        pd.Series(["a", None, "b", pd.NA]),
        pl.Series(["a", None, "b", None]),
        np.array(["2024", "NaT", "2025", "NaT"], "M8[D]"),
        np.ma.array([1, 2, 3, 4], mask=[False, True, False, True]),
    ],
)
def test_a_row_without_a_group_is_named(values) -> None:
    with pytest.raises(InputError, match="rows 1, 3"):
        group_numbers(values, 4)


def test_what_is_no_name() -> None:
    with pytest.raises(InputTypeError, match="row 1 holds"):
        group_numbers(np.array([1, [2], "a"], object), 3)
    with pytest.raises(InputError, match="one per row"):
        group_numbers([[1, 2], [3, 4]], 2)
    with pytest.raises(InputError, match="one per row"):
        group_numbers("ab", 2)
    with pytest.raises(InputError, match="one per row"):
        group_numbers([1, 2], 3)


def test_masks_are_not_dropped() -> None:
    hidden = np.ma.array([[1, 2], [3, 4]], mask=[[False, False], [True, True]])
    with pytest.raises(InputError, match=r"2 are masked \(row 1\)"):
        unmasked(hidden, "scores")
    assert unmasked([1], "scores") == [1]
    assert type(unmasked(np.ma.array([1, 2]), "scores")) is np.ndarray


def test_floats_keep_what_is_missing() -> None:
    found = floats(pd.Series([1, None], dtype="Int64"), "scores")
    assert found[0] == 1.0
    assert np.isnan(found[1])
    assert floats([[1, None], [2, 3]], "scores").shape == (2, 2)
    with pytest.raises(InputTypeError, match="scores that are not numbers"):
        floats(["a"], "scores")
    assert [is_missing(v) for v in (pd.NA, pd.NaT, np.nan, "nan", 0)] == [
        True,
        True,
        True,
        False,
        False,
    ]
