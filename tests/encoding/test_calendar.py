# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from equipoise.encoding.calendar import MISSING_TIME, PARTS, moment_part

EPOCH = datetime.datetime(1970, 1, 1)


@given(st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)))
def test_parts_equal_the_standard_library(moment: datetime.datetime) -> None:
    microseconds = np.array([(moment - EPOCH) // datetime.timedelta(microseconds=1)])
    days, hour, weekday, month = (moment_part(microseconds, p)[0] for p in PARTS)
    since = moment - EPOCH
    np.testing.assert_allclose(days, since / datetime.timedelta(days=1), rtol=1e-12)
    midnight = datetime.datetime.combine(moment.date(), datetime.time())
    np.testing.assert_allclose(
        hour, (moment - midnight) / datetime.timedelta(hours=1), rtol=1e-12
    )
    assert weekday == moment.weekday()
    assert month == moment.month


def test_missing_and_extreme_moments() -> None:
    ends = np.array([MISSING_TIME, MISSING_TIME + 1, np.iinfo(np.int64).max])
    for part in PARTS:
        values = moment_part(ends, part)
        assert np.isnan(values[0])
        assert np.isfinite(values[1:]).all()
