# SPDX-License-Identifier: Apache-2.0
"""What the losses share: shape checks, and their thin Keras classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import sentence
from equipoise._core.types import Tensor
from equipoise.errors import InputError
from equipoise.metrics.keras_inputs import OutputWatch, aligned_weights, require_labels

NO_ACTIVATION = (
    "Take the activation off the model's last layer, as in Dense(1); with it the loss "
    "applies a second one, and the network learns little."
)


def prepared(targets: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return both as tensors of the logits' type whose last axes agree.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`, floating point.

    Raises:
        InputError: The last axes differ, as those of `[batch]` and `[batch, 1]` do.
            Broadcast against each other they would give a `[batch, batch]` loss
            without an error.
    """
    z = ops.convert_to_tensor(unmasked(logits, "logits"))
    if not keras.backend.is_float_dtype(z.dtype):
        raise InputError(sentence(f"logits of type {z.dtype}", "floating-point logits"))
    t = as_type(targets, z.dtype)
    sized = [len(s) > 0 and s[-1] is not None for s in (t.shape, z.shape)]
    if (
        not len(t.shape)
        or not len(z.shape)
        or (all(sized) and t.shape[-1] != z.shape[-1])
    ):
        raise InputError(
            sentence(
                f"targets of shape {tuple(t.shape)} and logits of shape "
                f"{tuple(z.shape)}",
                "equal last axes, the examples of a batch",
                "Drop a trailing axis of size 1 from one of them.",
            )
        )
    return t, z


def as_type(value: Tensor, dtype: str) -> Tensor:
    """Return a number or a tensor as a tensor of a type.

    Not `ops.cast`, which takes a plain number through float32: with logits of
    float64 an option of .3 would keep seven digits.

    Args:
        value: A number, an array or a tensor.
        dtype: The type's name.
    """
    return ops.convert_to_tensor(unmasked(value, "values"), dtype=dtype)


def aligned(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return both with equal rank, as Keras hands them: `[batch]` or `[batch, n]`.

    Raises:
        InputError: The shapes do not belong together.
    """
    y_true = ops.convert_to_tensor(unmasked(y_true, "targets"))
    y_pred = ops.convert_to_tensor(unmasked(y_pred, "logits"))
    if len(y_true.shape) == len(y_pred.shape) - 1 and y_pred.shape[-1] == 1:
        y_true = ops.expand_dims(y_true, -1)
    elif len(y_pred.shape) == len(y_true.shape) - 1 and y_true.shape[-1] == 1:
        y_pred = ops.expand_dims(y_pred, -1)
    same = len(y_true.shape) == len(y_pred.shape) and all(
        a is None or b is None or a == b
        for a, b in zip(y_true.shape, y_pred.shape, strict=True)
    )
    if not same:
        raise InputError(
            sentence(
                f"targets of shape {tuple(y_true.shape)} and logits of shape "
                f"{tuple(y_pred.shape)}",
                "equal shapes, or one more trailing axis of size 1 in one of them",
            )
        )
    return y_true, y_pred


def checked_targets(
    y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None, loss: Any
) -> tuple[Tensor, Tensor | None]:
    """Return the targets, and how much each counts if there are weights or a mask.

    Args:
        y_true: Targets of the examples, from 0 to 1.
        y_pred: The model's output; a mask that Keras hung on it is read.
        sample_weight: `[batch]`, or of the targets' shape, or None.
        loss: The Keras loss.

    Returns:
        The targets in the loss' type, NaN throughout if one is refused and nothing can
        be raised; and weights of the targets' rank with masked examples at 0, or
        None.

    Raises:
        InputError: A target of an example that counts is not from 0 to 1, or weights
            do not fit the targets.
        tf.errors.InvalidArgumentError: The former in a compiled function.
    """
    mask = getattr(y_pred, "_keras_mask", None)
    targets = as_type(unmasked(y_true, "targets"), loss.dtype)
    weights = None
    for part in (sample_weight, mask):
        if part is None:
            continue
        factor = ops.cast(ops.convert_to_tensor(unmasked(part, "weights")), loss.dtype)
        factor = aligned_weights(factor, len(targets.shape))
        _require_fitting(factor, targets)
        weights = factor if weights is None else weights * factor
    refused = require_labels(targets, weights, type(loss).__name__)
    lost = ops.full_like(targets, float("nan"))
    return ops.where(refused, lost, targets), weights


def _require_per_example(weights: Tensor) -> None:
    """Check that the outputs of an example do not have different weights."""
    if weights.shape[-1] not in (1, None):
        raise InputError(
            sentence(
                f"weights of shape {tuple(weights.shape)}, one for each output",
                "one weight for each example, over whose outputs the loss is averaged",
                "Give targets and outputs a last axis of size 1 to weight each.",
            )
        )


def _require_fitting(weights: Tensor, targets: Tensor) -> None:
    """Check that weights would not be broadcast beyond the shape of the targets."""
    fits = len(weights.shape) <= len(targets.shape) and all(
        w is None or t is None or w in (1, t)
        for w, t in zip(weights.shape, targets.shape, strict=False)
    )
    if not fits:
        raise InputError(
            sentence(
                f"weights of shape {tuple(weights.shape)} and targets of shape "
                f"{tuple(targets.shape)}",
                "one weight for each example",
            )
        )


class ExampleLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """A Keras loss of one value per example: configuration around a function.

    A concrete class names its `function` and passes its options on.

    Attributes:
        function: The pure function.
        options: Its keyword arguments.
    """

    function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, reduction: str | None, name: str, dtype: str | None, **options: Any
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.options = options
        self._watch = OutputWatch(type(self).__name__, NO_ACTIVATION)

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch, reduced.

        Args:
            y_true: `[batch]` or `[batch, n]` targets, from 0 to 1.
            y_pred: `[batch]` or `[batch, n]` logits; the n outputs are averaged.
            sample_weight: `[batch]` example weights, or None. An example of weight 0
                may have any target.

        Raises:
            InputError: A target is not from 0 to 1, or shapes do not fit.
        """
        y_pred = unmasked(y_pred, "logits")
        self._watch.look(y_pred)
        y_true, weights = checked_targets(y_true, y_pred, sample_weight, self)
        if weights is not None and len(weights.shape) > 1:
            _require_per_example(weights)
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one value per example, `[batch]`.

        Args:
            y_true: `[batch]` or `[batch, n]` targets.
            y_pred: `[batch]` or `[batch, n]` logits; the n outputs are averaged.
        """
        targets, logits = aligned(y_true, y_pred)
        values = type(self).function(targets, logits, **self.options)
        return ops.mean(values, axis=-1) if len(values.shape) > 1 else values

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the loss, its dtype included."""
        return {**super().get_config(), "dtype": self.dtype, **self.options}
