# SPDX-License-Identifier: Apache-2.0
"""What the losses share: shape checks, and their thin Keras classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, get_args

import keras
import numpy as np
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import one_of, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError, UnsupportedError
from equipoise.losses.posterior import class_posterior, sigmoid_posterior
from equipoise.losses.records import closed_link
from equipoise.metrics.keras_inputs import (
    OutputWatch,
    aligned_weights,
    require_class_numbers,
    require_labels,
)
from equipoise.priors import Link, probability, softmax
from equipoise.task import UNKNOWN_LABEL

LINKS: tuple[str, ...] = get_args(Link)

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
        y_true: Targets of the examples, from 0 to 1; NaN or -1 for a label that is
            not known, if there are several.
        y_pred: The model's output; a mask that Keras hung on it is read.
        sample_weight: `[batch]`, or of the targets' shape, or None.
        loss: The Keras loss.

    Returns:
        The targets in the loss' type, NaN throughout if one is refused and nothing can
        be raised (infinite if NaN stands for a label that is not known); and weights of
        the targets' rank with masked examples at 0, or None.

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
    whose = type(loss).__name__
    if has_labels(loss, targets, y_pred):
        refused = require_labels(known_labels(targets)[0], weights, whose)
        return ops.where(refused, ops.full_like(targets, math.inf), targets), weights
    refused = require_labels(targets, weights, whose)
    lost = ops.full_like(targets, float("nan"))
    return ops.where(refused, lost, targets), weights


def has_labels(loss: Any, targets: Tensor, logits: Tensor) -> bool:
    """Return whether targets are of several labels, some of which may be unknown.

    Args:
        loss: The Keras loss.
        targets: `[batch, ..., labels]`, or `[batch, ...]` for logits of one output.
        logits: `[batch, ..., labels]`.
    """
    if getattr(loss, "link", "") != "sigmoid" or len(targets.shape) < 2:
        return False
    if ops.ndim(logits) == len(targets.shape) + 1:  # the points of a sequence
        return False
    return targets.shape[-1] is not None and targets.shape[-1] > 1


def known_labels(targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return targets with 0 for an unknown label, and a mask of those that are known.

    The classes for `model.compile` do this by themselves if there are several labels.
    For the pure functions multiply the values of a loss of one example at a time by the
    mask, and pass it as `weights` to a loss over a set of examples.

    Args:
        targets: Of any shape: from 0 to 1, and NaN or -1 for one that is not known.

    Returns:
        Two tensors of the targets' shape. Whole numbers become Keras' default type.

    Example:
        >>> from equipoise.losses import cross_entropy_loss
        >>> targets, labelled = known_labels([[1, -1], [0, 1]])
        >>> values = labelled * cross_entropy_loss(targets, ops.zeros((2, 2)))
        >>> print(values.numpy().round(4))
        [[0.6931 0.    ] [0.6931 0.6931]]
    """
    t = ops.convert_to_tensor(unmasked(targets, "targets"))
    if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(t.dtype)):
        t = ops.cast(t, keras.config.floatx())
    unknown = ops.logical_or(ops.isnan(t), t == UNKNOWN_LABEL)
    zeros = ops.zeros_like(t)
    return ops.where(unknown, zeros, t), ops.where(unknown, zeros, zeros + 1)


