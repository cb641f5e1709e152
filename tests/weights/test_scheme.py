# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError, InputTypeError
from equipoise.weights.scheme import check_counts, normalise


@given(st.floats(1e-6, 1e6), st.integers(1, 10**7), st.integers(1, 10**7))
def test_normalised_weights_have_mean_one_and_keep_the_ratio(ratio, n0, n1):
    w0, w1 = normalise(ratio, n0, n1)
    assert (n0 * w0 + n1 * w1) / (n0 + n1) == pytest.approx(1)
    assert w1 / w0 == pytest.approx(ratio)


@pytest.mark.parametrize("counts", [(0, 3), (3, 0)])
def test_an_empty_class_is_counted_in_the_error(counts):
    with pytest.raises(InputError, match=f"{counts[0]} negatives and {counts[1]}"):
        check_counts(*counts)


def test_counts_may_be_sums_of_weights_and_nothing_else():
    assert check_counts(3, 2.5) == (3, 2.5)
    with pytest.raises(InputTypeError, match="positives"):
        check_counts(3, "2")
    with pytest.raises(InputError, match="negatives=inf"):
        check_counts(float("inf"), 2)
