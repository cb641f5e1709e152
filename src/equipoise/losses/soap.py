# SPDX-License-Identifier: Apache-2.0
"""The average precision on small batches: each positive remembers its sums."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import integer, number, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError
from equipoise.losses.average_precision import squares_above
from equipoise.losses.base import as_type
from equipoise.losses.option_checks import check_options
from equipoise.losses.posterior import not_pointwise
from equipoise.losses.set_loss import class_masses
from equipoise.metrics.keras_inputs import replicas, require_labels, require_weights


@keras.saving.register_keras_serializable("equipoise")
class SOAP(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """A surrogate of the average precision for small batches, for `model.compile`.

    The smooth precision at a positive is a ratio of two sums over *all* examples; on a
    batch of 64 both are noisy, and the ratio of noisy sums is biased. So the sums of
    each positive are kept as moving averages, and the gradient is that of the ratio at
    the averages: with A what positives and N what negatives contribute, the mean over
    positives i of (A_i dN_i - N_i dA_i) / (A_i + N_i)^2.

    When to use: for the average precision if a batch cannot hold all examples, after a
    start with the cross-entropy, with a sampler that puts several positives in each
    batch. When not: on a table, which can be one batch of `AveragePrecisionLoss`; or in
    `evaluate` and `validation_data`, whose rows have numbers of their own.

    *Targets hold two columns*, the label and the number of the row: `[batch, 2]`. The
    averages are variables of the loss, are not saved with a model, and begin with the
    first batch that holds the row.

    Source: Qi et al. (2021), "Stochastic optimization of areas under precision-recall
    curves with provable convergence", algorithm 2, with sums by sorting.

    Args:
        rows: How many rows there are; they are numbered from 0.
        margin: By how much a positive should lead, above 0.
        rate: The weight of the new sums in the averages, above 0 and at most 1; 1 has
            no memory and is `AveragePrecisionLoss`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.

    Example:
        >>> loss = SOAP(rows=3)
        >>> targets = [[1.0, 0], [0.0, 1], [0.0, 2]]
        >>> print(f"{float(loss(targets, [0.5, 0.0, 2.0])):.4f}")
        0.8667
    """

    pointwise: ClassVar[bool] = False

    def __init__(
        self,
        rows: int,
        margin: float = 1.0,
        rate: float = 0.1,
        name: str = "soap",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction="sum", dtype=dtype)
        self.rows = integer(rows, "rows", 1)
        check_options("average_precision", margin=margin)
        self.margin = margin
        self.rate = number(rate, "rate", 0, 1)
        if rate == 0:
            raise InputError(sentence("rate=0", "a number above 0 and at most 1"))
        # columns: what positives and what negatives contributed; 0 before the first
        self._sums = keras.Variable(
            ops.zeros((rows, 2), dtype=self.dtype), trainable=False, name="sums"
        )

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch at the averages, and move these on.

        Args:
            y_true: `[batch, 2]` labels, 0 or 1, and numbers of rows.
            y_pred: `[batch]` or `[batch, 1]` logits.
            sample_weight: `[batch]` example weights, or None.

        Raises:
            InputError: Shapes do not fit, or a label is not from 0 to 1.
        """
        both = as_type(unmasked(y_true, "targets"), self.dtype)
        if len(both.shape) != 2 or both.shape[-1] != 2:
            raise InputError(
                sentence(
                    f"targets of shape {tuple(both.shape)} for SOAP",
                    "a column of labels and one of numbers of rows, [batch, 2]",
                )
            )
        labels, numbers = both[:, 0], ops.cast(both[:, 1], "int32")
        z = ops.reshape(as_type(unmasked(y_pred, "logits"), self.dtype), (-1,))
        weights = None
        if sample_weight is not None:
            weights = ops.reshape(as_type(sample_weight, self.dtype), (-1,))
            require_weights(weights, "SOAP")
        require_labels(labels, weights, "SOAP")
        return self._value(labels, numbers, z, weights) / replicas()

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss without weights."""
        return self(y_true, y_pred)

    def link(self, logits: Any) -> FloatArray:
        """Raise: a loss that compares examples says nothing of probabilities.

        Args:
            logits: Logits.

        Raises:
            UnsupportedError: Always.
        """
        raise not_pointwise(self.name)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the loss, but for the averages."""
        named = {"name": self.name, "dtype": self.dtype, "rows": self.rows}
        return {**named, "margin": self.margin, "rate": self.rate}

    def _value(
        self, labels: Tensor, numbers: Tensor, z: Tensor, weights: Tensor | None
    ) -> Tensor:
        scores, p, q = class_masses(labels, z, weights)
        # sums as means over the batch: those of batches of other sizes are comparable
        share = ops.mean(labels if weights is None else labels * weights)
        rest = ops.mean(1 - labels if weights is None else (1 - labels) * weights)
        margin = as_type(self.margin, scores.dtype)
        hits, alarms = squares_above(scores, p * share, q * rest, margin)
        now = ops.stop_gradient(ops.stack([hits, alarms], axis=-1))
        before = ops.take(self._sums.value, numbers, axis=0)
        seen = ops.any(before > 0, axis=-1, keepdims=True)
        rate = as_type(self.rate, now.dtype)
        averages = ops.where(seen, before + rate * (now - before), now)
        positive = ops.expand_dims(p > 0, -1)
        moved = ops.where(positive, averages, before)
        self._sums.assign(ops.scatter_update(self._sums.value, numbers[:, None], moved))
        a, n = averages[:, 0], averages[:, 1]
        total = ops.where(a + n > 0, a + n, ops.ones_like(a))
        slope = (a * alarms - n * hits) / (total * total)
        value = n / total + slope - ops.stop_gradient(slope)
        both = ops.cast(ops.logical_and(ops.any(p > 0), ops.any(q > 0)), z.dtype)
        return both * ops.sum(p * value)
