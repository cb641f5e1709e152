# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from equipoise.errors import InputError
from equipoise.losses import (
    ClassBalanced,
    class_balanced_loss,
    softmax_class_balanced_loss,
)
from equipoise.strategies import Strategy
from equipoise.weights.effective_number import effective_number_ratios

Z = np.random.default_rng(4).normal(size=(5, 3)) * 2


def weights(counts: np.ndarray, beta: float) -> np.ndarray:
    """Cui et al. (2019), equation 12, of mean 1 as in their code."""
    each = (1 - beta) / (1 - beta**counts)
    return each / each.mean()


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_two_classes(beta: float, gamma: float) -> None:
    w0, w1 = weights(np.array([360.0, 40.0]), beta)
    z, p = Z[:, 0], expit(Z[:, 0])
    values = class_balanced_loss(
        np.ones(5), z, prior=0.1, rows=400, beta=beta, gamma=gamma
    )
    np.testing.assert_allclose(values, -w1 * (1 - p) ** gamma * np.log(p), rtol=1e-9)
    values = class_balanced_loss(
        np.zeros(5), z, prior=0.1, rows=400, beta=beta, gamma=gamma
    )
    np.testing.assert_allclose(values, -w0 * p**gamma * np.log(1 - p), rtol=1e-9)


def test_several_classes() -> None:
    labels, counts = np.array([0, 1, 2, 2, 0]), np.array([70.0, 20.0, 10.0])
    w, p = weights(counts, 0.99), softmax(Z, axis=1)[range(5), labels]
    values = softmax_class_balanced_loss(
        labels, Z, prior=counts / 100, rows=100, beta=0.99, gamma=1.5
    )
    np.testing.assert_allclose(values, -w[labels] * (1 - p) ** 1.5 * np.log(p))


def test_the_weights_are_those_of_the_scheme() -> None:
    ratio = effective_number_ratios([8_982, 380], beta=0.999)[1]
    loss = ClassBalanced(prior=380 / 9_362, rows=9_362, beta=0.999, dtype="float64")
    up, down = (float(loss([t], [0.0])) for t in (1.0, 0.0))
    assert up / down == pytest.approx(ratio, rel=1e-9)


def test_a_strategy_is_told_the_number_of_rows() -> None:
    strategy = Strategy(loss="class_balanced", options={"beta": 0.99})
    assert strategy.loss_options([900, 100])["rows"] == 1_000
    (offset,) = strategy.correction([900, 100]).offset
    assert offset == pytest.approx(-np.log((1 - 0.99**900) / (1 - 0.99**100)))
    of_labels = strategy.loss_options([[900, 100], [500, 50]])
    assert of_labels["rows"] == (1_000, 550)
    assert len(strategy.correction([[900, 100], [500, 50]]).offset) == 2


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="rows=0"):
        ClassBalanced(prior=0.1, rows=0)
    with pytest.raises(InputError, match="beta=1"):
        ClassBalanced(prior=0.1, rows=10, beta=1.0)
