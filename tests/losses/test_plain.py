# SPDX-License-Identifier: Apache-2.0
"""A class around a function gives what the class of its own gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise import losses
from equipoise.losses.plain import keras_class

T = (np.arange(20) % 4 == 0).astype(float)
Z = np.random.default_rng(0).normal(size=20)


@pytest.mark.parametrize(
    ("name", "options"),
    [("focal", {"gamma": 1.5}), ("pairwise_auc", {"margin": 0.5})],
)
def test_it_is_the_loss(name: str, options: dict[str, Any]) -> None:
    spec = losses.get(name)
    plain = keras_class(name, spec.kind, spec.function, spec.options)
    one, other = (
        plain(**options, dtype="float64"),
        spec.keras(**options, dtype="float64"),
    )
    weights = np.linspace(0.5, 2.0, 20)
    assert float(one(T, Z, weights)) == float(other(T, Z, weights))
    assert one.name == name
    assert one.options == {**spec.options, **options}
