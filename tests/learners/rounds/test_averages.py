# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.learners.rounds.averages import (
    Bagging,
    SelfPaced,
    UnderBagging,
    bin_quotas,
    hardness_bins,
)


def test_bins_have_equal_width_and_the_greatest_is_in_the_last():
    hardness = np.array([0.0, 0.19, 0.21, 0.5, 0.79, 0.81, 1.0]) / 2 + 0.25
    assert hardness_bins(hardness, 5).tolist() == [0, 0, 1, 2, 3, 4, 4]
    assert hardness_bins(np.full(4, 0.3), 5).tolist() == [0] * 4


@pytest.mark.parametrize("factor", [0.0, 0.3, 5.0, 1e16])
@pytest.mark.parametrize("count", [1, 10, 57, 200])
def test_quotas_are_inverse_to_hardness_and_add_up(factor, count):
    hardness = np.random.default_rng(0).random(400) ** 3
    bins = hardness_bins(hardness, 10)
    quotas = bin_quotas(hardness, bins, factor, count)
    sizes = np.bincount(bins)
    assert sum(quotas) == count
    assert all(0 <= q <= size for q, size in zip(quotas, sizes, strict=True))
    means = np.bincount(bins, hardness) / sizes
    shares = 1 / (means + factor)
    expected = count * shares / shares.sum()
    if (expected < sizes).all():
        np.testing.assert_allclose(quotas, expected, atol=1.0)


def test_a_bin_that_is_short_is_made_up_for_in_proportion():
    hardness = np.array([0.0] * 2 + [0.5] * 50 + [1.0] * 50)
    quotas = bin_quotas(hardness, hardness_bins(hardness, 3), 0.1, 32)
    assert quotas[0] == 2
    # 1 / .6 to 1 / 1.1 of the other thirty
    assert quotas[1:] == [round(30 * 1.1 / 1.7), round(30 * 0.6 / 1.7)]


def test_self_paced_follows_its_algorithm(rows_of):
    rows = rows_of([0] * 60 + [1] * 6)
    random = np.random.default_rng(0)
    answers, fits = [], []

    def answer():
        p = np.clip(random.beta(1, 6, 66) + 0.5 * (rows.y == 1), 0.01, 0.99)
        answers.append(p)
        return np.stack([1 - p, p], axis=1)

    algorithm = SelfPaced(rows, {"members": 4, "bins": 5}, 1)
    rounds = algorithm.rounds()
    asked = next(rounds)
    try:
        while True:
            fits += asked
            asked = rounds.send([answer() for _ in asked])
    except StopIteration:
        pass
    assert [fit.share for fit in fits] == [0.0] + [0.25] * 4
    for number in range(1, 5):
        hardness = np.mean(answers[:number], axis=0)[:60]  # |F(x) - 0|
        bins = np.minimum(
            ((hardness - hardness.min()) / np.ptp(hardness) * 5).astype(int), 4
        )
        alpha = math.tan(number * math.pi / 8)
        weight = np.array(
            [
                1 / (hardness[bins == b].mean() + alpha) if (bins == b).any() else 0.0
                for b in range(5)
            ]
        )
        share = 6 * weight / weight.sum()
        places = fits[number].places
        assert np.bincount(rows.y[places]).tolist() == [6, 6]
        taken = np.bincount(bins[places[places < 60]], minlength=5)
        sizes = np.bincount(bins, minlength=5)
        if (share <= sizes).all():
            assert (np.abs(taken - share) < 1.0).all()
    # in the end every bin counts alike, as tan(pi / 2) is beyond all hardness
    assert math.tan(math.pi / 2) > 1e15


def test_the_members_of_under_bagging_are_shifted_by_the_rate(rows_of):
    rows = rows_of([0] * 60 + [1] * 6 + [2] * 12, classes=3)
    (fits,) = UnderBagging(rows, {"members": 3, "ratio": 0.5}, 0).rounds()
    assert len(fits) == 3
    for fit in fits:
        assert np.bincount(rows.y[fit.places]).tolist() == [12, 6, 12]
        np.testing.assert_allclose(fit.shift, -np.log([12 / 60, 1.0, 1.0]))
    assert sum(fit.share for fit in fits) == pytest.approx(1.0)


def test_bootstrap_samples_are_drawn_within_each_class(rows_of):
    rows = rows_of([0] * 40 + [1] * 10, stop=5)
    (fits,) = Bagging(rows, {"members": 5}, 0).rounds()
    for fit in fits:
        assert fit.weights is not None
        total = fit.weights / fit.weights.min()  # the least count is 1
        counts = np.bincount(rows.y[fit.places], np.round(total))
        assert counts.tolist() == [40, 10]
        assert len(fit.places) < 50
