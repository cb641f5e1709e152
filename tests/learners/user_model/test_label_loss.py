# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from equipoise import losses
from equipoise.learners.user_model.label_loss import LabelLoss
from equipoise.losses.views import mean_over_views

RANDOM = np.random.default_rng(0)
Y = (RANDOM.random((12, 3)) < 0.4).astype(float)
W = RANDOM.random((12, 3)) * (RANDOM.random((12, 3)) < 0.8)
Z = RANDOM.normal(size=(12, 3))
PACKED = np.concatenate([Y, W], axis=1)


@pytest.mark.parametrize("prior", [0.2, [0.1, 0.2, 0.6]])
def test_an_example_loss_is_the_sum_of_the_labels_own(prior) -> None:
    function, options = losses.get("logit_adjusted").function, {"prior": prior}
    value = float(LabelLoss("example", function, options, "float64")(PACKED, Z))
    each = [
        W[:, j]
        @ function(Y[:, j], Z[:, j], prior=float(np.broadcast_to(prior, 3)[j])).numpy()
        / 12
        for j in range(3)
    ]
    assert value == pytest.approx(sum(each), rel=1e-12)


def test_a_set_loss_is_the_mean_over_the_labels() -> None:
    function = losses.get("pairwise_auc").function
    loss = LabelLoss("set", function, {"margin": 0.7}, "float64")
    expected = float(mean_over_views(function, Y, tf.constant(Z), W, margin=0.7))
    assert float(loss(PACKED, Z)) == pytest.approx(expected, rel=1e-12)


def test_a_weight_of_0_has_no_slope() -> None:
    loss = LabelLoss("example", losses.get("cross_entropy").function, {}, "float64")
    z = tf.constant(Z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = loss(PACKED, z)
    assert (tape.gradient(value, z).numpy() == 0)[W == 0].all()
