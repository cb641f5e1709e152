# SPDX-License-Identifier: Apache-2.0
"""A weighted sum of losses, whose weights can be changed while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import number, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.losses.posterior import (
    class_posterior,
    not_pointwise,
    sigmoid_posterior,
)


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
    def in_force(self) -> list[Any]:
        """The losses that are minimised."""
        return list(self.losses)

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
        return _by_gradients(self, logits)

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


def losses_in_force(losses: Sequence[Any]) -> list[Any]:
    """Return the losses that are minimised, those that others hold in place of these.

    Args:
        losses: Keras losses.

    Example:
        >>> from equipoise.losses import CrossEntropy, Focal
        >>> held = Combined([CrossEntropy(), Combined([Focal()])])
        >>> [loss.name for loss in losses_in_force([held])]
        ['cross_entropy', 'focal']
    """
    each: list[Any] = []
    for loss in losses:
        held = getattr(loss, "in_force", None)
        each += [loss] if held is None else losses_in_force(held)
    return each


def takes_classes(loss: Any) -> bool:
    """Return whether the logits of a loss are those of several classes.

    Args:
        loss: A Keras loss: of another's, those of Keras over categories.

    Example:
        >>> takes_classes(keras.losses.CategoricalCrossentropy())
        True
    """
    return any(
        getattr(each, "link", "") == "softmax" or "Categorical" in type(each).__name__
        for each in losses_in_force([loss])
    )


def takes_class_numbers(loss: Any) -> bool:
    """Return whether a loss needs class numbers, in place of one-hot targets.

    Args:
        loss: A Keras loss, or a function.

    Example:
        >>> takes_class_numbers(keras.losses.SparseCategoricalCrossentropy())
        True
    """
    names = [type(each).__name__ for each in losses_in_force([loss])]
    return "SparseCategoricalCrossentropy" in names


def posterior_by(loss: Any, logits: Any) -> FloatArray:
    """Return the probabilities at which logits minimise an expected loss.

    Args:
        loss: A Keras loss, ours or another's.
        logits: Of any shape; `[..., classes]` for a loss over several classes.

    Raises:
        UnsupportedError: The loss has no link.

    Example:
        >>> loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        >>> posterior_by(loss, [0.0, 0.0]).round(9).tolist()
        [0.5, 0.5]
    """
    link = getattr(loss, "link", None)
    if callable(link):
        p: FloatArray = link(logits)
        return p
    if not getattr(loss, "pointwise", True):
        raise not_pointwise(loss.name)
    return _by_gradients(loss, logits)


def _by_gradients(loss: Any, logits: Any) -> FloatArray:
    z = np.asarray(unmasked(logits, "logits"), np.float64)
    if takes_classes(loss):
        return class_posterior(loss.call, z, takes_class_numbers(loss))
    return sigmoid_posterior(loss.call, z.reshape(-1, 1)).reshape(z.shape)


def require_pointwise(losses: Sequence[Any]) -> None:
    """Raise if a loss has one value for all examples of a batch together.

    Args:
        losses: Keras losses.

    Raises:
        UnsupportedError: One has.
    """
    for loss in losses_in_force(losses):
        if not getattr(loss, "pointwise", True):
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
