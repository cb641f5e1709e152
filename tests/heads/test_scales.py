# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from equipoise.errors import InputError, InputTypeError
from equipoise.heads import learned_scales
from equipoise.heads.closed_forms import balanced_loss, balanced_shares
from equipoise.heads.scales import best_scales
from equipoise.priors import softmax


def rows(seed: int = 0, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    z = random.normal(size=(count, 4)) * 2
    p = softmax(z * np.array([1.0, 0.5, 2.0, 0.2]))
    return z, (random.random(count)[:, None] > p.cumsum(1)).sum(1)


@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_minimum_is_scipy_s(penalty: float, weighted: bool) -> None:
    z, y = rows()
    weights = balanced_shares(y) if weighted else np.ones(len(y))
    shares = weights / weights.sum()
    pull = penalty * float((shares @ z**2).mean())

    def value(s: np.ndarray) -> float:
        p = softmax(z * s)[np.arange(len(y)), y]
        return float(-shares @ np.log(p) + pull / 2 * ((s - 1) ** 2).sum())

    best = minimize(value, np.ones(4), method="BFGS", options={"gtol": 1e-9})
    found = learned_scales(z, y, weights if weighted else None, penalty)
    np.testing.assert_allclose(found, best.x, atol=1e-5)
    assert value(found) <= best.fun + 1e-12


def test_true_factors_come_back() -> None:
    z, y = rows(1, 40_000)
    found = learned_scales(z, y, penalty=1e-6)
    np.testing.assert_allclose(found, [1.0, 0.5, 2.0, 0.2], atol=0.06)


def test_rows_that_separate_stay_finite() -> None:
    z = np.array([[5.0, 0.0], [0.0, 5.0]] * 10)
    y = np.tile([0, 1], 10)
    loose = learned_scales(z, y, penalty=1e-6)
    tight = learned_scales(z, y, penalty=1e3)
    assert np.isfinite(loose).all()
    assert (loose > 1).all()
    np.testing.assert_allclose(tight, 1.0, atol=1e-3)
    np.testing.assert_array_equal(learned_scales(z * 0, y), [1.0, 1.0])
    # far logits overflow nowhere
    assert np.isfinite(learned_scales(z * 1e4, 1 - y, penalty=1e-3)).all()
    with pytest.raises(InputError, match="penalty=0"):
        learned_scales(z, y, penalty=0)


def test_the_penalty_is_chosen_on_other_rows() -> None:
    z, y = rows(2)
    other, truth = rows(3)
    weights = balanced_shares(y)
    tried = (1e-3, 1.0, 100.0)
    scales, penalty = best_scales(z, y, weights, other, truth, penalties=tried)
    losses = {
        p: balanced_loss(other * learned_scales(z, y, weights, p), truth) for p in tried
    }
    assert penalty == min(losses, key=lambda p: losses[p])
    np.testing.assert_array_equal(scales, learned_scales(z, y, weights, penalty))
    same = best_scales(z * 0, y, weights, other, truth, penalties=tried)
    assert same[1] == 100.0  # the firmest of equals


@pytest.mark.parametrize(
    ("logits", "y", "weights", "says"),
    [
        ([[1.0, 0.0], [0.0, np.nan]], [0, 1], None, "not finite"),
        ([[1.0, 0.0], [0.0, 1.0]], [0, -1], None, "class numbers"),
        ([[1.0, 0.0], [0.0, 1.0]], [0, 1, 1], None, "for 3 rows"),
        ([[1.0, 0.0], [0.0, 1.0]], [0, 1], [1.0, -1.0], "negative"),
        ([1.0, 0.0], [0, 1], None, "shape"),
    ],
)
def test_what_does_not_fit_is_refused(logits, y, weights, says) -> None:
    """A NaN gave factors of 1, and class -1 was taken as the last class."""
    with pytest.raises(InputError, match=says):
        learned_scales(logits, y, weights)
    with pytest.raises(InputTypeError, match="logits that are not numbers"):
        learned_scales([["a", "b"]], [0])
