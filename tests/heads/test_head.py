# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.heads import Head
from equipoise.priors import Correction, softmax
from equipoise.strategies.strategy import Strategy
from equipoise.task import Task

TASK = Task("multiclass", ("a", "b", "c"))
KERNEL = np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])
BIAS = np.array([0.1, -0.2, 0.3])
X = np.array([[1.0, 2.0], [-3.0, 0.5]])


def test_logits_are_a_last_layer_and_scores_are_corrected() -> None:
    correction = Strategy(sampling="balanced").correction([60, 30, 10])
    head = Head("mine", KERNEL, BIAS, correction, TASK)
    logits = X @ KERNEL + BIAS
    np.testing.assert_allclose(head.logits(X), logits)
    # drawn alike, the logit of c is too high by -log n_c
    shares = np.array([0.6, 0.3, 0.1])
    expected = softmax(logits + np.log(shares))
    np.testing.assert_allclose(head.probability(X), expected, rtol=1e-12)
    np.testing.assert_allclose(softmax(head.log_odds(X)), expected, rtol=1e-12)


def test_one_logit() -> None:
    task = Task("binary", ("no", "yes"))
    head = Head("mine", KERNEL[:, :1], BIAS[:1], Correction(), task)
    logits = X @ KERNEL[:, 0] + BIAS[0]
    np.testing.assert_allclose(head.log_odds(X)[:, 0], logits)
    np.testing.assert_allclose(head.probability(X)[:, 1], 1 / (1 + np.exp(-logits)))


@pytest.mark.parametrize("wrong", [X[:, :1], X[0], np.ones((2, 3))])
def test_other_features_are_refused(wrong: np.ndarray) -> None:
    head = Head("mine", KERNEL, BIAS, Correction((0.0,) * 0 or 0.0), TASK)
    with pytest.raises(InputError, match=r"\[rows, 2\]"):
        head.logits(wrong)
