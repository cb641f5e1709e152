# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.weights.balanced import balanced_ratios
from equipoise.weights.sqrt import sqrt_ratios


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_its_square_is_the_inverse_frequency(n0, n1):
    assert sqrt_ratios([n0, n1])[1] ** 2 == pytest.approx(balanced_ratios([n0, n1])[1])
