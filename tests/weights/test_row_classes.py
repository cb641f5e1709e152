# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.weights.row_classes import row_classes


@pytest.mark.parametrize(
    ("labels", "classes", "expected", "count"),
    [
        ([0, 1, 1], None, [0, 1, 1], 2),
        ([True, False], None, [1, 0], 2),
        ([0.0, 2.0, 1.0], None, [0, 2, 1], 3),
        ([0, 0], None, [0, 0], 2),
        ([3, 1], 5, [3, 1], 5),
        ([0, 1], 3, [0, 1], 3),
        (np.array([0, 1, 2], np.uint8), None, [0, 1, 2], 3),
    ],
)
def test_class_numbers(labels, classes, expected, count):
    numbers, held = row_classes(labels, classes)
    assert (numbers.tolist(), held) == (expected, count)
    assert numbers.dtype == np.int64


@pytest.mark.parametrize(
    ("labels", "classes", "says"),
    [
        ([1, 2], None, "Code the rare class as 1"),
        ([0, 3, 1], None, r"none of 2.*return_inverse"),
        ([0, 3, 1], 3, r"class number 3 \(row 1\).*from 0 to 2"),
        ([0.5, 1, 2], None, "labels that hold"),
        ([-1, 0, 1], None, "labels that hold"),
        ([0, np.nan, 2], None, "missing"),
        ([], None, "labels of shape"),
        ([[0, 1]], None, "labels of shape"),
    ],
)
def test_what_is_no_class_number(labels, classes, says):
    with pytest.raises(InputError, match=says):
        row_classes(labels, classes)


def test_the_advice_works():
    labels = [0, 3, 1]
    numbers, count = row_classes(np.unique(labels, return_inverse=True)[1])
    assert (numbers.tolist(), count) == ([0, 2, 1], 3)
    with pytest.raises(InputTypeError, match="not numbers"):
        row_classes(["a", "b", "c"])
