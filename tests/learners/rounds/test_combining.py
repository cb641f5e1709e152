# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.learners.rounds.combining import (
    as_combination,
    class_shares,
    clipped,
    finished,
    terms,
)


def test_shares_of_two_classes_are_those_of_a_sigmoid():
    z = np.array([[-800.0], [-1.0], [0.0], [800.0]])
    p = class_shares(z)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-z[:, 0])))
    np.testing.assert_allclose(p.sum(axis=1), 1.0)


def test_shares_of_several_classes_are_a_softmax():
    z = np.random.default_rng(0).normal(size=(5, 4)) * 10
    powers = np.exp(z)
    np.testing.assert_allclose(
        class_shares(z), powers / powers.sum(axis=1, keepdims=True)
    )


def test_the_four_sums():
    p = [np.array([[0.3, 0.7]]), np.array([[0.9, 0.1]])]
    weights = [2.0, 1.0]

    def score(combination: str) -> float:
        kind = as_combination(combination)
        total = sum(w * terms(each, kind) for w, each in zip(weights, p, strict=True))
        return float(finished(total, 3.0, kind)[0, 0])

    assert score("vote") == pytest.approx(2.0 - 1.0)
    assert score("log") == pytest.approx(2 * np.log(0.7 / 0.3) + np.log(0.1 / 0.9))
    assert score("share") == pytest.approx(2 * 0.4 - 0.8)
    mean = (2 * 0.7 + 0.1) / 3
    assert score("mean") == pytest.approx(np.log(mean / (1 - mean)))


def test_of_several_classes_each_has_a_sum():
    p = np.array([[0.2, 0.5, 0.3]])
    assert finished(terms(p, "vote"), 1.0, "vote").tolist() == [[0.0, 1.0, 0.0]]
    np.testing.assert_allclose(finished(p, 1.0, "mean"), np.log(p))


def test_what_is_nearly_certain_is_clipped():
    p = clipped(np.array([[0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert p.min() == pytest.approx(1e-6, rel=1e-5)


def test_a_mean_of_zero_stays_finite():
    assert np.isfinite(finished(np.array([[1.0, 0.0]]), 1.0, "mean")).all()


def test_another_combination_is_refused():
    with pytest.raises(InputError, match="combination"):
        as_combination("votes")
