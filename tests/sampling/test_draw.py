# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise.sampling.draw import Draw


def test_targets_of_a_mixed_draw():
    draw = Draw(
        np.array([[0, 1]], np.int32),
        np.array([[1, 1]], np.int32),
        np.array([[0.25, 0.5]], np.float32),
    )
    found = draw.targets([0, 1])
    assert found.tolist() == [[0.25, 1.0]]
    assert found.dtype == np.float32
