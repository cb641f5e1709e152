# SPDX-License-Identifier: Apache-2.0
"""Augmentation by class: a rare class gets more variety than a frequent one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.checks import listing, nearest, number, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError, InputTypeError
from equipoise.synthesis.wrapped import (
    TrainingStep,
    WrappedModel,
    is_whole_number,
    target_rows,
)


@keras.saving.register_keras_serializable(package="equipoise")
class AugmentedModel(WrappedModel):
    """A model some of whose examples go through Keras layers while it trains.

    Which ones is drawn for each example, by its class. Targets, weights, and what the
    model is at other times, stay as they are; so do its probabilities, as far as a
    changed image still is of its class as often as before.

    Args:
        model: A Keras model of one input.
        layers: A Keras layer such as `keras.layers.RandomFlip`, or several, one after
            the other. What comes out must have the shape of what goes in.
        rate: The share of all examples that goes through them, from 0 to 1; or by
            class, by its number or its name. A class without one has 0. An example of
            several labels has the largest rate of those that it has.
        classes: The names of the classes or labels in the order of their numbers, if
            `rate` has names.
        seed: The seed of the choices; None for another one each time.
        **options: As `keras.Model`.

    Raises:
        InputTypeError: It is no model, or there is no layer.
        InputError: A rate is out of range or of an unknown class, or the model has
            several inputs; or, in training, a layer changes the shape of an example, or
            makes whole numbers of others.

    Example:
        >>> def build():
        ...     layers = keras.Input((8, 8, 1)), keras.layers.Flatten()
        ...     plain = keras.Sequential([*layers, keras.layers.Dense(1)])
        ...     flip = keras.layers.RandomFlip("horizontal")
        ...     return AugmentedModel(plain, flip, {"rare": 0.9}, ("usual", "rare"))
        >>> model = build()
        >>> model.rates.tolist()
        [0.0, 0.9]
        >>> model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
        >>> x, y = np.zeros((8, 8, 8, 1), "float32"), np.arange(8) % 2
        >>> history = model.fit(x, y, verbose=0)
    """

    def __init__(
        self,
        model: Any,
        layers: Any,
        rate: float | Mapping[str | int, float] = 0.5,
        classes: Sequence[str] = (),
        seed: int | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(model, keras.Model):
            raise InputTypeError(sentence(f"model={model!r}", "a keras.Model"))
        several = layers if isinstance(layers, list | tuple) else [layers]
        if not several or not all(isinstance(e, keras.layers.Layer) for e in several):
            raise InputTypeError(
                sentence(
                    f"layers={layers!r}",
                    "a Keras layer, or a list of them",
                    "Try keras.layers.RandomFlip('horizontal').",
                )
            )
        super().__init__(model, seed, **options)
        self.augmentation = list(several)
        self.classes = tuple(classes)
        self.rates = class_rates(rate, self.classes)
        self.rate = _plain_rate(rate)
        self._require_fitting()

    def _require_fitting(self) -> None:
        """Check that the model has one input, and an output for each class."""
        inputs = len(getattr(self.model, "inputs", None) or [None])
        if inputs > 1:
            raise InputError(
                sentence(f"a model of {inputs} inputs", "a model of one input")
            )
        if getattr(self.model, "output_shape", None) is None:
            return
        outputs = self._outputs()
        numbered = len(self.rates) if isinstance(self.rate, dict) else 0
        if numbered > max(2, outputs):
            raise InputError(
                sentence(
                    f"rates or names of {numbered} classes for a model whose output is "
                    f"{outputs} wide",
                    f"those of at most {max(2, outputs)} classes, numbered from 0",
                )
            )

    def trained(self, inputs: Any, step: TrainingStep) -> Tensor:
        """Return what the model makes of examples that went through the layers.

        Args:
            inputs: What the model takes.
            step: As in `WrappedModel`.

        Raises:
            InputError: A layer changes the shape of an example, or makes whole numbers
                of others.
        """
        x = made = ops.convert_to_tensor(inputs)
        for layer in self.augmentation:
            made = layer(made, training=True)
        if tuple(made.shape[1:]) != tuple(x.shape[1:]):
            raise InputError(
                sentence(
                    f"examples of shape {tuple(made.shape[1:])} from an augmentation",
                    f"the shape that they had, {tuple(x.shape[1:])}",
                    "Leave out layers that resize, crop or encode.",
                )
            )
        before, after = map(keras.backend.standardize_dtype, (x.dtype, made.dtype))
        floating = keras.backend.is_float_dtype(before)
        if floating and not keras.backend.is_float_dtype(after):
            raise InputError(
                sentence(
                    f"examples of type {after} from an augmentation of {before}",
                    "floating numbers, as they were",
                    "Leave out layers that resize, crop or encode.",
                )
            )
        made = ops.cast(made, before) if floating else made
        batch = ops.shape(x)[0]
        chance = keras.random.uniform((batch,), seed=self._random)
        chosen = chance < self.chances(step.targets)
        chosen = ops.reshape(chosen, (-1, *[1] * (len(x.shape) - 1)))
        shown = ops.where(chosen, made, ops.cast(x, made.dtype))
        return self.model(shown, training=True)

    def chances(self, targets: Any) -> Tensor:
        """Return the rate of each example, `[batch]`.

        Args:
            targets: `[batch]` class numbers, or `[batch, classes]`.
        """
        shares = self.rates.astype(np.float32)
        rates = ops.convert_to_tensor(shares)
        if not isinstance(self.rate, Mapping):
            return rates[0]
        rows = target_rows(targets, self._outputs())
        if rows.shape[-1] == 1:
            both = np.append(shares, np.float32(0))[:2]  # class 1 may have no rate
            place = ops.cast(rows[:, 0] > 0.5, "int32")
            return ops.take(ops.convert_to_tensor(both), place)
        width = min(len(self.rates), rows.shape[-1])
        there = ops.cast(rows[:, :width] > 0.5, "float32")
        return ops.max(there * rates[:width], axis=1)

    def _outputs(self) -> int:
        shape = getattr(self.model, "output_shape", None)
        if shape is not None:
            return int(shape[-1])
        return max(2, len(self.rates))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        pairs = list(self.rate.items()) if isinstance(self.rate, dict) else self.rate
        return {
            **super().get_config(),
            "layers": [
                keras.saving.serialize_keras_object(e) for e in self.augmentation
            ],
            "rate": pairs,
            "classes": list(self.classes),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Return the wrapper of a configuration.

        Args:
            config: What `get_config` gave.
            custom_objects: As in Keras.
        """
        layers = [
            keras.saving.deserialize_keras_object(each, custom_objects=custom_objects)
            for each in config["layers"]
        ]
        rate = config["rate"]
        if not isinstance(rate, float | int):
            rate = {name: share for name, share in rate}
        config = {**config, "layers": layers, "rate": rate}
        return super().from_config(config, custom_objects)


