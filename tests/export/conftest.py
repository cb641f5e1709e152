# SPDX-License-Identifier: Apache-2.0
"""A layer as it is used: from a file, and as a graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def reloaded(tmp_path: Path) -> Callable[[Any, tuple[int, ...]], Any]:
    """Return a model of one layer, from a `.keras` file."""

    def load(layer: Any, shape: tuple[int, ...]) -> Any:
        import keras

        entry = keras.Input(shape, dtype="float64")
        output = layer(entry)
        model = keras.Model(entry, output)
        model.save(tmp_path / "m.keras")
        again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
        assert again.output.shape == output.shape
        assert again.output.dtype == output.dtype
        return again

    return load


@pytest.fixture
def traced() -> Callable[[Any], Any]:
    """Return a layer as a graph, whose optimiser may reorder what it computes."""

    def trace(layer: Any) -> Any:
        import tensorflow as tf

        return tf.function(lambda x: layer(tf.convert_to_tensor(x)), autograph=False)

    return trace
