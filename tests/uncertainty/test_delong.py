# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.metrics import roc_auc
from equipoise.uncertainty import (
    delong_covariance,
    delong_variance,
    placements,
    roc_auc_influence,
)


def pairwise(y, scores):
    """DeLong's covariance from the matrix of all pairs, as in the paper."""
    kernel = [
        np.heaviside(s[y == 1][:, None] - s[y == 0][None, :], 0.5) for s in scores
    ]
    by_positive = np.array([k.mean(1) for k in kernel])
    by_negative = np.array([k.mean(0) for k in kernel])
    return (
        np.array([k.mean() for k in kernel]),
        np.cov(by_positive) / by_positive.shape[1]
        + np.cov(by_negative) / by_negative.shape[1],
    )


def test_equals_the_pairwise_form_with_ties() -> None:
    random = np.random.default_rng(0)
    for _ in range(40):
        y = np.r_[0, 0, 1, 1, random.integers(0, 2, 40)]
        scores = np.round(random.normal(size=(3, 44)) + y, 1)
        area, covariance = delong_covariance(y, scores)
        expected_area, expected = pairwise(y, scores)
        assert area == pytest.approx(expected_area)
        assert covariance == pytest.approx(expected)
        one, variance = delong_variance(y, scores[0])
        assert (one, variance) == pytest.approx((expected_area[0], expected[0, 0]))
        assert roc_auc_influence(y, scores[0]).variance() == pytest.approx(variance)


def test_placements_average_to_the_area(cases) -> None:
    for y, score, weights in cases(40):
        p = placements(y, score, weights)
        area = roc_auc(y, score, weights)
        assert p.auc == pytest.approx(area)
        assert np.sum(p.positive * p.positive_weight) == pytest.approx(area)
        assert np.sum(p.negative * p.negative_weight) == pytest.approx(area)


def test_a_missing_class_or_a_single_row_is_nan() -> None:
    assert np.isnan(delong_variance([1, 1], [0.1, 0.2])).all()
    area, variance = delong_variance([1, 0, 0], [0.5, 0.1, 0.9])
    assert area == 0.5
    assert np.isnan(variance)


def test_equal_weights_change_nothing() -> None:
    random = np.random.default_rng(1)
    y, score = random.integers(0, 2, 30), random.random(30)
    plain = delong_variance(y, score)
    assert delong_variance(y, score, np.full(30, 7.0)) == pytest.approx(plain)


@pytest.mark.parametrize("scores", [0.5, [0.1, 0.2], np.empty((0, 2))])
def test_scores_of_several_arms_are_a_matrix(scores) -> None:
    with pytest.raises(InputError, match=r"\[arms, rows\]"):
        delong_covariance([0, 1], scores)
