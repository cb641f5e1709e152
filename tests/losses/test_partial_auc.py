# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.losses import pairwise_auc_loss, partial_auc_loss
from equipoise.losses.partial_auc import lowest

RANDOM = np.random.default_rng(1)
T = (np.arange(120) % 3 == 0).astype(float)  # 40 positives, 80 negatives
Z = RANDOM.normal(size=120) + T


@pytest.mark.parametrize(("fpr", "tpr"), [(0.1, 0.0), (0.25, 0.5), (1.0, 0.75)])
def test_against_the_matrix_of_the_hard_examples(fpr: float, tpr: float) -> None:
    negatives = np.sort(Z[T < 1])[::-1][: round(80 * fpr)]
    positives = np.sort(Z[T > 0])[: round(40 * (1 - tpr))]
    gaps = np.maximum(1 - (positives[:, None] - negatives), 0)
    value = partial_auc_loss(T, Z, max_fpr=fpr, min_tpr=tpr)
    np.testing.assert_allclose(value, (gaps**2).mean(), rtol=1e-10)


def test_the_whole_curve_is_the_pairwise_loss() -> None:
    w = RANDOM.random(120)
    whole = partial_auc_loss(T, Z, w, max_fpr=1.0)
    np.testing.assert_allclose(whole, pairwise_auc_loss(T, Z, w), rtol=1e-10)


def test_an_example_at_the_edge_counts_in_part() -> None:
    mass = lowest(np.array([3.0, 1.0, 2.0]), np.array([0.5, 0.25, 0.25]), 0.4)
    np.testing.assert_allclose(mass, [0.0, 0.25, 0.15])
    t, z = np.array([1.0, 0, 0]), np.array([0.0, 1.0, 0.5])
    value = partial_auc_loss(t, z, max_fpr=0.75)
    np.testing.assert_allclose(value, (0.5 * 4 + 0.25 * 2.25) / 0.75)


def test_shares_of_each_leading_index() -> None:
    t, z = np.tile(T, (2, 1)), np.tile(Z, (2, 1))
    both = partial_auc_loss(t, z, max_fpr=np.array([0.1, 0.5]))
    for place, share in enumerate((0.1, 0.5)):
        alone = partial_auc_loss(T, Z, max_fpr=share)
        np.testing.assert_allclose(both[place], alone, rtol=1e-10)
