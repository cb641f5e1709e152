# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import tensorflow as tf

from equipoise.sampling.feeds.graph_noise import GraphNoise
from equipoise.sampling.noise import Noise, normals


def test_a_graph_makes_the_noise_of_numpy():
    @tf.function
    def noise(seeds):
        places = tf.cast(tf.range(500), tf.uint32)[None, :, None]
        columns = tf.constant(np.arange(4), tf.uint32)
        return normals(seeds[:, None, None], places, columns, GraphNoise)

    seeds = [7, 2**32 - 1]
    made = noise(tf.constant(seeds, tf.uint32)).numpy()
    for place, seed in enumerate(seeds):
        plain = Noise(seed, np.zeros(1, np.int32), np.ones(1, np.float32))
        np.testing.assert_allclose(
            made[place], plain.normals(np.arange(500), 4), atol=1e-6
        )
