# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from equipoise.losses import pairwise_hinge_loss

RANDOM = np.random.default_rng(1)
T = (RANDOM.random(80) < 0.3).astype(float)
Z = RANDOM.normal(size=80) + T


def test_against_the_matrix_with_weights_and_ties() -> None:
    z, w = np.round(Z, 1), RANDOM.random(80)
    gaps = np.maximum(0.5 - (z[T > 0][:, None] - z[T < 1]), 0)
    pairs = w[T > 0][:, None] * w[T < 1]
    value = pairwise_hinge_loss(T, z, w, margin=0.5)
    np.testing.assert_allclose(value, (pairs * gaps).sum() / pairs.sum(), rtol=1e-10)


def test_it_bounds_the_area_above_the_curve() -> None:
    assert float(pairwise_hinge_loss(T, Z)) >= 1 - roc_auc_score(T, Z)
    tiny = float(pairwise_hinge_loss(T, Z * 1e4, margin=1.0)) / 1e4
    assert tiny < float(pairwise_hinge_loss(T, Z))
