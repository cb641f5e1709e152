# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import tensorflow as tf

from equipoise.losses import pairwise_auc_loss
from equipoise.losses.views import mean_over_views

RANDOM = np.random.default_rng(0)


def test_each_view_is_the_loss_alone_with_its_member_s_margin() -> None:
    t = (RANDOM.random((2, 12, 3)) < 0.4).astype(float)
    t[1, :, 2] = 1.0  # a view with one class
    z, w = RANDOM.normal(size=(2, 12, 3)), RANDOM.random((2, 12, 3))
    margins = np.array([0.5, 1.5])
    values = mean_over_views(
        pairwise_auc_loss, t, tf.constant(z), w, margin=tf.constant(margins)
    ).numpy()
    for member, judged in ((0, 3), (1, 2)):
        each = [
            pairwise_auc_loss(
                t[member, :, j],
                tf.constant(z[member, :, j]),
                w[member, :, j],
                margin=float(margins[member]),
            ).numpy()
            for j in range(judged)
        ]
        np.testing.assert_allclose(values[member], np.mean(each), rtol=1e-12)


def test_weights_of_examples_serve_all_views() -> None:
    t = np.eye(3)[RANDOM.integers(0, 3, 10)]
    z, w = tf.constant(RANDOM.normal(size=(10, 3))), RANDOM.random(10)
    one = mean_over_views(pairwise_auc_loss, t, z, w)
    other = mean_over_views(pairwise_auc_loss, t, z, np.repeat(w[:, None], 3, axis=1))
    assert float(one) == float(other) > 0


def test_weight_0_is_absence() -> None:
    t = np.array([[1.0, 0], [0, 1], [0, 1]])
    z = tf.constant([[0.0, 1], [1, 0], [0.5, 0]])
    some = mean_over_views(pairwise_auc_loss, t, z, np.array([0.0, 1, 1]))
    assert float(some) == 0
