# SPDX-License-Identifier: Apache-2.0
"""The loss of several labels with a weight for each label of each example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.views import mean_over_views


class LabelLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """The loss that the population engine minimises, on targets packed with weights.

    Keras weights examples, not their labels; so the weights come with the targets. A
    label that is not known has the weight 0. Of an example loss it is the sum over the
    labels of the weighted mean over the batch; of a set loss the mean over the labels.

    Args:
        kind: "example" or "set", see `LossRecord`.
        function: The loss' pure function.
        options: Its options: numbers, or one number per label.
        dtype: The type of the computation.

    Example:
        >>> import numpy as np
        >>> from equipoise.losses import cross_entropy_loss
        >>> loss = LabelLoss("example", cross_entropy_loss, {}, "float64")
        >>> packed = np.array([[1.0, 0.0, 1.0, 0.0]])  # two targets, their weights
        >>> round(float(loss(packed, np.array([[0.0, 5.0]]))), 4)
        0.6931
    """

    def __init__(
        self,
        kind: Literal["example", "set"],
        function: Callable[..., Tensor],
        options: Mapping[str, Any],
        dtype: str,
    ) -> None:
        super().__init__(name="labels", reduction="sum_over_batch_size", dtype=dtype)
        self.kind, self.function, self.options = kind, function, dict(options)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss: per example `[batch]`, or of the batch.

        Args:
            y_true: `[batch, 2 labels]` targets, then weights.
            y_pred: `[batch, labels]` logits.
        """
        labels = y_pred.shape[-1]
        targets, weights = y_true[:, :labels], y_true[:, labels:]
        if self.kind == "set":
            return mean_over_views(
                self.function, targets, y_pred, weights, **self.options
            )
        values = self.function(targets, y_pred, **self.options)
        return ops.sum(values * weights, axis=-1)