def class_rates(
    rate: float | Mapping[str | int, float], classes: Sequence[str] = ()
) -> FloatArray:
    """Return the rate of each class, `[classes]`, or `[1]` of all.

    Args:
        rate: One share, or shares by the number or the name of a class.
        classes: The names, in the order of the numbers.

    Raises:
        InputError: A rate is out of range, or of an unknown class.

    Example:
        >>> class_rates({"c": 0.5, 0: 0.1}, ("a", "b", "c")).tolist()
        [0.1, 0.0, 0.5]
    """
    if not isinstance(rate, Mapping):
        return np.array([number(rate, "rate", 0, 1)])
    shares: dict[int, float] = {}
    for name, share in rate.items():
        if is_whole_number(name) and int(name) >= 0:
            place = int(name)
        elif name in classes:
            place = list(classes).index(str(name))
        else:
            accepted = listing(classes, 20) if classes else "the numbers of classes"
            raise InputError(
                sentence(
                    f"the rate of the class {name!r}",
                    accepted,
                    nearest(str(name), classes) if classes else _NAMES,
                )
            )
        if place in shares:
            raise InputError(
                sentence(f"two rates of class {place}", "one rate for each class")
            )
        shares[place] = number(share, f"the rate of the class {name!r}", 0, 1)
    result = np.zeros(max(len(classes), *(place + 1 for place in shares), 1))
    for place, share in shares.items():
        result[place] = share
    return result


def _plain_rate(
    rate: float | Mapping[str | int, float],
) -> float | dict[str | int, float]:
    """Return a rate, or rates by class, as numbers of Python, which can be saved."""
    if not isinstance(rate, Mapping):
        return float(rate)
    return {
        int(name) if is_whole_number(name) else name: float(share)
        for name, share in rate.items()
    }


_NAMES = "Pass classes=, the names in the order of the numbers."
