# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import Rate

LABELS = np.repeat([0, 1], [50, 5])


@given(st.floats(0.001, 0.999), st.integers(1, 64))
def test_the_declared_prior_is_drawn_exactly(rate, batch):
    draw = Rate(rate).draw(LABELS, batch=batch, steps=50, seed=0, epoch=0)
    expected = Rate(rate).prior([50, 5])[1] * draw.index.size
    assert abs(draw.targets(LABELS).sum() - expected) <= 1


def test_the_prior_is_the_rate_to_a_millionth():
    assert Rate(0.3).prior([1, 1]).tolist() == [0.7, 0.3]
    assert Rate(np.pi / 10).prior([1, 1])[1] == pytest.approx(np.pi / 10, abs=1e-6)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, float("nan")])
def test_rates_lie_between_0_and_1(rate):
    with pytest.raises(InputError, match="rate"):
        Rate(rate)


def test_a_rate_is_a_number():
    with pytest.raises(InputTypeError, match="rate='half'"):
        Rate("half")
