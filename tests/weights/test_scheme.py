# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.weights.scheme import Scheme, check_totals, normalise, task_totals
from equipoise.weights.schemes import SCHEMES


@given(st.floats(1e-6, 1e6), st.integers(1, 10**7), st.integers(1, 10**7))
def test_normalised_weights_have_mean_one_and_keep_the_ratio(ratio, n0, n1):
    w0, w1 = normalise([1.0, ratio], [n0, n1])
    assert (n0 * w0 + n1 * w1) / (n0 + n1) == pytest.approx(1)
    assert w1 / w0 == pytest.approx(ratio)


@pytest.mark.parametrize("counts", [(0, 3), (3, 0)])
def test_an_empty_class_is_counted_in_the_error(counts):
    with pytest.raises(InputError, match=f"{counts[0]} negatives and {counts[1]}"):
        check_totals(counts)


def test_counts_may_be_sums_of_weights_and_nothing_else():
    assert check_totals((3, 2.5)).tolist() == [3.0, 2.5]
    for bad in ([3, "2"], "32", [True, True], None):
        with pytest.raises(InputTypeError, match="one number per class"):
            check_totals(bad)
    with pytest.raises(InputError, match="inf negatives"):
        check_totals([float("inf"), 2])
    for shape in (3, [3], [[3, 2]]):
        with pytest.raises(InputError, match="totals of shape"):
            check_totals(shape)


def test_several_classes():
    with pytest.raises(InputError, match="totals of 3, 0, 1"):
        check_totals([3, 0, 1])
    weights = normalise([1.0, 2.0, 4.0], [10, 5, 2])
    assert weights @ [10, 5, 2] == pytest.approx(17)
    assert weights[2] / weights[1] == pytest.approx(2)


def test_totals_of_any_task():
    assert task_totals([3, 0, 1]).tolist() == [3.0, 0.0, 1.0]
    assert task_totals([[3, 0], [1, 2]]).tolist() == [[3.0, 0.0], [1.0, 2.0]]
    assert task_totals((3, 2.5)).tolist() == [3.0, 2.5]
    for bad in ([0, 3], [0, 0, 0], [1, -1, 3], [[1, -1]], [[0, 0]], [3], [[3, 2, 1]]):
        with pytest.raises(InputError):
            task_totals(bad)
    for bad in ([3, "2", 1], [[3, "2"]], [[1, 2], [3]], None):
        with pytest.raises(InputTypeError):
            task_totals(bad)


def test_what_a_scheme_does_not_serve_is_refused():
    two = Scheme("two", lambda totals: [1.0, 2.0], "twice")
    with pytest.raises(InputError, match="2 ratios of weights='two' for 3 classes"):
        two.weights([5, 3, 2])
    fixed = SCHEMES["fixed"]
    with pytest.raises(UnsupportedError, match="'fixed' for totals of a multiclass"):
        fixed.task_weights([5, 3, 2], positive_weight=2.0)
    labels = fixed.task_weights([[50, 50], [90, 10]], positive_weight=3.0)
    np.testing.assert_allclose(labels[:, 1] / labels[:, 0], 3)


def test_an_absent_class_weighs_1_and_changes_no_other():
    for name, scheme in SCHEMES.items():
        if name == "fixed":
            continue
        weights = scheme.task_weights([40, 0, 7, 3])
        assert weights[1] == 1
        assert weights[[0, 2, 3]].tolist() == scheme.weights([40, 7, 3]).tolist()
        assert scheme.task_weights([0, 0, 7]).tolist() == [1, 1, 1]
        both = scheme.task_weights([[40, 7], [9, 0]])
        assert both.tolist() == [scheme.weights([40, 7]).tolist(), [1, 1]]
