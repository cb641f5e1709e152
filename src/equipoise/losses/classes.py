# SPDX-License-Identifier: Apache-2.0
"""What the losses over several classes share: targets of a row, and class odds."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import sentence
from equipoise._core.types import Tensor
from equipoise.errors import InputError
from equipoise.losses.base import as_type


def class_targets(targets: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the share of each class in each example, and the logits.

    Args:
        targets: `[..., batch]` class numbers; or `[..., batch, classes]` from 0 to 1,
            summing to 1: ones and zeros, or the blend of several examples.
        logits: `[..., batch, classes]`, floating point, of two classes or more.

    Returns:
        Two tensors `[..., batch, classes]` of the logits' type. A class number that is
        none gives zeros.

    Raises:
        InputError: The logits are not floating point or of less than two classes, or
            the shapes do not belong together.

    Example:
        >>> shares, _ = class_targets([2, 0], [[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
        >>> shares.numpy().tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    z = ops.convert_to_tensor(unmasked(logits, "logits"))
    if not keras.backend.is_float_dtype(z.dtype):
        raise InputError(sentence(f"logits of type {z.dtype}", "floating-point logits"))
    if len(z.shape) < 2 or z.shape[-1] is None or z.shape[-1] < 2:
        raise InputError(
            sentence(
                f"logits of shape {tuple(z.shape)} for several classes",
                "a last axis of two classes or more",
                "Leave link='softmax' out for one logit per row.",
            )
        )
    t = ops.convert_to_tensor(unmasked(targets, "targets"))
    if len(t.shape) == len(z.shape) and t.shape[-1] == z.shape[-1]:
        one_hot = as_type(t, z.dtype)
    elif len(t.shape) == len(z.shape) - 1:
        one_hot = ops.one_hot(ops.cast(t, "int32"), z.shape[-1], dtype=z.dtype)
    else:
        raise _unfit(t, z)
    pairs = zip(one_hot.shape, z.shape, strict=True)
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise _unfit(t, z)
    return one_hot, z


def _unfit(targets: Tensor, logits: Tensor) -> InputError:
    return InputError(
        sentence(
            f"targets of shape {tuple(targets.shape)} and logits of shape "
            f"{tuple(logits.shape)} for several classes",
            "a class number for each row of logits, or targets of their shape",
        )
    )


def number_by_class(values: Tensor, logits: Tensor, name: str) -> Tensor:
    """Return one number per class in the logits' type.

    Args:
        values: `[classes]`, or numbers that broadcast against the logits.
        logits: `[..., classes]`.
        name: What they are, for the message.

    Raises:
        InputError: The last axis is not that of the classes.

    Example:
        >>> number_by_class([1.0, 2.0], ops.zeros((3, 2)), "margin").numpy().tolist()
        [1.0, 2.0]
    """
    numbers = as_type(values, logits.dtype)
    if len(numbers.shape) and numbers.shape[-1] == logits.shape[-1]:
        return numbers
    raise InputError(
        sentence(
            f"{name} of shape {tuple(numbers.shape)} for {logits.shape[-1]} classes",
            "one number for each class",
        )
    )


def class_log_odds(logits: Tensor) -> Tensor:
    """Return the log-odds of each class against all others under a softmax.

    u_c = z_c - log(sum of exp(z_k) over k other than c). Then log p_c is
    -softplus(-u_c) and log(1 - p_c) is -softplus(u_c), both exact where p_c rounds to
    0 or 1; see `equipoise.priors.one_against_rest`.

    Of the largest logit the others are added up apart. For any other class the sum of
    all less its own part is at least 1 in units of the largest, and loses no digits.

    Args:
        logits: `[..., classes]`, two or more, floating point.

    Example:
        >>> class_log_odds(ops.array([[0.0, 1.5]])).numpy().tolist()
        [[-1.5, 1.5]]
    """
    z = logits
    largest = ops.one_hot(ops.argmax(z, axis=-1), z.shape[-1], dtype="bool")
    most = ops.stop_gradient(ops.max(z, axis=-1, keepdims=True))
    powers = ops.exp(z - most)
    # where() on both sides: what it leaves out has a gradient too, 0 times which is 0
    others = ops.sum(powers, axis=-1, keepdims=True) - ops.where(
        largest, ops.zeros_like(z), powers
    )
    below = ops.where(largest, ops.full_like(z, -1e30), z)
    rest = ops.where(
        largest,
        ops.logsumexp(below, axis=-1, keepdims=True),
        most + ops.log(others),
    )
    return z - rest
