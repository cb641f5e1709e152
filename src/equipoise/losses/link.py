# SPDX-License-Identifier: Apache-2.0
"""The exact link of a pointwise loss: which probabilities its logits stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import integer, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.losses.base import ExampleLoss
from equipoise.losses.registry import get
from equipoise.losses.set_loss import SetLoss

ROWS_AT_ONCE = 4096
"""Rows whose gradients are computed together."""


@dataclass(frozen=True, eq=False)
class PosteriorLink:
    """From the logits of a minimiser to the probabilities that they stand for.

    Attributes:
        slopes: From `[rows, width]` logits to the gradients of the loss of each class
            by them, `[rows, width, classes]`; two classes if the width is 1.
        width: Logits per row: 1 for two classes, else one per class.
        class_weights: `[classes]` by which the loss of each class was multiplied.

    Example:
        >>> from equipoise.losses import link_of
        >>> to_probability = link_of("focal", gamma=2.0)
        >>> to_probability([0.0, 1.0]).round(4).tolist()
        [0.5, 0.9359]
    """

    slopes: Callable[[FloatArray], FloatArray]
    width: int = 1
    class_weights: FloatArray = field(default_factory=lambda: np.ones(2))

    def __call__(self, logits: npt.ArrayLike) -> FloatArray:
        """Return the probabilities at which these logits minimise the expected loss.

        Args:
            logits: Of any shape for a width of 1, else `[..., classes]`.

        Returns:
            Probabilities of the positive class, shaped as the logits; or of each
            class, `[..., classes]`. NaN if no probabilities have these logits as a
            minimiser: where every class' loss has the gradient 0, or where all would
            have to be lowered.

        Raises:
            InputError: The last axis is not `width` long.
        """
        z = np.asarray(unmasked(logits, "logits"), np.float64)
        if self.width > 1 and (z.ndim == 0 or z.shape[-1] != self.width):
            raise InputError(
                sentence(
                    f"logits of shape {z.shape} for {self.width} classes",
                    f"a last axis of {self.width}",
                )
            )
        flat = z.reshape(-1, self.width)
        gradients = np.concatenate(
            [
                np.zeros((0, self.width, len(self.class_weights))),
                *(
                    self.slopes(flat[start : start + ROWS_AT_ONCE])
                    for start in range(0, len(flat), ROWS_AT_ONCE)
                ),
            ]
        )
        gradients = gradients * self.class_weights
        if self.width > 1:
            return _null_vectors(gradients).reshape(z.shape)
        negative, positive = gradients[:, 0, 0], gradients[:, 0, 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            p = negative / (negative - positive)
        inside = (p >= 0) & (p <= 1)
        return np.asarray(np.where(inside, p, np.nan).reshape(z.shape))


def link_of(
    loss: str | Callable[..., Tensor],
    *,
    width: int = 1,
    class_weights: Sequence[float] | None = None,
    sparse: bool | None = None,
    **options: Any,
) -> PosteriorLink:
    """Return the link of a pointwise loss: from logits to exact probabilities.

    At the minimum of the expected loss, sum_y eta_y grad l_y(z) = 0, where eta_y is the
    probability of class y and l_y its loss at the logits z. So eta is the null vector
    of the matrix [grad l_1(z) ... grad l_K(z)], normalised to sum 1. With one logit for
    two classes, eta_1 = l_0' / (l_0' - l_1'). It holds for any loss of one example at a
    time, weights and margins included, and needs no derivation by hand. What it needs
    is that the model is at the minimum for each x: calibrate on top of it.

    Args:
        loss: A name of `equipoise.losses.loss_names`; a Keras loss; or a function of
            (targets, logits) that returns one value per example.
        width: Logits per row: 1 for two classes, else the number of classes. For
            several labels leave it at 1: each logit is a problem of its own.
        class_weights: `[classes]`, above 0: by which the loss of each class was
            multiplied in training; (negative, positive) for one logit.
        sparse: Whether the loss takes class numbers; by default one-hot targets, but
            for Keras' `SparseCategoricalCrossentropy`.
        **options: Options of a loss that is given by its name, such as gamma or
            prior.

    Raises:
        InputTypeError: `loss` is no name, no Keras loss and no function.
        InputError: There is no such loss, or a number is out of range.
        UnsupportedError: The loss compares examples of a batch, so it is not pointwise;
            it has no form for several classes; or Keras does not run on TensorFlow.

    Example:
        >>> import keras
        >>> poly = lambda t, z: (
        ...     keras.losses.categorical_crossentropy(t, z, from_logits=True)
        ...     + 1 - keras.ops.sum(t * keras.ops.softmax(z), axis=-1)
        ... )
        >>> link_of(poly, width=3)([2.0, 0.0, 0.0]).round(4).tolist()
        [0.6958, 0.1521, 0.1521]
    """
    integer(width, "width", 1)
    classes = 2 if width == 1 else width
    weights = np.ones(classes)
    if class_weights is not None:
        weights = np.asarray(class_weights, np.float64)
        positive = np.isfinite(weights).all() and (weights > 0).all()
        if weights.shape != (classes,) or not positive:
            raise InputError(
                sentence(
                    f"class_weights={class_weights!r}",
                    f"{classes} finite numbers above 0",
                )
            )
    function = _pointwise(loss, width, options)
    if sparse is None:
        sparse = type(loss).__name__ == "SparseCategoricalCrossentropy"

    def slopes(z: FloatArray) -> FloatArray:
        return _class_slopes(function, z, width, bool(sparse))

    return PosteriorLink(slopes, width, weights)


def _pointwise(
    loss: str | Callable[..., Tensor], width: int, options: dict[str, Any]
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a function of (targets, logits) that gives one value per example."""
    import keras

    if isinstance(loss, str):
        spec = get(loss)
        if spec.kind == "set":
            raise _not_pointwise(loss)
        function = spec.function if width == 1 else spec.softmax
        if function is None:
            raise _not_for_classes(loss)
        return lambda targets, logits: function(targets, logits, **options)
    if options:
        raise InputError(
            sentence(
                f"{', '.join(options)} for a loss that is not given by its name",
                "a loss that holds its options",
            )
        )
    if isinstance(loss, SetLoss):
        raise _not_pointwise(loss.name)
    if isinstance(loss, ExampleLoss):
        if width > 1 and loss.link != "softmax":
            raise _not_for_classes(loss.name)
        kind = type(loss)
        per_row = kind.softmax if width > 1 else kind.function
        if per_row is None:
            raise _not_for_classes(loss.name)
        return lambda targets, logits: per_row(targets, logits, **loss.options)
    if isinstance(loss, keras.losses.Loss):
        user_call: Callable[[Tensor, Tensor], Tensor] = loss.call
        return user_call
    if callable(loss):
        return loss
    raise InputTypeError(
        sentence(
            f"loss={loss!r}", "the name of a loss, a Keras loss, or a function of two"
        )
    )


