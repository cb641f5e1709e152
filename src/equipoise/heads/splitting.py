# SPDX-License-Identifier: Apache-2.0
"""A Keras model in two: what makes the features, and the last layer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.types import Float32Array, FloatArray
from equipoise.errors import InputError, InputTypeError

SCORED_AT_ONCE = 256
"""Rows whose features are computed at once."""

LOOKED_AT = 2
"""Rows by which the last layer is told from others."""

_REMEDY = "End it with keras.layers.Dense(CLASSES), whose input are the features"


@dataclass(frozen=True, eq=False)
class FeatureSplit:
    """A model, and which of its layers is the last.

    Attributes:
        model: The Keras model.
        last: Its last layer, a `keras.layers.Dense` without an activation: the output
            is `features @ kernel + bias`.
        trained: Whether the last layer has the weights that it had in the model; false
            if it replaces what came after the features.
    """

    model: Any
    last: Any
    trained: bool = True

    @property
    def kernel(self) -> FloatArray:
        """The weights of the last layer, `[width, outputs]`."""
        return np.asarray(self.last.kernel.numpy(), np.float64)

    @property
    def bias(self) -> FloatArray:
        """The bias of the last layer, `[outputs]`."""
        return np.asarray(self.last.bias.numpy(), np.float64)

    @property
    def width(self) -> int:
        """How many features there are."""
        return int(self.last.kernel.shape[0])

    def features(self, x: Any) -> Float32Array:
        """Return what the last layer is given for each row, `[rows, width]`.

        The model runs as it does when it predicts: dropout drops nothing, and batch
        normalisation uses the means and variances that it has learned.

        Args:
            x: `[rows, ...]` what the model takes; of several inputs a tuple, list or
                dictionary of arrays, as the model has them.

        Raises:
            InputError: It is one array for a model of several inputs.
        """
        import keras
        import tensorflow as tf

        rows = _rows_for(self.model, x)
        blocks = [
            np.asarray(self._traced(keras.tree.map_structure(tf.constant, block)))
            for block in _blocks(rows)
        ]
        return np.concatenate([np.empty((0, self.width)), *blocks]).astype(np.float32)

    def put_back(self, kernel: npt.ArrayLike, bias: npt.ArrayLike) -> Any:
        """Give the last layer other weights, and return the model.

        Args:
            kernel: `[width, outputs]`.
            bias: `[outputs]`.

        Returns:
            The model itself, which is changed: it gives the new head's logits.

        Raises:
            InputError: A shape is another.
        """
        for name, value in {"kernel": kernel, "bias": bias}.items():
            shape, needed = np.shape(value), tuple(getattr(self.last, name).shape)
            if shape != needed:
                raise InputError(sentence(f"{name} of shape {shape}", f"{needed}"))
        self.last.kernel.assign(np.asarray(kernel, np.float32))
        self.last.bias.assign(np.asarray(bias, np.float32))
        return self.model

    @cached_property
    def _traced(self) -> Any:
        import tensorflow as tf

        def features(rows: Any) -> Any:
            with _recorded(self.last) as calls:
                self.model(rows, training=False)
            return calls[0][0]

        return tf.function(features, autograph=False, reduce_retracing=True)


def split_at_features(
    model: Any, x: Any = None, features: str | None = None
) -> FeatureSplit:
    """Find the last layer of a model: the `Dense` that makes the output.

    It is the one whose output, whatever it is, is the model's. So the model may be
    sequential, functional or a class of your own, and the layer may lie inside a model
    in the model.

    Args:
        model: A Keras model with one logit per row, or several.
        x: `[rows, ...]` some rows that the model takes, two are enough; of several
            inputs a tuple, list or dictionary of arrays. None if the model has one
            input layer: then rows are made up.
        features: The name of the layer whose output are the features. A new last layer
            takes the place of all that follows it, and has yet to be trained. None: the
            input of the last layer.

    Raises:
        InputTypeError: The model is not a Keras model.
        InputError: The output is not that of a `Dense` layer with a bias, there is no
            layer of that name, or x has no rows; the message says what to do.

    Example:
        >>> import keras
        >>> hidden = keras.layers.Dense(4, activation="relu")
        >>> layers = [keras.Input((3,)), hidden, keras.layers.Dense(2)]
        >>> split = split_at_features(keras.Sequential(layers))
        >>> split.features(np.ones((5, 3))).shape, split.kernel.shape
        ((5, 4), (4, 2))
    """
    import keras

    if not isinstance(model, keras.Model):
        raise InputTypeError(
            sentence(
                f"a model of type {type(model).__name__}",
                "a keras.Model",
                "Call your function first: split_at_features(build()).",
            )
        )
    if features is not None:
        return _cut(model, features)
    rows = _some_rows(model) if x is None else _first_rows(model, x)
    for layer in reversed(_dense_layers(model)):
        with _recorded(layer) as calls:
            output = model(rows, training=False)
        if len(calls) == 1 and _is_output(model, layer, rows, output, calls[0][1]):
            _require_plain(layer, np.shape(calls[0][0]))
            return FeatureSplit(model, layer)
    raise InputError(
        sentence(
            f"the model {model.name!r}, whose output is not that of a Dense layer",
            "a model that ends in keras.layers.Dense",
            f"{_REMEDY}; or pass features=NAME, the name of the layer that makes them, "
            "to split_at_features.",
        )
    )


def _cut(model: Any, name: str) -> FeatureSplit:
    """Return a model with a new last layer after a layer of a name."""
    import keras

    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise InputError(
            sentence(
                f"features={name!r} with the model {model.name!r}, which has no graph "
                "of layers",
                "a sequential or functional model with an input layer",
                f"{_REMEDY}; features=None then finds it.",
            )
        )
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise InputError(
            sentence(f"features={name!r}", listing(names), nearest(name, names))
        )
    made = model.get_layer(name).output
    if not hasattr(made, "shape") or len(made.shape) != 2 or made.shape[1] is None:
        raise InputError(
            sentence(
                f"features={name!r}, a layer with an output of shape "
                f"{getattr(made, 'shape', 'unknown')}",
                "[rows, features]",
                "Name a layer after Flatten or GlobalAveragePooling.",
            )
        )
    if len(model.outputs) != 1:
        raise InputError(
            sentence(
                f"features={name!r} with the model {model.name!r} of "
                f"{len(model.outputs)} outputs",
                "a model with one output",
            )
        )
    last = keras.layers.Dense(model.outputs[0].shape[-1])
    form = inputs if isinstance(model, keras.Sequential) else model.input
    return FeatureSplit(keras.Model(form, last(made)), last, trained=False)


def _dense_layers(model: Any) -> list[Any]:
    """Return the dense layers of a model and of all models in it, in their order."""
    import keras

    layers: list[Any] = []
    for layer in getattr(model, "layers", []):
        if isinstance(layer, keras.layers.Dense):
            layers.append(layer)
        layers += _dense_layers(layer)
    return layers


def _require_plain(layer: Any, shape: tuple[int, ...]) -> None:
    """Check that a last layer is `features @ kernel + bias`."""
    problem = ""
    name = getattr(layer.activation, "__name__", str(layer.activation))
    if name != "linear":
        problem = f"the activation {name!r}"
    elif layer.bias is None:
        problem = "use_bias=False"
    elif getattr(layer, "lora_enabled", False) or layer.quantization_mode:
        problem = "weights that are quantized or of low rank"
    elif len(shape) != 2:
        problem = f"features of shape [rows, {', '.join(map(str, shape[1:]))}]"
    if problem:
        raise InputError(
            sentence(
                f"a last layer {layer.name!r} with {problem}",
                "a Dense layer with a bias and without an activation, on features "
                "[rows, width]",
                f"{_REMEDY}, after Flatten or GlobalAveragePooling.",
            )
        )


def _some_rows(model: Any) -> npt.NDArray[Any]:
    """Return made-up rows that a model with an input layer takes."""
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1:
        raise InputError(
            sentence(
                f"the model {model.name!r} with {len(inputs)} input layers and no x",
                "one input layer, or some rows that the model takes",
                "Pass x: the arrays of two rows, in the form that the model takes."
                if inputs
                else "Pass x: split_at_features(model, x[:2]).",
            )
        )
    shape = [LOOKED_AT, *(n or 1 for n in inputs[0].shape[1:])]
    dtype = np.dtype(inputs[0].dtype)
    if dtype.kind != "f":
        return np.ones(shape, dtype)
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def _rows_for(model: Any, x: Any) -> Any:
    """Return rows as arrays, in the form that they are given in."""
    several = len(getattr(model, "inputs", None) or ()) > 1
    if isinstance(x, Mapping):
        return {name: np.asarray(values) for name, values in x.items()}
    if isinstance(x, tuple) or (several and isinstance(x, list)):
        return type(x)(np.asarray(values) for values in x)
    if several:
        raise InputError(
            sentence(
                f"one array for the model {model.name!r} of {len(model.inputs)} inputs",
                "a tuple, list or dictionary of arrays, as the model takes them",
            )
        )
    return np.asarray(x)


def _blocks(rows: Any, size: int = SCORED_AT_ONCE) -> Iterator[Any]:
    """Yield rows in blocks."""
    import keras

    count = max((len(array) for array in keras.tree.flatten(rows)), default=0)
    for i in range(0, count, size):
        yield keras.tree.map_structure(lambda array, i=i: array[i : i + size], rows)


def _first_rows(model: Any, x: Any) -> Any:
    """Return a few rows of those that there are."""
    first = next(_blocks(_rows_for(model, x), LOOKED_AT), None)
    if first is None:
        raise InputError(
            sentence("x of no rows", "at least one row that the model takes")
        )
    return first


def _is_output(model: Any, layer: Any, rows: Any, output: Any, made: Any) -> bool:
    """Return whether the model's output is that of a layer, whatever that gives.

    The layer is made to give numbers of either sign, from 1 to 64, so that an
    activation that changes only some numbers, such as relu, is seen.
    """
    from keras import ops

    if not hasattr(output, "shape") or np.size(output) != np.size(made):
        return False
    size = np.size(made)
    numbers = 2.0 ** (6 - np.arange(size) % 7) * (-1.0) ** np.arange(size)
    for sign in (1, -1):
        fixed = ops.cast(ops.reshape(sign * numbers, made.shape), made.dtype)
        with _replaced(layer, lambda *_, fixed=fixed, **__: fixed):
            other = np.asarray(model(rows, training=False), np.float64)
        if other.size != size or not np.allclose(other.ravel(), sign * numbers):
            return False
    return True


@contextlib.contextmanager
def _replaced(layer: Any, call: Any) -> Iterator[None]:
    """Let a layer compute something else while its model is called."""
    layer.call = call
    try:
        yield
    finally:
        del layer.call


@contextlib.contextmanager
def _recorded(layer: Any) -> Iterator[list[tuple[Any, Any]]]:
    """Note what a layer is given and gives while its model is called."""
    calls: list[tuple[Any, Any]] = []
    usual = layer.call

    def call(rows: Any, *args: Any, **options: Any) -> Any:
        made = usual(rows, *args, **options)
        calls.append((rows, made))
        return made

    with _replaced(layer, call):
        yield calls
