# SPDX-License-Identifier: Apache-2.0
"""From logits to probabilities by the gradients of a pointwise loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError, UnsupportedError
from equipoise.priors import bounded_logits

ROWS_AT_ONCE = 4096
"""Rows whose gradients are computed together."""

_LARGEST = 1e100
"""Logits beyond it count as this one, so that losses can take powers of them."""

_LAST = 300.0
"""Where the gradients of losses that fall exponentially are numbers still."""


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
        if self.width > 1:
            return _null_vectors(self._gradients(flat)).reshape(z.shape)
        return _continued(self._balanced, flat[:, 0]).reshape(z.shape)

    def _balanced(self, logits: FloatArray) -> FloatArray:
        gradients = self._gradients(logits[:, None])
        return _balance(gradients[:, 0, 0], gradients[:, 0, 1])

    def _gradients(self, logits: FloatArray) -> FloatArray:
        """Return the gradients of `[rows, width]` logits, a block at a time."""
        z = bounded_logits(logits, _LARGEST)
        blocks = [
            self.slopes(z[start : start + ROWS_AT_ONCE])
            for start in range(0, len(z), ROWS_AT_ONCE)
        ]
        none = np.zeros((0, self.width, len(self.class_weights)))
        return np.concatenate([none, *blocks]) * self.class_weights


def sigmoid_posterior(
    function: Callable[[Tensor, Tensor], Tensor], logits: npt.ArrayLike
) -> FloatArray:
    """Return the probabilities of positives, each logit a problem of its own.

    Args:
        function: Of (targets, logits), one value per logit.
        logits: Of any shape.

    Returns:
        Shaped as the logits; NaN as in `PosteriorLink`.

    Raises:
        UnsupportedError: Keras does not run on TensorFlow.

    Example:
        >>> from equipoise.losses import poly_loss
        >>> sigmoid_posterior(poly_loss, [0.0, 2.0]).round(4).tolist()
        [0.5, 0.8147]
    """
    z = np.asarray(logits, np.float64)

    def balanced(some: FloatArray) -> FloatArray:
        finite = bounded_logits(some, _LARGEST)
        labels = np.zeros(some.shape), np.ones(some.shape)
        return _balance(*(_slopes(function, label, finite) for label in labels))

    return _continued(balanced, z if z.ndim else z[None]).reshape(z.shape)


def _continued(
    balanced: Callable[[FloatArray], FloatArray], logits: FloatArray
) -> FloatArray:
    """Return what a function gives, continued where gradients are too small or large.

    The gradients of many losses fall, or grow, exponentially, so that far from 0 they
    are 0 or infinite. If the function no longer changes at the last logits at which
    they are numbers, it does not beyond them either.

    Args:
        balanced: From logits to probabilities, increasing, NaN if there is none.
        logits: Any shape.
    """
    p = balanced(logits)
    for sign in (-1.0, 1.0):
        beyond = np.isnan(p) & (sign * logits > _LAST)
        if beyond.any():
            last = np.full(logits.shape, sign * _LAST)
            before, end = balanced(last * 0.9), balanced(last)
            flat = np.abs(end - before) <= 1e-9 * np.minimum(end, 1 - end)
            p = np.where(beyond & (flat | (end == before)), end, p)
    return p


def _balance(negative: FloatArray, positive: FloatArray) -> FloatArray:
    """Return p at which (1 - p) l_0' + p l_1' = 0, NaN if there is none."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        p = negative / (negative - positive)
    inside = (p >= 0) & (p <= 1)
    return np.asarray(np.where(inside, p + 0.0, np.nan))  # no -0.0


def class_posterior(
    function: Callable[[Tensor, Tensor], Tensor],
    logits: npt.ArrayLike,
    sparse: bool = False,
) -> FloatArray:
    """Return the probabilities of each of several classes.

    Args:
        function: Of (targets, logits), one value per example.
        logits: `[..., classes]`.
        sparse: Whether the function takes class numbers instead of one-hot targets.

    Returns:
        `[..., classes]`; NaN as in `PosteriorLink`.

    Raises:
        UnsupportedError: Keras does not run on TensorFlow.

    Example:
        >>> from equipoise.losses import softmax_poly_loss
        >>> class_posterior(softmax_poly_loss, [2.0, 0.0, 0.0]).round(4).tolist()
        [0.6958, 0.1521, 0.1521]
    """
    z = np.asarray(logits, np.float64)
    classes = z.shape[-1]

    def slopes(rows: FloatArray) -> FloatArray:
        return class_slopes(function, rows, classes, sparse)

    return PosteriorLink(slopes, classes, np.ones(classes))(z)


def not_pointwise(name: str) -> UnsupportedError:
    """Return the error for a loss that has no link, since it compares examples.

    Args:
        name: The loss' name.

    Example:
        >>> type(not_pointwise("dice")).__name__
        'UnsupportedError'
    """
    return UnsupportedError(
        sentence(
            f"the loss {name!r}",
            "a loss of one example at a time",
            "This one compares examples; its scores need a calibrator.",
        )
    )


def class_slopes(
    function: Callable[[Tensor, Tensor], Tensor],
    logits: FloatArray,
    width: int,
    sparse: bool,
) -> FloatArray:
    """Return the gradient of each class' loss, `[rows, width, classes]`.

    Args:
        function: Of (targets, logits), one value per example.
        logits: `[rows, width]`.
        width: 1 for two classes, else the number of classes.
        sparse: Whether the function takes class numbers instead of one-hot targets.

    Raises:
        UnsupportedError: Keras does not run on TensorFlow.

    Example:
        >>> from equipoise.losses import cross_entropy_loss
        >>> class_slopes(cross_entropy_loss, np.zeros((1, 1)), 1, False).tolist()
        [[[0.5, -0.5]]]
    """
    columns = []
    for label in range(2 if width == 1 else width):
        targets: npt.NDArray[np.generic]
        if width == 1:
            targets = np.full((len(logits), 1), float(label))
        elif sparse:
            targets = np.full(len(logits), label, np.int32)
        else:
            targets = np.eye(width)[[label] * len(logits)]
        columns.append(_slopes(function, targets, logits))
    return np.stack(columns, axis=-1)


def _slopes(
    function: Callable[[Tensor, Tensor], Tensor],
    targets: npt.NDArray[np.generic],
    logits: FloatArray,
) -> FloatArray:
    """Return the gradient of the values by the logits, shaped as these."""
    import keras

    if keras.backend.backend() != "tensorflow":
        raise UnsupportedError(
            sentence(
                f"Keras on {keras.backend.backend()}", "Keras on TensorFlow for links"
            )
        )
    import tensorflow as tf

    z = tf.constant(logits, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = function(tf.constant(targets), z)
    slope = tape.gradient(value, z, unconnected_gradients="zero")
    return np.asarray(slope, np.float64)


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
    eta = np.where((eta <= 0) & (eta > -1e-9), 0.0, eta)
    sound = usable & np.isfinite(eta).all(axis=1) & (eta >= 0).all(axis=1)
    return np.asarray(np.where(sound[:, None], eta, np.nan))
