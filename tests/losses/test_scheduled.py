# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.losses import LDAM, ClassWeighted, CrossEntropy, Focal, Scheduled

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3)).astype("float32")
Y = (X[:, 0] > 0.7).astype("int32") + (X[:, 0] > 1.4)


def trained(loss: Any, epochs: int, callbacks: Any = (), first: int = 0) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(3, kernel_initializer="ones")]
    )
    model.compile(keras.optimizers.SGD(0.3), loss)
    options = {"batch_size": 30, "shuffle": False, "verbose": 0}
    model.fit(
        X, Y, **options, epochs=epochs, initial_epoch=first, callbacks=[*callbacks]
    )
    return model


@pytest.mark.parametrize(("unit", "start"), [("epoch", 2), ("step", 4)])
def test_deferred_weights_are_two_trainings_after_each_other(
    unit: Any, start: int
) -> None:
    margins = LDAM([0.7, 0.2, 0.1], link="softmax")
    heavy = ClassWeighted(margins, [1.0, 3.0, 6.0])
    loss = Scheduled([margins, heavy], [start], unit)
    model = trained(loss, 5, [loss.callback()])
    assert loss.place == 1
    by_hand = trained(margins, 2)
    by_hand.compile(keras.optimizers.SGD(0.3), heavy)
    by_hand.fit(X, Y, batch_size=30, shuffle=False, verbose=0, epochs=3)
    for ours, theirs in zip(model.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_training_that_goes_on_begins_with_the_loss_of_its_epoch() -> None:
    loss = Scheduled([CrossEntropy(link="softmax"), Focal(link="softmax")], [3])
    trained(loss, 5, [loss.callback()], first=4)
    assert loss.place == 1


def test_config_and_link() -> None:
    loss = Scheduled([CrossEntropy(link="softmax"), Focal(link="softmax")], [3])
    again = Scheduled.from_config(loss.get_config())
    assert again.get_config() == loss.get_config()
    loss.advance(3)
    z = RANDOM.normal(size=(4, 3))
    np.testing.assert_allclose(loss.link(z), Focal(link="softmax").link(z))
    assert np.shape(loss.call(Y[:4], z)) == (4,)


def test_what_is_refused() -> None:
    for starts in ([], [1, 2], [-1]):
        with pytest.raises(InputError):
            Scheduled([CrossEntropy(), Focal()], starts)
    with pytest.raises(InputError, match="ascending"):
        Scheduled([CrossEntropy(), Focal(), CrossEntropy()], [4, 4])
    with pytest.raises(InputError, match="unit"):
        Scheduled([CrossEntropy(), Focal()], [4], "batch")
