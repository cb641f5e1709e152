# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import log_loss
from sklearn.neighbors import NearestCentroid

from equipoise.errors import InputError
from equipoise.heads import nearest_means, tau_normalised
from equipoise.heads.closed_forms import (
    POWERS,
    balanced_loss,
    balanced_shares,
    best_power,
)
from equipoise.priors import softmax
from equipoise.task import Task

THREE = Task("multiclass", ("a", "b", "c"))
TWO = Task("binary", ("no", "yes"))


def clouds(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """60, 25 and 9 rows around three means in four features."""
    random = np.random.default_rng(seed)
    y = np.repeat([0, 1, 2], [60, 25, 9])
    means = random.normal(size=(3, 4)) * 2
    return means[y] + random.normal(size=(len(y), 4)), y


# ---- normalised weights


def test_powers_of_the_lengths() -> None:
    kernel = np.random.default_rng(0).normal(size=(5, 3))
    lengths = np.linalg.norm(kernel, axis=0)
    for power in (0.0, 0.4, 1.0, 2.0):
        found = np.linalg.norm(tau_normalised(kernel, power), axis=0)
        np.testing.assert_allclose(found, lengths ** (1 - power))
        cosines = (tau_normalised(kernel, power) * kernel).sum(0) / found / lengths
        np.testing.assert_allclose(cosines, 1.0)
    np.testing.assert_array_equal(tau_normalised(kernel, 0.0), kernel)
    kernel[:, 1] = 0
    assert (tau_normalised(kernel, 1.5)[:, 1] == 0).all()
    with pytest.raises(InputError, match="power=-1"):
        tau_normalised(kernel, -1)


def test_the_best_power_is_found_where_it_is_known() -> None:
    """Weights of one length, shortened by a power: the power that undoes it wins."""
    random = np.random.default_rng(3)
    even = random.normal(size=(6, 4))
    even /= np.linalg.norm(even, axis=0)
    x = random.normal(size=(8_000, 6)) * 4
    y = (random.random(len(x))[:, None] > softmax(x @ even).cumsum(1)).sum(1)
    kernel = even * np.array([3.0, 1.0, 0.4, 0.1])
    # |w|^(1 - tau) is 1 at tau = 1 whatever the lengths are
    assert best_power(kernel, x, y) == pytest.approx(1.0, abs=0.11)
    # and with the square roots of these lengths it takes half the power
    half = even * np.array([3.0, 1.0, 0.4, 0.1]) ** 0.5
    y = (random.random(len(x))[:, None] > softmax(x @ half).cumsum(1)).sum(1)
    losses = {p: balanced_loss(x @ tau_normalised(kernel, p), y) for p in POWERS}
    found = best_power(kernel, x, y)
    assert losses[found] == min(losses.values())
    assert 0.3 <= found <= 0.9
    assert best_power(kernel, x, y, powers=(0.0, 2.0)) in (0.0, 2.0)


def test_of_equal_powers_the_smallest() -> None:
    """Lengths that are equal already leave nothing to choose."""
    kernel = np.eye(3) * 2
    x, y = np.random.default_rng(0).normal(size=(50, 3)), np.arange(50) % 3
    assert best_power(kernel, x, y) == 0.0
    losses = [balanced_loss(x @ tau_normalised(kernel, p), y) for p in POWERS]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-9)


# ---- the loss that compares


@pytest.mark.parametrize("weighted", [False, True])
def test_the_balanced_loss_is_scikit_learn_s_at_the_best_scale(weighted: bool) -> None:
    x, y = clouds()
    random = np.random.default_rng(1)
    z = x @ random.normal(size=(4, 3)) + np.eye(3)[y]
    weights = random.uniform(0.2, 3, len(y)) if weighted else np.ones(len(y))
    totals = np.bincount(y, weights)

    def loss(log_scale: float) -> float:
        p = softmax(np.exp(log_scale) * z)
        return float(log_loss(y, p, sample_weight=weights / totals[y]))

    best = minimize_scalar(loss, bounds=(-7, 7), method="bounded")
    found = balanced_loss(z, y, weights if weighted else None)
    assert found == pytest.approx(best.fun, rel=1e-6)
    # the scale of the logits makes no difference
    assert balanced_loss(z * 30, y, weights) == pytest.approx(best.fun, rel=1e-6)


def test_the_balanced_loss_at_the_extremes() -> None:
    far = np.array([[1e4, 0.0], [0.0, 1e4]])
    assert balanced_loss(far, [0, 1]) == pytest.approx(0.0, abs=1e-6)
    # the worse than chance are best ignored: a scale of 0
    assert balanced_loss(far, [1, 0]) == pytest.approx(np.log(2))
    assert np.isfinite(balanced_loss(far * 1e3, [1, 0]))
    # a class without rows is left out: 0 and 2 count a half each
    assert balanced_loss(np.zeros((3, 3)), [0, 0, 2]) == pytest.approx(np.log(3))
    np.testing.assert_allclose(balanced_shares([0, 0, 2]), [0.25, 0.25, 0.5])
    np.testing.assert_allclose(
        balanced_shares([0, 0, 2], [1.0, 3.0, 9.0]), [0.125, 0.375, 0.5]
    )


