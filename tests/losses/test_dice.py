# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy.special import expit

from equipoise.losses import Dice, dice_loss, soft_f_beta_loss, tversky_loss

RANDOM = np.random.default_rng(1)
T = (RANDOM.random((50, 2)) < 0.3).astype(float)
Z = RANDOM.normal(size=(50, 2)) * 2


def test_against_keras_of_probabilities() -> None:
    theirs = keras.losses.Dice(axis=0)(T, expit(Z).astype("float32"))
    assert float(Dice()(T, Z)) == pytest.approx(float(theirs), rel=1e-4)


def test_its_relatives() -> None:
    value = dice_loss(T[:, 0], Z[:, 0])
    np.testing.assert_allclose(value, tversky_loss(T[:, 0], Z[:, 0]))
    np.testing.assert_allclose(value, soft_f_beta_loss(T[:, 0], Z[:, 0]))
