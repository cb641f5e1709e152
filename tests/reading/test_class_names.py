# SPDX-License-Identifier: Apache-2.0
"""A class is meant by every spelling that a table's file may have for it."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.reading.class_names import class_number
from equipoise.reading.target import find_class


@pytest.mark.parametrize(
    ("label", "classes", "number"),
    [
        ("B", ("a", "b"), 1),
        ("  New   York ", ("london", "new york"), 1),
        (1.0, ("0", "1"), 1),
        ("1.0", ("0", "1"), 1),
        ("01", ("0", "1"), 1),
        ("1e0", ("0", "1"), 1),
        (np.int64(1), ("0", "1"), 1),
        (True, ("false", "true"), 1),
        ("TRUE", ("false", "true"), 1),
        (True, ("0", "1"), 1),
        ("-0", ("0", "1"), 0),
        ("01", ("01", "1", "x"), 0),
        ("A", ("a", "A"), 1),
        ("12345678901234567890", ("0", "12345678901234567890"), 1),
        ("2", ("0", "1"), None),
        ("", ("0", "1"), None),
        ("c", ("a", "b"), None),
    ],
)
def test_spellings(label, classes, number) -> None:
    assert class_number(label, classes) == number


def test_a_class_with_leading_zeros_can_be_the_positive_one() -> None:
    assert find_class("01", ("01", "1", "x"), "y") == 0
    assert find_class("01", ("01", "x"), "y") == 0
