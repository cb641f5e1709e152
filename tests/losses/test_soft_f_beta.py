# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import fbeta_score

from equipoise.losses import soft_f_beta_loss

RANDOM = np.random.default_rng(1)
T = (RANDOM.random(50) < 0.3).astype(float)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_of_hard_decisions_it_is_the_score(beta: float) -> None:
    decided = RANDOM.random(50) < 0.4
    value = soft_f_beta_loss(T, np.where(decided, 60.0, -60.0), recall_weight=beta)
    expected = 1 - fbeta_score(T, decided, beta=beta)
    np.testing.assert_allclose(value, expected, rtol=1e-10)
