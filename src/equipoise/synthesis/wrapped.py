# SPDX-License-Identifier: Apache-2.0
"""A Keras model that is shown other examples while it trains than those it is given.

What they are may depend on the targets, which the layers of a model do not see.
"""

from __future__ import annotations

import numbers
import threading
from typing import Any

import keras

from equipoise._core.checks import sentence
from equipoise._core.types import Tensor
from equipoise.errors import InputError


class WrappedModel(keras.Model):  # type: ignore[misc]  # Keras is untyped
    """A wrapper with the weights of a model, which it calls unless it trains.

    Only `fit` and `train_on_batch` differ from those of the model.

    Args:
        model: A Keras model.
        seed: The seed of random choices; None for another one each time.
        **options: As `keras.Model`.
    """

    def __init__(self, model: Any, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.model = model
        self.seed = seed
        self._random = keras.random.SeedGenerator(seed)
        self._step = TrainingStep()
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Tensor:
        """Return what the model returns; of other examples while it trains.

        Args:
            inputs: What the model takes.
            training: As in Keras.
        """
        if not training or self._step.targets is None:
            return self.model(inputs, training=training)
        return self.trained(inputs, self._step)

    def trained(self, inputs: Any, step: TrainingStep) -> Tensor:
        """Return what the model makes of other examples.

        Args:
            inputs: What the model takes.
            step: The targets and weights of the batch; what is set as `made` takes
                their place.
        """
        raise NotImplementedError

    def train_step(self, data: Any) -> Any:
        """Train on one batch, with other examples in place of its own.

        Args:
            data: As in `keras.Model.train_step`.
        """
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        step = self._step
        step.targets, step.weights = self.checked(y), weights
        try:
            return super().train_step((x, y, weights))
        finally:
            step.targets = step.weights = step.made = None

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the loss of the examples that were shown, or that of the batch.

        Args:
            x: As in `keras.Model.compute_loss`.
            y: Likewise.
            y_pred: Likewise.
            sample_weight: Likewise.
            training: Likewise.
        """
        made = self._step.made
        if training and made is not None:
            y, sample_weight = made
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def checked(self, y: Any) -> Any:
        """Return targets that can be used, or say why they cannot.

        Args:
            y: Of a batch.

        Raises:
            InputError: There are none, or several.
        """
        if y is None or isinstance(y, dict | list | tuple):
            raise InputError(
                sentence(
                    f"{'no targets' if y is None else 'several targets'} for "
                    f"{type(self).__name__}",
                    "one array of targets",
                )
            )
        return y

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        model = keras.saving.serialize_keras_object(self.model)
        return {"model": model, "seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Return the wrapper of a configuration.

        Args:
            config: What `get_config` gave.
            custom_objects: As in Keras.
        """
        model = keras.saving.deserialize_keras_object(
            config["model"], custom_objects=custom_objects
        )
        return cls(**{**config, "model": model})


class TrainingStep(threading.local):
    """What one training step passes on: by thread, since replicas are threads.

    Attributes:
        targets: Those of the batch; None outside of a step.
        weights: Its sample weights, or None.
        made: Targets and weights that take their place, or None.
    """

    targets: Any = None
    weights: Any = None
    made: Any = None


def target_rows(targets: Any, outputs: int) -> Tensor:
    """Return targets `[batch, outputs]`, of class numbers one-hot ones.

    Args:
        targets: `[batch]` or `[batch, columns]`; of labels, weights may follow.
        outputs: How many outputs the model has.
    """
    y = keras.ops.convert_to_tensor(targets)
    y = y[:, None] if len(y.shape) == 1 else y
    if outputs > 1 and y.shape[-1] == 1:
        return keras.ops.one_hot(keras.ops.cast(y[:, 0], "int32"), outputs)
    return keras.ops.cast(y[:, :outputs], "float32")


def is_whole_number(name: Any) -> bool:
    """Return whether a layer or a class is named by a whole number, also of NumPy.

    Example:
        >>> import numpy as np
        >>> [is_whole_number(name) for name in (np.int64(1), True, "dense")]
        [True, False, False]
    """
    return isinstance(name, numbers.Integral) and not isinstance(name, bool)
