# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.weights.balanced import balanced_ratios
from equipoise.weights.log import log_ratios

counts = st.integers(1, 10**9)


@given(counts, counts)
def test_lies_between_no_weight_and_inverse_frequency(n0, n1):
    low, high = sorted((1.0, balanced_ratios([n0, n1])[1]))
    assert low * (1 - 1e-12) <= log_ratios([n0, n1])[1] <= high * (1 + 1e-12)


@given(counts, counts)
def test_exchanging_the_classes_inverts_it(n0, n1):
    assert log_ratios([n0, n1])[1] == pytest.approx(1 / log_ratios([n1, n0])[1])


def test_the_naive_logarithm_exceeds_what_it_softens():
    naive = math.log(100) / math.log(100 / 99)
    assert naive > 4 * balanced_ratios([99, 1])[1]
    assert log_ratios([99, 1])[1] == pytest.approx(1 + math.log(99))
