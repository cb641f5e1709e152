# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from equipoise.encoding.features import (
    LEAST_COUNT,
    SMALLEST,
    learn_number,
    settle,
    to_float32,
)
from equipoise.table.table import Column


def test_least_count_is_where_the_exact_interval_is_half_wide() -> None:
    def width(rows: int) -> float:
        interval = binomtest(0, rows).proportion_ci(0.95, "exact")
        return float(interval.high - interval.low)

    assert width(LEAST_COUNT - 1) > 0.6
    assert width(LEAST_COUNT) == pytest.approx(0.52, abs=0.005)


def test_extremes_of_one_feature() -> None:
    ends = np.array([-1e308, 0.0, 1e308])
    feature = learn_number("x", "value", np.linspace(-1.0, 1.0, 101))
    assert feature.scaled(ends).tolist() == [-3.0, 0.0, 3.0]
    assert feature.position(ends).tolist() == [-2.0, 24.0, 50.0]
    wide = learn_number("x", "value", np.array([-1.7e308, 0.0, 1.7e308]))
    # IQR 1.7e308, so z = -1, 0, 1, although the range is beyond float64.
    one = 1 / np.sqrt(1 + 1 / 9)
    np.testing.assert_allclose(
        wide.scaled(np.array([-1.7e308, 0.0, 1.7e308])), [-one, 0, one], rtol=1e-6
    )


def test_denormal_numbers_count_as_zero() -> None:
    assert settle(np.array([5e-324, -SMALLEST / 2, SMALLEST]), 1.0).tolist() == [
        0.0,
        0.0,
        SMALLEST,
    ]
    assert to_float32(np.array([1e-44, -1e-31, 1e-29])).tolist()[:2] == [0.0, 0.0]
    feature = learn_number("x", "value", np.array([0.0, 5e-324, 1e-310]))
    assert feature.constant
    column = Column("x", "numeric", np.array([-1e-310, SMALLEST, 1e308]))
    assert feature.extract(column).tolist() == [0.0, SMALLEST, 1e308]


def test_infinities_are_missing_and_set_no_scale() -> None:
    values = np.array([1.0, 2.0, 3.0, np.inf, -np.inf])
    feature = learn_number("x", "value", values)
    assert feature == learn_number(
        "x", "value", np.array([1.0, 2.0, 3.0, *[np.nan] * 2])
    )
    found = feature.extract(Column("x", "numeric", values))
    np.testing.assert_array_equal(found, [1.0, 2.0, 3.0, np.nan, np.nan])
    middle = np.full(2, np.nan)
    np.testing.assert_array_equal(feature.scaled(values[3:]), feature.scaled(middle))
    np.testing.assert_array_equal(feature.position(values[3:]), [1.0, 1.0])
