# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import pytest

from equipoise.errors import InputError
from equipoise.weights.effective_number import effective_number_ratios
from equipoise.weights.schemes import class_weights


@pytest.mark.parametrize("beta", ["0.5", "0.9", "0.999", "0.9999", "0.99999999"])
@pytest.mark.parametrize("counts", [(900, 100), (8_982, 380), (5, 60)])
def test_against_exact_fractions(beta, counts):
    b = Fraction(beta)
    n0, n1 = counts
    expected = (1 - b**n0) / (1 - b**n1)
    found = effective_number_ratios([n0, n1], beta=float(b))[1]
    assert found == pytest.approx(float(expected), rel=1e-6)


def test_towards_one_it_is_the_inverse_frequency():
    near_one = 1 - 1e-14
    found = effective_number_ratios([900, 100], beta=near_one)[1]
    assert found == pytest.approx(9.0, rel=1e-9)


@pytest.mark.parametrize("beta", [1.0, -0.1, 2.0])
def test_beta_outside_its_range_is_refused(beta):
    with pytest.raises(InputError, match="beta"):
        class_weights("effective_number", [9, 1], beta=beta)
