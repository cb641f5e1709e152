# SPDX-License-Identifier: Apache-2.0
"""Steps of boosting against the formulas of the papers, written out row by row."""

from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.learners.rounds.combining import LEAST_SHARE
from equipoise.learners.rounds.steps import (
    adaboost_m2,
    mistaken_pairs,
    samme,
    samme_r,
    scaled_by,
)


def said(rows: int, classes: int, seed: int = 0) -> np.ndarray:
    p = np.random.default_rng(seed).random((rows, classes))
    return p / p.sum(axis=1, keepdims=True)


def labels(rows: int, classes: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, classes, rows)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("shrinkage", [1.0, 0.3])
def test_samme_is_algorithm_2_of_zhu(classes, shrinkage):
    y, p = labels(40, classes), said(40, classes)
    p[np.arange(20), y[:20]] += 2.0  # right for half of the rows
    w = np.random.default_rng(2).random(40)
    step = samme(w, y, p, shrinkage)
    error, total = 0.0, 0.0
    for i in range(40):
        total += w[i]
        if int(np.argmax(p[i])) != y[i]:
            error += w[i]
    error /= total
    alpha = shrinkage * (math.log((1 - error) / error) + math.log(classes - 1))
    expected = [
        w[i] * math.exp(alpha * (int(np.argmax(p[i])) != y[i])) for i in range(40)
    ]
    assert step.share == pytest.approx(alpha, rel=1e-12)
    np.testing.assert_allclose(
        step.weights, np.array(expected) / sum(expected), rtol=1e-12
    )
    assert not step.end


def test_samme_ends_at_no_error_and_at_chance():
    y = np.array([0, 1, 0, 1])
    right = np.eye(2)[y]
    assert samme(np.ones(4), y, right).end == "no error"
    assert samme(np.ones(4), y, right).share == 1.0
    half = right.copy()
    half[:2] = half[:2, ::-1]
    chance = samme(np.ones(4), y, half)
    assert (chance.end, chance.share) == ("no better than chance", 0.0)
    # with three classes an error of .6 is still better than chance
    three = np.array([0, 0, 0, 1, 1])
    p = np.eye(3)[np.array([0, 2, 2, 1, 2])]
    assert samme(np.ones(5), three, p).share == pytest.approx(
        math.log(0.4 / 0.6) + math.log(2)
    )


@pytest.mark.parametrize("classes", [2, 4])
def test_samme_r_is_algorithm_4_of_zhu(classes):
    y, p = labels(30, classes), said(30, classes)
    w = np.random.default_rng(2).random(30)
    step = samme_r(w, y, p, 0.7)
    expected = np.empty(30)
    for i in range(30):
        exponent = 0.0
        for k in range(classes):
            coded = 1.0 if k == y[i] else -1.0 / (classes - 1)
            exponent += coded * math.log(p[i, k])
        expected[i] = w[i] * math.exp(-0.7 * (classes - 1) / classes * exponent)
    np.testing.assert_allclose(step.weights, expected / expected.sum(), rtol=1e-11)
    assert step.share == 0.7


def test_samme_r_by_hand():
    # K = 2: w exp(-1/2 (log p_y - log p_other)) = w sqrt(p_other / p_y)
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.6, 0.4]])
    y = np.array([0, 0, 1, 1])
    raw = np.sqrt([0.1 / 0.9, 0.8 / 0.2, 1.0, 0.6 / 0.4])
    step = samme_r(np.full(4, 0.25), y, p)
    np.testing.assert_allclose(step.weights, raw / raw.sum(), rtol=1e-12)


def test_a_sure_mistake_is_clipped_and_leaves_no_row_without_weight():
    p = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    step = samme_r(np.full(3, 1 / 3), np.array([0, 1, 1]), p)
    assert np.isfinite(step.weights).all()
    assert (step.weights > 0).all()
    ratio = step.weights[1] / step.weights[0]
    assert ratio == pytest.approx(
        (1 + LEAST_SHARE - LEAST_SHARE) / LEAST_SHARE, rel=1e-5
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_adaboost_m2_is_figure_5_of_freund_and_schapire(classes):
    y, p = labels(25, classes), said(25, classes)
    p[np.arange(25), y] += 1.0
    p /= p.sum(axis=1, keepdims=True)
    first = np.random.default_rng(3).random(25)
    w = mistaken_pairs(first, y, classes)
    np.testing.assert_allclose(w.sum(axis=1), first)
    w *= np.random.default_rng(4).uniform(0.5, 2.0, w.shape)
    step = adaboost_m2(w, y, p)
    loss, total = 0.0, w.sum()
    for i in range(25):
        row = w[i].sum()
        wrong = sum(w[i, k] / row * p[i, k] for k in range(classes) if k != y[i])
        loss += 0.5 * row / total * (1 - p[i, y[i]] + wrong)
    beta = loss / (1 - loss)
    expected = np.zeros_like(w)
    for i in range(25):
        for k in range(classes):
            if k != y[i]:
                power = 0.5 * (1 + p[i, y[i]] - p[i, k])
                expected[i, k] = w[i, k] * beta**power
    assert step.error == pytest.approx(loss, rel=1e-12)
    assert step.share == pytest.approx(math.log(1 / beta), rel=1e-12)
    np.testing.assert_allclose(step.weights, expected / expected.sum(), rtol=1e-11)


def test_two_classes_of_m2_are_figure_1_of_seiffert():
    y, p = labels(20, 2), said(20, 2)
    p[np.arange(20), y] += 0.6
    p /= p.sum(axis=1, keepdims=True)
    d = np.full(20, 1 / 20)
    pairs = mistaken_pairs(d, y, 2)
    step = adaboost_m2(pairs, y, p)
    real, other = p[np.arange(20), y], p[np.arange(20), 1 - y]
    loss = 0.5 * float((d * (1 - real + other)).sum())
    alpha = loss / (1 - loss)
    expected = d * alpha ** (0.5 * (1 + real - other))
    np.testing.assert_allclose(
        step.weights.sum(axis=1), expected / expected.sum(), rtol=1e-12
    )


def test_m2_ends_at_chance():
    y = np.array([0, 1])
    pairs = mistaken_pairs(np.ones(2), y, 2)
    assert adaboost_m2(pairs, y, np.full((2, 2), 0.5)).end == "no better than chance"
    assert adaboost_m2(pairs, y, np.eye(2)).end == "no error"


def test_weights_survive_exponents_of_thousands():
    weights = scaled_by(np.array([0.5, 0.5, 0.0]), np.array([3000.0, 2999.0, 1.0]))
    np.testing.assert_allclose(
        weights, np.array([math.e, 1.0, 0.0]) / (math.e + 1), rtol=1e-9
    )