def one_hot_targets(
    y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None, loss: Any
) -> Tensor:
    """Return the targets of a Keras loss over several classes, one per logit.

    Args:
        y_true: Class numbers, `[batch]` or `[batch, 1]`; or `[batch, classes]`.
        y_pred: `[batch, classes]` logits.
        sample_weight: `[batch]`, or None.
        loss: The Keras loss.

    Returns:
        `[batch, classes]` in the loss' type; NaN throughout if a number is refused and
        nothing can be raised.

    Raises:
        InputError: A number of an example that counts is no class, or shapes do not
            belong together.
        tf.errors.InvalidArgumentError: The former in a compiled function.
    """
    t = as_type(unmasked(y_true, "targets"), loss.dtype)
    y_pred = ops.convert_to_tensor(y_pred)
    classes = y_pred.shape[-1] if len(y_pred.shape) else None
    if classes is None or classes < 2:
        raise InputError(
            sentence(
                f"outputs of shape {tuple(y_pred.shape)} for "
                f"{type(loss).__name__}(link='softmax')",
                "one logit for each of two classes or more",
                "Leave link='softmax' out for one logit per row.",
            )
        )
    if len(t.shape) == len(y_pred.shape) and t.shape[-1] == classes:
        return t
    if len(t.shape) == len(y_pred.shape) and t.shape[-1] == 1:
        t = ops.squeeze(t, -1)
    if len(t.shape) != len(y_pred.shape) - 1:
        raise InputError(
            sentence(
                f"targets of shape {tuple(t.shape)} and logits of shape "
                f"{tuple(y_pred.shape)}",
                "a class number for each row of logits, or targets of their shape",
            )
        )
    weights = None
    if sample_weight is not None:
        weights = ops.convert_to_tensor(unmasked(sample_weight, "weights"))
        weights = aligned_weights(weights, len(t.shape))
    refused = require_class_numbers(t, classes, weights, type(loss).__name__)
    one_hot = ops.one_hot(ops.cast(t, "int32"), classes, dtype=loss.dtype)
    return ops.where(refused, ops.full_like(one_hot, float("nan")), one_hot)


def weights_of_values(sample_weight: Tensor, y_pred: Tensor, dtype: str) -> Tensor:
    """Return a weight for each value of a loss of one example at a time.

    Keras divides by the sum of the weights as it is handed them: of one number for all
    examples, or of one for all steps of a sequence, that is the sum of too few.

    Args:
        sample_weight: A number, `[batch]`, or `[batch, ...]` with axes of size 1.
        y_pred: `[batch]`, or `[batch, ..., n]`, over whose last axis the values are
            averages.
        dtype: The type of the result.

    Example:
        >>> weights_of_values(2.0, ops.zeros((3, 1)), "float32").numpy().tolist()
        [2.0, 2.0, 2.0]
    """
    shape = ops.shape(ops.convert_to_tensor(y_pred))
    shape = shape[:-1] if len(shape) > 1 else shape
    weights = ops.cast(ops.convert_to_tensor(unmasked(sample_weight, "weights")), dtype)
    return ops.broadcast_to(aligned_weights(weights, len(shape)), shape)


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


class LossLink(str):
    """What turns logits into probabilities: a name, and a function of logits.

    "sigmoid" or "softmax" says how many logits there are and what a network's last
    layer means. What the logits of a trained network mean depends on the loss that it
    minimised: call it with them.

    Example:
        >>> from equipoise.losses import Focal
        >>> loss = Focal(gamma=2.0)
        >>> loss.link == "sigmoid", loss.link([0.0, 1.0]).round(4).tolist()
        (True, [0.5, 0.9359])
    """

    posterior: Callable[[Any], FloatArray]

    @classmethod
    def of(cls, name: Link, posterior: Callable[[Any], FloatArray]) -> LossLink:
        """Return a link.

        Args:
            name: "sigmoid" or "softmax".
            posterior: From logits to probabilities.
        """
        link = cls(name)
        link.posterior = posterior
        return link

    def __call__(self, logits: Any) -> FloatArray:
        """Return the probabilities at which these logits minimise the expected loss.

        Args:
            logits: Of any shape; `[..., classes]` if it is "softmax".

        Returns:
            Shaped as the logits: of the positive class or of each label; of each class
            if it is "softmax".

        Raises:
            UnsupportedError: The loss has no link.
        """
        return self.posterior(logits)


class ExampleLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """A Keras loss of one value per example: configuration around a function.

    A concrete class names its `function` and passes its options on.

    Attributes:
        function: The pure function.
        softmax: The same for several classes, or None if there is none.
        options: Their keyword arguments.
        link: What turns logits into probabilities: "sigmoid" or "softmax", and a
            function of logits that gives the exact probabilities.
        record: The name of the record that has the link in closed form; empty for the
            null vector of the gradients, see `equipoise.losses.link_of`.
    """

    function: ClassVar[Callable[..., Tensor]]
    softmax: ClassVar[Callable[..., Tensor] | None] = None
    record: ClassVar[str] = ""

    def __init__(
        self,
        reduction: str | None,
        name: str,
        dtype: str | None,
        link: Link = "sigmoid",
        **options: Any,
    ) -> None:
        one_of(link, LINKS, "link")
        if link == "softmax" and type(self).softmax is None:
            raise UnsupportedError(
                sentence(
                    f"link='softmax' for {type(self).__name__}",
                    "link='sigmoid': this loss is not defined for several classes",
                    "Register it with softmax= if you have the formula.",
                )
            )
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.options = options
        self._named_link: Link = link
        self.link = LossLink.of(link, self.posterior)
        self._watch = OutputWatch(type(self).__name__, NO_ACTIVATION)

    def posterior(self, logits: Any) -> FloatArray:
        """Return the probabilities at which these logits minimise the expected loss.

        What `loss.link(logits)` returns.

        Args:
            logits: Of any shape; `[..., classes]` with link="softmax".
        """
        z = np.asarray(unmasked(logits, "logits"), np.float64)
        self._require_outputs(z.shape)
        if type(self).record:
            correction = closed_link(type(self).record, self.options, self._named_link)
            shown = softmax if self.link == "softmax" else probability
            return shown(correction.apply(z))
        return self._by_gradients(z)

    def _by_gradients(self, logits: FloatArray) -> FloatArray:
        kind, options = type(self), self.options
        if self.link != "softmax":
            return sigmoid_posterior(partial(kind.function, **options), logits)
        function = partial(kind.softmax or kind.function, **options)
        return class_posterior(function, logits)

    def _require_outputs(self, shape: tuple[int, ...]) -> None:
        """Check that logits have an output for each class, or label, of the options."""
        several = [len(v) for v in self.options.values() if isinstance(v, list | tuple)]
        last = shape[-1] if shape else None
        if several and last != several[0]:
            raise InputError(
                sentence(
                    f"logits of shape {shape} for the link of a loss of {several[0]} "
                    f"{'classes' if self.link == 'softmax' else 'labels'}",
                    f"a last axis of {several[0]}",
                )
            )
        if self.link == "softmax" and (last is None or last < 2):
            raise InputError(
                sentence(
                    f"logits of shape {shape} for the link of several classes",
                    "a last axis of two classes or more",
                )
            )

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch, reduced.

        Args:
            y_true: `[batch]` or `[batch, n]` targets, from 0 to 1; with several outputs
                NaN or -1 for one that is not known, which adds nothing to the loss.
                With link="softmax" class numbers `[batch]` or `[batch, 1]`, or one-hot.
            y_pred: `[batch]` or `[batch, n]` logits; the n outputs are averaged. With
                link="softmax" `[batch, classes]`.
            sample_weight: `[batch]` example weights, or None. An example of weight 0
                may have any target.

        Raises:
            InputError: A target is not from 0 to 1, or shapes do not fit.
        """
        y_pred = unmasked(y_pred, "logits")
        self._watch.look(y_pred)
        if not hasattr(y_pred, "shape"):  # a list; a tensor may carry a mask
            y_pred = as_type(y_pred, self.dtype)
        if self.link == "softmax":
            y_true = one_hot_targets(y_true, y_pred, sample_weight, self)
        y_true, weights = self._checked(y_true, y_pred, sample_weight)
        one_output = len(y_pred.shape) > len(y_true.shape)
        if weights is not None and len(weights.shape) > 1 and not one_output:
            _require_per_example(weights)
        if sample_weight is not None:
            sample_weight = weights_of_values(sample_weight, y_pred, self.dtype)
        return super().__call__(y_true, y_pred, sample_weight)

    def _checked(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return checked targets and weights; a loss of other targets overrides it."""
        return checked_targets(y_true, y_pred, sample_weight, self)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one value per example, `[batch]`.

        Args:
            y_true: `[batch]` or `[batch, n]` targets.
            y_pred: `[batch]` or `[batch, n]` logits; the n outputs are averaged.
        """
        softmax = type(self).softmax
        if self.link == "softmax" and softmax is not None:
            return softmax(y_true, y_pred, **self.options)
        targets, logits = aligned(y_true, y_pred)
        if has_labels(self, targets, logits):
            targets, labelled = known_labels(targets)
            values = type(self).function(targets, logits, **self.options)
            return ops.mean(labelled * values, axis=-1)
        values = type(self).function(targets, logits, **self.options)
        return ops.mean(values, axis=-1) if len(values.shape) > 1 else values

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the loss, its dtype included."""
        link = {} if self.link == "sigmoid" else {"link": str(self.link)}
        config = {**super().get_config(), "dtype": self.dtype, **link}
        return {**config, **self.options}
