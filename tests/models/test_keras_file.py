# SPDX-License-Identifier: Apache-2.0
"""Sound networks pass the check; what is refused stands in `tests/test_models.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import BundleError
from equipoise.models import check_keras_file

# Keras itself meets NumPy's new keyword when it writes variables.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


def convolutional() -> Any:
    import keras

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.RandomFlip(),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="gelu", kernel_regularizer="l2"),
            keras.layers.BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )


def functional() -> Any:
    import keras

    entry = keras.Input((10,))
    left = keras.layers.Dense(5, activation=keras.activations.silu)(entry)
    right = keras.layers.Dense(5, kernel_constraint="max_norm")(entry)
    joined = keras.ops.expand_dims(keras.layers.Add()([left, right]) * 2, 1)
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    return keras.Model(
        entry, keras.layers.Dense(1)(inner(keras.layers.LSTM(4)(joined)))
    )


def texts() -> Any:
    import keras

    entry = keras.Input((12,), dtype="int32")
    found = keras.layers.Embedding(50, 8)(entry)
    found = keras.layers.MultiHeadAttention(2, 4)(found, found)
    found = keras.layers.LayerNormalization()(found)
    return keras.Model(entry, keras.layers.Dense(1)(keras.layers.Flatten()(found)))


SHAPES = {convolutional: (8, 8, 1), functional: (10,), texts: (12,)}


@pytest.mark.parametrize("build", SHAPES, ids=lambda build: build.__name__)
def test_usual_networks_pass(build: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    build().save(path)
    check_keras_file(path.read_bytes(), "own", SHAPES[build])
    check_keras_file(path.read_bytes(), "own")


def test_no_weight_of_a_checked_file_ever_gets_values(tmp_path: Path) -> None:
    """Keras would make them when the next model is built, of whatever size."""
    import keras

    calls = []

    @keras.saving.register_keras_serializable("counted")
    class Counted(keras.initializers.Zeros):  # type: ignore[misc]  # Keras is untyped
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            calls.append(shape)
            return super().__call__(shape, dtype)

    layer = keras.layers.Dense(1, kernel_initializer=Counted())
    keras.Sequential([keras.Input((3,)), layer]).save(tmp_path / "m.keras")
    assert calls == [(3, 1)]
    check_keras_file((tmp_path / "m.keras").read_bytes(), "own", (3,))
    with keras.StatelessScope():  # as Keras does for many layers
        pass
    assert calls == [(3, 1)]


def test_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    functional().save(path)
    with pytest.raises(BundleError, match=r"inputs \[\(10,\)\] in place of \(9,\)"):
        check_keras_file(path.read_bytes(), "own", (9,))


def test_several_inputs_are_refused(tmp_path: Path) -> None:
    import keras

    entries = [keras.Input((2,)), keras.Input((2,))]
    model = keras.Model(entries, keras.layers.Dense(1)(keras.layers.Add()(entries)))
    model.save(tmp_path / "m.keras")
    with pytest.raises(BundleError, match="a model with the inputs"):
        check_keras_file((tmp_path / "m.keras").read_bytes(), "own", (2,))


def test_a_layer_is_no_model(tmp_path: Path) -> None:
    import io
    import json
    import zipfile

    import keras

    functional().save(tmp_path / "m.keras")
    layer = keras.saving.serialize_keras_object(keras.layers.Dense(1))
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(tmp_path / "m.keras") as source,
        zipfile.ZipFile(stream, "w") as target,
    ):
        for name in source.namelist():
            text = source.read(name)
            target.writestr(name, json.dumps(layer) if name == "config.json" else text)
    with pytest.raises(BundleError, match="holds a Dense"):
        check_keras_file(stream.getvalue(), "own")
