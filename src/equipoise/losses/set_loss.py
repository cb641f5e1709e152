# SPDX-License-Identifier: Apache-2.0
"""What the losses over all examples of a batch share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import one_of
from equipoise._core.types import FloatArray, Tensor
from equipoise.losses.base import (
    LINKS,
    NO_ACTIVATION,
    LossLink,
    aligned,
    as_type,
    checked_targets,
    has_labels,
    known_labels,
    one_hot_targets,
    prepared,
)
from equipoise.losses.classes import class_log_odds
from equipoise.losses.posterior import not_pointwise
from equipoise.losses.views import mean_over_views
from equipoise.metrics.keras_inputs import (
    OutputWatch,
    aligned_weights,
    replicas,
    require_weights,
)
from equipoise.priors import Link


def class_masses(
    targets: Tensor, logits: Tensor, weights: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the logits, and how much each example counts in either class.

    Args:
        targets: `[..., batch]`, 0 or 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`, or
            None.

    Returns:
        Logits, positive masses and negative masses, each `[..., batch]`, of at
        least float32; the masses of each class sum to 1, or to 0 where the class
        has no weight.
    """
    z, positive, negative = class_weights_of(targets, logits, weights)
    return z, _shares(positive), _shares(negative)


def class_weights_of(
    targets: Tensor, logits: Tensor, weights: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the same, but the masses as they are: weights, and not shares of a class.

    Args:
        targets: As in `class_masses`.
        logits: As in `class_masses`.
        weights: As in `class_masses`.
    """
    t, z = prepared(targets, logits)
    if dtype_of(z) in ("float16", "bfloat16"):
        # running sums over a batch need more digits than these have
        t, z = ops.cast(t, "float32"), ops.cast(z, "float32")
    t = ops.broadcast_to(t, ops.shape(z)) if t.shape != z.shape else t
    positive, negative = t, 1 - t
    if weights is not None:
        w = as_type(weights, z.dtype)
        positive, negative = w * positive, w * negative
    return z, positive, negative


def both_classes(positive: Tensor, negative: Tensor) -> Tensor:
    """Return 1 where a batch has a positive and a negative of weight, else 0, `[...]`.

    Args:
        positive: `[..., batch]` masses.
        negative: `[..., batch]` masses.

    Example:
        >>> float(both_classes(ops.array([1.0, 0.0]), ops.array([0.0, 0.0])))
        0.0
    """
    sides = (ops.any(mass > 0, axis=-1) for mass in (positive, negative))
    return ops.cast(ops.logical_and(*sides), positive.dtype)


def per_batch(option: Tensor, dtype: str) -> Tensor:
    """Return an option, a number or `[...]`, so that it broadcasts to `[..., batch]`.

    Args:
        option: The option.
        dtype: The type of the computation.

    Example:
        >>> per_batch(ops.ones((3,)), "float32").shape
        TensorShape([3, 1])
    """
    value = as_type(option, dtype)
    return value if len(value.shape) == 0 else ops.expand_dims(value, -1)


def dtype_of(values: Tensor) -> str:
    """Return the name of a tensor's type."""
    return str(keras.backend.standardize_dtype(ops.convert_to_tensor(values).dtype))


def _shares(mass: Tensor) -> Tensor:
    total = ops.sum(mass, axis=-1, keepdims=True)
    return mass / ops.where(total > 0, total, ops.ones_like(total))


class SetLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """A Keras loss of one value for all examples of a batch together.

    Example weights enter the function, where a pair counts the product of its two
    weights, instead of multiplying a value per example afterwards. Examples that Keras
    masks have the weight 0.

    Under a strategy of several replicas (`tf.distribute`) each has a part of the batch,
    which is a set of its own: the loss is the mean of the replicas' losses, and pairs
    across replicas do not enter. So give each replica a batch that holds several of
    each class. Accumulated gradients are those of the mean of the batches' losses.

    The points of a sequence or of an image are examples of one set, whatever example
    they belong to: the axes `[batch, ...]` before the outputs count as one.

    With several classes (link="softmax") it is the mean over each class against the
    rest, ordered by its log-odds; with several labels, over the labels. A class or a
    label of which the batch has no positive or no negative example is left out.

    A concrete class names its `function` and passes its options on.

    Attributes:
        function: The pure function.
        options: Its keyword arguments.
        link: "sigmoid" or "softmax": how many logits there are. Called with logits it
            raises, since these have no probabilities.
        pointwise: That it is no loss of one example at a time.
    """

    function: ClassVar[Callable[..., Tensor]]
    pointwise: ClassVar[bool] = False

    def __init__(
        self, name: str, dtype: str | None, link: Link = "sigmoid", **options: Any
    ) -> None:
        one_of(link, LINKS, "link")
        super().__init__(name=name, reduction="sum", dtype=dtype)
        self.options = options
        self.link = LossLink.of(link, self.posterior)
        self._watch = OutputWatch(type(self).__name__, NO_ACTIVATION)

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return one number: the mean over the n outputs, divided by the replicas.

        Args:
            y_true: `[batch]` or `[batch, ..., n]` targets, 0 or 1; with several outputs
                NaN or -1 for one that is not known. With link="softmax" class numbers
                `[batch, ...]` or `[batch, ..., 1]`, or one-hot.
            y_pred: `[batch]` or `[batch, ..., n]` logits; each output is a set.
            sample_weight: `[batch]`, `[batch, ...]` or `[batch, ..., n]` example
                weights, or None. An example of weight 0 may have any target.

        Raises:
            InputError: A target is not from 0 to 1, or shapes do not fit.
        """
        y_pred = unmasked(y_pred, "logits")
        self._watch.look(y_pred)
        if self.link == "softmax":
            y_true = one_hot_targets(y_true, y_pred, sample_weight, self)
        targets, weights = checked_targets(y_true, y_pred, sample_weight, self)
        logits = as_type(y_pred, self.dtype)
        if weights is not None:
            require_weights(weights, type(self).__name__)
        labels = has_labels(self, targets, logits)
        targets, logits = aligned(targets, logits)
        targets, logits, weights = _in_rows(targets, logits, weights)
        if self.link == "softmax" or labels:
            return self._over_views(targets, logits, weights) / replicas()
        if weights is not None:
            weights = _outputs_first(aligned_weights(weights, len(logits.shape)))
        values = type(self).function(
            _outputs_first(targets), _outputs_first(logits), weights, **self.options
        )
        # As Keras does: the replicas' gradients are added up.
        return ops.mean(values) / replicas()

    def _over_views(
        self, targets: Tensor, logits: Tensor, weights: Tensor | None
    ) -> Tensor:
        if self.link == "softmax":
            logits = class_log_odds(logits)
        else:
            targets, labelled = known_labels(targets)
            weights = labelled if weights is None else labelled * weights
        return mean_over_views(
            type(self).function, targets, logits, weights, **self.options
        )

    def posterior(self, logits: Any) -> FloatArray:
        """Raise: a loss that compares examples says nothing of probabilities.

        Raises:
            UnsupportedError: Always.
        """
        raise not_pointwise(self.name)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss without weights."""
        return self(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the loss, its dtype included."""
        link = {} if self.link == "sigmoid" else {"link": str(self.link)}
        return {"name": self.name, "dtype": self.dtype, **link, **self.options}


def _in_rows(
    targets: Tensor, logits: Tensor, weights: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return the points of sequences or images as rows, `[rows, n]`.

    Args:
        targets: `[batch]` or `[batch, ..., n]`, as the logits.
        logits: Likewise.
        weights: Of as many axes at most, or None.
    """
    rank = len(logits.shape)
    if rank < 3:
        return targets, logits, weights
    rows = (-1, logits.shape[-1])
    if weights is not None:
        weights = ops.broadcast_to(aligned_weights(weights, rank), ops.shape(logits))
        weights = ops.reshape(weights, rows)
    return ops.reshape(targets, rows), ops.reshape(logits, rows), weights


def _outputs_first(values: Tensor) -> Tensor:
    return values if len(values.shape) < 2 else ops.moveaxis(values, 0, -1)