# ---- nearest means


def test_the_largest_logit_is_that_of_the_nearest_centroid() -> None:
    x, y = clouds()
    kernel, bias = nearest_means(x, y, THREE)
    reference = NearestCentroid().fit(x, y)
    fresh = np.random.default_rng(9).normal(size=(500, 4)) * 3
    found = (fresh @ kernel + bias).argmax(1)
    np.testing.assert_array_equal(found, reference.predict(fresh))


def test_the_logits_are_log_odds_of_round_clouds_of_even_classes() -> None:
    x, y = clouds(4)
    kernel, bias = nearest_means(x, y, THREE)
    means = np.stack([x[y == c].mean(0) for c in range(3)])
    variance = ((x - means[y]) ** 2).mean()
    density = -0.5 * ((x[:, None] - means) ** 2).sum(-1) / variance
    np.testing.assert_allclose(softmax(x @ kernel + bias), softmax(density), atol=1e-9)


def test_two_classes_are_the_difference() -> None:
    x, y = clouds()
    x, y = x[y < 2], y[y < 2]
    kernel, bias = nearest_means(x, y, TWO)
    both, biases = nearest_means(x, y, Task("multiclass", ("no", "yes")))
    np.testing.assert_allclose(kernel[:, 0], both[:, 1] - both[:, 0])
    np.testing.assert_allclose(bias[0], biases[1] - biases[0])
    # one feature: linear discriminant analysis with even priors is the same rule
    lda = LinearDiscriminantAnalysis(priors=[0.5, 0.5]).fit(x[:, :1], y)
    kernel, bias = nearest_means(x[:, :1], y, TWO)
    found = x[:, 0] * kernel[0, 0] + bias[0] > 0
    np.testing.assert_array_equal(found, lda.predict(x[:, :1]) == 1)


def test_weights_are_copies_and_labels_are_pairs() -> None:
    x, y = clouds()
    times = np.random.default_rng(0).integers(1, 4, len(y))
    copies = np.repeat(np.arange(len(y)), times)
    for task, labels in (
        (THREE, y),
        (Task("multilabel", ("p", "q")), np.stack([y > 0, y == 1], 1).astype(np.int8)),
    ):
        weighed = nearest_means(x, labels, task, times)
        copied = nearest_means(x[copies], labels[copies], task)
        for one, other in zip(weighed, copied, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)
    kernel, _ = nearest_means(x, labels, task)
    known = labels.copy()
    known[:5, 0] = -1
    partly = nearest_means(x, known, task)
    np.testing.assert_allclose(partly[0][:, 1], kernel[:, 1])
    alone = nearest_means(x[5:], labels[5:, 0], TWO)
    np.testing.assert_allclose(partly[0][:, :1], alone[0])
    np.testing.assert_allclose(partly[1][:1], alone[1])


def test_a_class_without_rows_has_the_share_of_half_a_row() -> None:
    x, y = clouds()
    kernel, bias = nearest_means(x, y, Task("multiclass", ("a", "b", "c", "d")))
    assert (kernel[:, 3] == 0).all()
    z = x @ kernel + bias
    others = np.logaddexp.reduce(z[:, :3], axis=1)
    assert np.exp(bias[3] - others.mean()) == pytest.approx(0.5 / len(y))
    labels = np.stack([y > 0, np.zeros(len(y))], 1).astype(np.int8)
    kernel, bias = nearest_means(x, labels, Task("multilabel", ("p", "q")))
    assert (kernel[:, 1] == 0).all()
    assert bias[1] == pytest.approx(np.log(0.5 / len(y)))


def test_features_that_are_equal_are_refused() -> None:
    with pytest.raises(InputError, match="equal within every class"):
        nearest_means(np.ones((4, 2)), [0, 0, 1, 1], TWO)


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        ([[0.0], [np.nan]], [0, 1], "not finite"),
        ([[0.0], [1.0]], [0, 3], "class numbers"),
        ([[0.0], [1.0]], [0, 1, 2], "for 3 rows"),
        ([0.0, 1.0], [0, 1], "shape"),
    ],
)
def test_rows_that_do_not_fit_are_refused(x, y, says) -> None:
    with pytest.raises(InputError, match=says):
        nearest_means(x, y, THREE)


@pytest.mark.parametrize("kernel", [1.0, [1.0, 2.0], [[np.nan]]])
def test_weights_of_a_layer_are_a_matrix(kernel) -> None:
    with pytest.raises(InputError, match=r"finite numbers \[features, classes\]"):
        tau_normalised(kernel, 1.0)
