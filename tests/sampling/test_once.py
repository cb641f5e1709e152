# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.sampling import make_sampler
from equipoise.sampling.once import MOST_TIMES, draws_of


@pytest.mark.parametrize("name", ["oversample", "balanced", "sqrt"])
def test_whoever_repeats_draws_the_largest_class_once(name):
    totals = [900, 90, 10]
    sampler = make_sampler(name)
    shares = np.asarray(sampler.prior(totals))
    count = draws_of(totals, shares, repeats=True)
    assert count * shares[0] == pytest.approx(900, abs=1)


def test_without_repeats_no_row_is_needed_twice_and_never_too_many():
    shares = np.array([0.5, 0.3, 0.2])
    count = draws_of([900, 90, 10], shares, repeats=False)
    assert (count * shares <= np.array([900, 90, 10]) + 1).all()
    many = draws_of([50, 1], np.array([0.001, 0.999]), repeats=True)
    assert many == MOST_TIMES * 51
