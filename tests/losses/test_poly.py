# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from equipoise.errors import InputError
from equipoise.losses import Poly, poly_loss, softmax_poly_loss

Z = np.random.default_rng(4).normal(size=(6, 3)) * 3


@pytest.mark.parametrize("epsilon", [-0.5, 0.0, 1.0, 4.0])
def test_against_the_formula(epsilon: float) -> None:
    p, labels = softmax(Z, axis=1), np.array([0, 1, 2, 2, 1, 0])
    true = p[range(6), labels]
    expected = -np.log(true) + epsilon * (1 - true)
    np.testing.assert_allclose(softmax_poly_loss(labels, Z, epsilon=epsilon), expected)
    q = expit(Z[:, 0])
    expected = 0.3 * (-np.log(q) + epsilon * (1 - q))
    expected += 0.7 * (-np.log(1 - q) + epsilon * q)
    values = poly_loss(np.full(6, 0.3), Z[:, 0], epsilon=epsilon)
    np.testing.assert_allclose(values, expected)


def test_below_its_range_the_slope_would_turn() -> None:
    with pytest.raises(InputError, match="epsilon=-1"):
        Poly(epsilon=-1.0)
