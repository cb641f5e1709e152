# SPDX-License-Identifier: Apache-2.0
"""The record of how a source is read: checked once, names as strings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.reading.options import ReadingOptions


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"task": "binery"}, InputError, "Did you mean 'binary'"),
        ({"unlabelled": "ignore"}, InputError, "'refuse', 'drop', 'keep'"),
        ({"group": [1, 2]}, InputTypeError, "Make them a column of X"),
        ({"time": True}, InputTypeError, "time= of type bool"),
        ({"drop": "a"}, InputTypeError, r"Pass \['a'\]"),
        ({"keep": [1.5]}, InputTypeError, "keep= of type float"),
        ({"day_first": "yes"}, InputTypeError, "True, False or None"),
    ],
)
def test_an_option_is_checked_when_the_record_is_made(
    options: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        ReadingOptions(**options)


def test_the_order_of_day_and_month_is_a_word() -> None:
    orders = [ReadingOptions(day_first=d).date_order for d in (None, True, False)]
    assert orders == ["", "day", "month"]
    assert ReadingOptions(day_first=np.True_).date_order == "day"


def test_whole_numbers_become_names() -> None:
    options = ReadingOptions(group=3, drop=(name for name in ["a", None, np.int64(0)]))
    array, frame = options.named(matrix=True), options.named(matrix=False)
    assert (array.group, array.drop) == ("f3", ("a", "f0"))
    assert (frame.group, frame.drop, frame.time) == ("3", ("a", "0"), None)
