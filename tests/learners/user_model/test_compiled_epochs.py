# SPDX-License-Identifier: Apache-2.0
"""A compiled epoch makes the updates of `keras.Model.fit`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from equipoise import losses
from equipoise.learners.user_model.compiled_epochs import GraphEpochs, trains_as_usual

STEPS, BATCH = 6, 32


def build() -> Any:
    """Batch normalisation, a regulariser, and no chance."""

    def start() -> Any:
        return keras.initializers.GlorotUniform(3)

    return keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(8, "relu", kernel_initializer=start()),
            keras.layers.BatchNormalization(momentum=0.8),
            keras.layers.Dense(
                1,
                kernel_initializer=start(),
                kernel_regularizer=keras.regularizers.L2(),
            ),
        ]
    )


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("name", ["cross_entropy", "pairwise_auc"])
def test_it_is_fit(name: str, weighted: bool) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(STEPS * BATCH, 5)).astype(np.float32)
    y = (random.random(STEPS * BATCH) < 0.3).astype(np.float32)
    weights = random.uniform(0.5, 2.0, len(y)).astype(np.float32) if weighted else None
    given = {"reduction": "sum_over_batch_size"} if name == "cross_entropy" else {}
    usual, ours = build(), build()
    usual.compile(keras.optimizers.Adam(0.01), losses.get(name).keras(**given))
    epochs = GraphEpochs(ours, keras.optimizers.Adam(0.01))
    loss = losses.get(name).keras(**given)
    for _ in range(3):
        usual.fit(
            x,
            y[:, None],
            sample_weight=weights,
            batch_size=BATCH,
            shuffle=False,
            verbose=0,
        )
        epochs.train(loss, x, y, weights, BATCH)
    for one, other in zip(usual.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)
    np.testing.assert_allclose(
        epochs.logits(x), usual.predict(x, verbose=0)[:, 0], atol=1e-4
    )


def test_a_training_step_of_its_own_is_respected() -> None:
    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    assert trains_as_usual(build())
    assert not trains_as_usual(Own())
