# SPDX-License-Identifier: Apache-2.0
"""Any loss, with a weight for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError
from equipoise.losses.base import as_type, has_labels, known_labels
from equipoise.losses.combined import (
    as_losses,
    losses_in_force,
    posterior_by,
    rebuilt,
    takes_classes,
)
from equipoise.losses.option_checks import positive_numbers
from equipoise.metrics.keras_inputs import aligned_weights


@keras.saving.register_keras_serializable("equipoise")
class ClassWeighted(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """A loss whose examples are weighted by their class, for `model.compile`.

    When to use: for weights that change while training, in `Switch` or `Scheduled`, as
    in deferred re-weighting; or with a loss that has no weights of its own. When not:
    with several labels; `WeightedCrossEntropy` has a weight for each.

    Args:
        loss: A Keras loss, ours or another's.
        class_weights: A number above 0 for each class; (negative, positive) for one
            logit per row.
        name: The name in logs.

    Example:
        >>> from equipoise.losses import CrossEntropy
        >>> loss = ClassWeighted(CrossEntropy(), [1.0, 9.0])
        >>> round(float(loss([1.0, 0.0], [1.0, 1.0])), 4)  # (9 * .3133 + 1.3133) / 10
        0.4133
        >>> loss.link([0.0]).round(4).tolist()
        [0.1]
    """

    def __init__(
        self, loss: Any, class_weights: Sequence[float], name: str = "class_weighted"
    ) -> None:
        (self.loss,) = as_losses(rebuilt([loss]))
        super().__init__(name=name, reduction="sum", dtype=self.loss.dtype)
        self.class_weights = positive_numbers(class_weights, "class_weights")

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch.

        Args:
            y_true: `[batch]` or `[batch, 1]` targets or class numbers, or `[batch,
                classes]` one-hot.
            y_pred: Logits.
            sample_weight: `[batch]` example weights, which multiply those of the
                classes, or None.
        """
        y_pred = unmasked(y_pred, "logits")
        weights = self._of_examples(y_true, y_pred)
        if sample_weight is not None:
            factor = as_type(unmasked(sample_weight, "weights"), self.dtype)
            weights = weights * aligned_weights(factor, len(weights.shape))
        return self.loss(y_true, y_pred, weights)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one value per example, `[batch]`.

        Args:
            y_true: As in a call.
            y_pred: Logits.
        """
        values = self.loss.call(y_true, y_pred)
        return values * ops.cast(self._of_examples(y_true, y_pred), values.dtype)

    @property
    def in_force(self) -> list[Any]:
        """The losses that are minimised: one, or those that it holds."""
        return [self.loss]

    def link(self, logits: Any) -> FloatArray:
        """Return the probabilities at which these logits minimise the expected loss.

        Args:
            logits: Of any shape; `[..., classes]` if the loss has link="softmax".

        Raises:
            UnsupportedError: The loss has no link.
        """
        p = posterior_by(self.loss, logits)
        weights = np.asarray(self.class_weights)
        if takes_classes(self.loss):
            share = p / weights
            return np.asarray(share / share.sum(axis=-1, keepdims=True))
        low, high = (1 - p) / weights[0], p / weights[1]
        return np.asarray(high / (low + high))

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the loss."""
        loss = keras.saving.serialize_keras_object(self.loss)
        weights = self.class_weights
        return {"name": self.name, "loss": loss, "class_weights": weights}

    def _of_examples(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the weight of each example, `[batch]`."""
        weights = ops.convert_to_tensor(self.class_weights, dtype=self.dtype)
        t = as_type(unmasked(y_true, "targets"), self.dtype)
        z = ops.convert_to_tensor(y_pred)
        shape = tuple(z.shape)
        classes = len(self.class_weights)
        held = losses_in_force([self.loss])
        if any(has_labels(loss, t, z) for loss in held):
            pointwise = any(getattr(loss, "pointwise", True) for loss in held)
            if pointwise or classes != 2:
                raise InputError(
                    sentence(
                        f"targets of shape {tuple(t.shape)}, several labels, for "
                        f"ClassWeighted around {type(self.loss).__name__}",
                        "one target for each row; WeightedCrossEntropy takes a weight "
                        "for each label",
                    )
                )
            t, _ = known_labels(t)
        elif len(t.shape) == len(shape) > 1 and t.shape[-1] == shape[-1] == classes:
            return ops.matmul(t, weights)
        if len(t.shape) > 1 and t.shape[-1] == 1:
            t = ops.squeeze(t, -1)
        if classes == 2:
            return weights[0] + t * (weights[1] - weights[0])
        one_hot = ops.one_hot(ops.cast(t, "int32"), classes, dtype=self.dtype)
        return ops.matmul(one_hot, weights)