def _not_pointwise(name: str) -> UnsupportedError:
    return UnsupportedError(
        sentence(
            f"the loss {name!r}",
            "a loss of one example at a time",
            "This one compares examples; its scores need a calibrator.",
        )
    )


def _not_for_classes(name: str) -> UnsupportedError:
    return UnsupportedError(
        sentence(
            f"the loss {name!r} for several classes",
            "a loss that takes one logit per class",
        )
    )


def _class_slopes(
    function: Callable[[Tensor, Tensor], Tensor],
    logits: FloatArray,
    width: int,
    sparse: bool,
) -> FloatArray:
    """Return the gradient of each class' loss, `[rows, width, classes]`."""
    import keras

    if keras.backend.backend() != "tensorflow":
        raise UnsupportedError(
            sentence(
                f"Keras on {keras.backend.backend()}", "Keras on TensorFlow for links"
            )
        )
    import tensorflow as tf

    z = tf.constant(logits, tf.float64)
    columns = []
    for label in range(2 if width == 1 else width):
        if width == 1:
            targets = tf.fill([len(logits), 1], tf.constant(float(label), tf.float64))
        elif sparse:
            targets = tf.fill([len(logits)], label)
        else:
            one_hot = np.eye(width)[[label] * len(logits)]
            targets = tf.constant(one_hot, tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = function(targets, z)
        slope = tape.gradient(value, z, unconnected_gradients="zero")
        columns.append(np.asarray(slope, np.float64))
    return np.stack(columns, axis=-1)


def _null_vectors(matrices: FloatArray) -> FloatArray:
    """Return the null vector of each matrix, summing to 1, `[rows, classes]`.

    Columns are brought to the same length first: the gradient of a class that is almost
    certain may be smaller than the others by many powers of ten, and its probability
    larger by as many.

    Args:
        matrices: `[rows, classes, classes]`, a column for each class.
    """
    if not len(matrices):
        return np.zeros(matrices.shape[:2])
    lengths = np.linalg.norm(matrices, axis=1)
    usable = np.isfinite(lengths).all(axis=1) & (lengths > 0).any(axis=1)
    least = np.finfo(np.float64).tiny
    scaled = matrices / np.maximum(lengths, least)[:, None, :]
    scaled = np.where(usable[:, None, None], scaled, 0.0)
    null = np.linalg.svd(scaled)[2][:, -1, :] / np.maximum(lengths, least)
    total = null.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        eta = null / total
    # Rounding may leave a class of probability 0 a little below it.
    eta = np.where((eta < 0) & (eta > -1e-9), 0.0, eta)
    sound = usable & np.isfinite(eta).all(axis=1) & (eta >= 0).all(axis=1)
    return np.asarray(np.where(sound[:, None], eta, np.nan))
