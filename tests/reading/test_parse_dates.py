# SPDX-License-Identifier: Apache-2.0
"""Dates against Python's own, in every layout that is accepted."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.reading.parse_dates import parse_dates

FORMATS = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d %B %Y %H:%M:%S",
    "%d-%b-%Y %H:%M",
    "%B %d, %Y %H:%M:%S",
]


@given(
    st.lists(
        st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 31)), min_size=1
    ),
    st.sampled_from(FORMATS),
)
def test_against_strptime(moments: list[dt.datetime], form: str) -> None:
    # A day beyond the twelfth tells the order of day and month.
    moments = [*moments, dt.datetime(2020, 3, 31, 23, 59)]
    written = [moment.strftime(form) for moment in moments]
    found = parse_dates(pa.array(written, pa.large_string()))
    assert found is not None
    assert found.assumed == ""
    expected = [dt.datetime.strptime(text, form) for text in written]
    np.testing.assert_array_equal(found.values, np.array(expected, "datetime64[us]"))


@pytest.mark.parametrize("zone", ["Z", "+00:00", "+05:30", "-0800", " UTC", "+02"])
def test_zones(zone: str) -> None:
    found = parse_dates(pa.array([f"2021-01-01T00:15:00{zone}"], pa.large_string()))
    assert found is not None
    offset = {"+05:30": 330, "-0800": -480, "+02": 120}.get(zone, 0)
    expected = np.datetime64("2021-01-01T00:15") - np.timedelta64(offset, "m")
    assert found.values[0] == expected


@pytest.mark.parametrize(
    ("texts", "day", "assumed"),
    [
        (["03/04/2021", "13/04/2021"], "2021-04-03", False),
        (["03/04/2021", "03/14/2021"], "2021-03-04", False),
        (["03/04/2021"], "2021-03-04", True),
        (["03.04.2021"], "2021-04-03", True),
        (["03-04-2021"], "2021-04-03", True),
    ],
)
def test_order_of_day_and_month(texts: list[str], day: str, assumed: bool) -> None:
    found = parse_dates(pa.array(texts, pa.large_string()))
    assert found is not None
    assert found.values[0] == np.datetime64(day)
    assert bool(found.assumed) == assumed


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-30",
        "2021-13-01",
        "2021-01-01 25:00",
        "2021-01-01 10:61",
        "31/04/2021",
        "2021-01-01 13:00 PM",
        "2021-01-01 and more",
        "12 Foo 2021",
    ],
)
def test_days_that_do_not_exist(text: str) -> None:
    other = "1 May 2021" if "Foo" in text else "2021-05-05"
    other = "30/05/2021" if "/" in text else other
    found = parse_dates(pa.array([other, text], pa.large_string()))
    assert found is not None
    assert found.valid.tolist() == [True, False]
    assert np.isnat(found.values[1])


def test_no_dates() -> None:
    for texts in (["a", "b"], ["1.5", "2"], ["12:30"], ["20210101"], []):
        assert parse_dates(pa.array(texts, pa.large_string())) is None
