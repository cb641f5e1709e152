# SPDX-License-Identifier: Apache-2.0
"""The average of networks."""

from __future__ import annotations

import numpy as np

from equipoise.priors import log_odds, probability, softmax
from equipoise.training.average import average_log_odds


def test_it_is_the_log_odds_of_the_mean_probability() -> None:
    z = np.random.default_rng(0).normal(0, 3, (5, 40))
    expected = log_odds(probability(z).mean(axis=0))
    np.testing.assert_allclose(average_log_odds(z), expected, rtol=1e-10)


def test_one_network_is_left_as_it_is() -> None:
    z = np.array([-800.0, 0.1, 800.0])
    np.testing.assert_array_equal(average_log_odds([z]), z)


def test_far_tails_keep_their_digits() -> None:
    np.testing.assert_allclose(average_log_odds([[-700.0], [-700.0]]), [-700.0])
    np.testing.assert_allclose(average_log_odds([[700.0], [700.0]]), [700.0])


def test_the_mean_softmax_of_several_classes() -> None:
    z = np.random.default_rng(0).normal(size=(3, 7, 5)) * 3
    average = average_log_odds(list(z), "softmax")
    np.testing.assert_allclose(np.exp(average), softmax(z).mean(axis=0), rtol=1e-12)
    far = average_log_odds([[[900.0, 0.0]], [[0.0, 900.0]]], "softmax")
    np.testing.assert_allclose(far, np.log([[0.5, 0.5]]))
    np.testing.assert_array_equal(average_log_odds([z[0]], "softmax"), z[0])
