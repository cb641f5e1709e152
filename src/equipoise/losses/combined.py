# SPDX-License-Identifier: Apache-2.0
"""A weighted sum of losses, whose weights can be changed while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.checks import number, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.losses.posterior import PosteriorLink, class_slopes, sigmoid_posterior


@keras.saving.register_keras_serializable("equipoise")
class Combined(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """A weighted sum of losses, for `model.compile`.

    When to use: for an overlap beside a cross-entropy, `Combined([CrossEntropy(),
    Dice()])`, or a ranking loss that must not lose the probabilities. When not: to
    choose between losses; that is `Switch`.

    The weights are a variable: `assign` changes them between two steps or from a
    callback, and nothing is compiled again.

    Args:
        losses: Keras losses, ours or others'; each gets the example weights.
        weights: A number of at least 0 for each; 1 each by default.
        name: The name in logs.
        dtype: The type of the sum; Keras' default if None.

    Raises:
        InputTypeError: Something is not a Keras loss.
        InputError: There is no loss, or not one weight for each.

    Example:
        >>> from equipoise.losses import CrossEntropy, Dice
        >>> loss = Combined([CrossEntropy(), Dice()], [1.0, 0.5])
        >>> print(f"{float(loss([1.0, 0.0], [0.0, 0.0])):.4f}")  # .6931 + .5 / 2
        0.9431
        >>> loss.assign([1.0, 0.0])
        >>> print(f"{float(loss([1.0, 0.0], [0.0, 0.0])):.4f}")
        0.6931
    """

    def __init__(
        self,
        losses: Sequence[Any],
        weights: Sequence[float] | None = None,
        name: str = "combined",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction="sum", dtype=dtype)
        self.losses = as_losses(losses)
        each = _checked([1.0] * len(self.losses) if weights is None else weights, self)
        self._weights = keras.Variable(
            each, trainable=False, dtype=self.dtype, name="weights"
        )

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each loss now."""
        each = ops.convert_to_numpy(ops.convert_to_tensor(self._weights))
        return tuple(each.astype(float).tolist())

    def assign(self, weights: Sequence[float]) -> None:
        """Set the weights, from the next step on.

        Args:
            weights: A number of at least 0 for each loss.

        Raises:
            InputError: There is not one for each, or one is below 0.
        """
        self._weights.assign(np.asarray(_checked(weights, self)))

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the sum over the losses of a batch.

        Args:
            y_true: Targets, as each of the losses takes them.
            y_pred: Logits.
            sample_weight: Example weights, or None.
        """
        return self._sum([loss(y_true, y_pred, sample_weight) for loss in self.losses])

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the sum of the values of each example.

        Args:
            y_true: Targets.
            y_pred: Logits.
        """
        return self._sum([loss.call(y_true, y_pred) for loss in self.losses])

    def link(self, logits: Any) -> FloatArray:
        """Return the probabilities at which these logits minimise the expected loss.

        Args:
            logits: Of any shape; `[..., classes]` if the losses have link="softmax".

        Raises:
            UnsupportedError: One of the losses compares examples.
        """
        require_pointwise(self.losses)
        z = np.asarray(logits, np.float64)
        if getattr(self.losses[0], "link", "") == "softmax":
            classes = z.shape[-1]

            def slopes(rows: FloatArray) -> FloatArray:
                return class_slopes(self.call, rows, classes, sparse=False)

            return PosteriorLink(slopes, classes, np.ones(classes))(z)
        flat = z.reshape(-1, 1)
        return sigmoid_posterior(self.call, flat).reshape(z.shape)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the loss, with the weights as they are now."""
        losses = [keras.saving.serialize_keras_object(each) for each in self.losses]
        named = {"name": self.name, "dtype": self.dtype}
        return {**named, "losses": losses, "weights": list(self.weights)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Combined:
        """Rebuild it from `get_config`.

        Args:
            config: What `get_config` gave.
        """
        return cls(**{**config, "losses": rebuilt(config["losses"])})

    def _sum(self, values: Sequence[Tensor]) -> Tensor:
        kind = values[0].dtype
        weights = ops.cast(self._weights, kind)
        parts = [ops.cast(v, kind) * weights[k] for k, v in enumerate(values)]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total


def as_losses(losses: Any) -> list[Any]:
    """Return Keras losses as a list.

    Args:
        losses: A sequence of them.

    Raises:
        InputTypeError: Something is not a Keras loss.
        InputError: There is none.

    Example:
        >>> len(as_losses([keras.losses.MeanSquaredError()]))
        1
    """
    each = list(losses) if isinstance(losses, list | tuple) else [losses]
    for loss in each:
        if not isinstance(loss, keras.losses.Loss):
            raise InputTypeError(sentence(f"losses that hold {loss!r}", "Keras losses"))
    if not each:
        raise InputError(sentence("no loss", "one loss or more"))
    return each


def rebuilt(losses: Sequence[Any]) -> list[Any]:
    """Return losses from what a configuration holds: losses, or plain data of them.

    Args:
        losses: Either.
    """
    return [
        keras.saving.deserialize_keras_object(loss) if isinstance(loss, dict) else loss
        for loss in losses
    ]


def require_pointwise(losses: Sequence[Any]) -> None:
    """Raise if a loss has one value for all examples of a batch together.

    Args:
        losses: Keras losses.

    Raises:
        UnsupportedError: One has.
    """
    for loss in losses:
        if loss.reduction == "sum" and hasattr(loss, "function"):
            raise UnsupportedError(
                sentence(
                    f"the link of a sum that holds the loss {loss.name!r}",
                    "losses of one example at a time",
                    "This one compares examples; its scores need a calibrator.",
                )
            )


def _checked(weights: Any, loss: Combined) -> list[float]:
    each = [number(value, "a weight", 0) for value in np.ravel(weights).tolist()]
    if len(each) != len(loss.losses) or not all(map(math.isfinite, each)):
        raise InputError(
            sentence(
                f"{len(each)} weights for {len(loss.losses)} losses", "one for each"
            )
        )
    return each
