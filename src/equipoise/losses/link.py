# SPDX-License-Identifier: Apache-2.0
"""The exact link of a pointwise loss: which probabilities its logits stand for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from equipoise._core.checks import (
    LEAST_WEIGHT,
    MOST_WEIGHT,
    described,
    integer,
    listing,
    nearest,
    sentence,
)
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.losses.base import ExampleLoss
from equipoise.losses.combined import losses_in_force, takes_class_numbers
from equipoise.losses.expected_cost import ExpectedCost, no_probability
from equipoise.losses.posterior import PosteriorLink, class_slopes, not_pointwise
from equipoise.losses.registry import get


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
        class_weights: `[classes]` from 1e-30 to 1e30: by which the loss of each class
            was multiplied in training; (negative, positive) for one logit.
        sparse: Whether the loss takes class numbers; by default one-hot targets, but
            for Keras' `SparseCategoricalCrossentropy`.
        **options: Options of a loss that is given by its name, such as gamma or
            prior.

    Raises:
        InputTypeError: `loss` is no name, no Keras loss and no function.
        InputError: There is no such loss or option, an option is missing, or a number
            is out of range.
        UnsupportedError: The loss compares examples of a batch, so it is not pointwise;
            its minimum is a decision; it has no form for several classes; or Keras does
            not run on TensorFlow.

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
        usable = (weights >= LEAST_WEIGHT) & (weights <= MOST_WEIGHT)
        if weights.shape != (classes,) or not usable.all():
            raise InputError(
                sentence(
                    described("class_weights", class_weights),
                    f"{classes} numbers from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}",
                )
            )
    function = _pointwise(loss, width, options)
    if sparse is None:
        sparse = takes_class_numbers(loss)

    def slopes(z: FloatArray) -> FloatArray:
        return class_slopes(function, z, width, bool(sparse))

    return PosteriorLink(slopes, width, weights)


def _pointwise(
    loss: str | Callable[..., Tensor], width: int, options: dict[str, Any]
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a function of (targets, logits) that gives one value per example."""
    import keras

    if isinstance(loss, str):
        spec = get(loss)
        if spec.kind == "set":
            raise not_pointwise(loss)
        if spec.keras is ExpectedCost:
            raise no_probability()
        function = spec.function if width == 1 else spec.softmax
        if function is None:
            raise _not_for_classes(loss)
        _require_options(loss, function, options)
        return lambda targets, logits: function(targets, logits, **options)
    if options:
        raise InputError(
            sentence(
                f"{', '.join(options)} for a loss that is not given by its name",
                "a loss that holds its options",
            )
        )
    for each in losses_in_force([loss] if isinstance(loss, keras.losses.Loss) else []):
        if not getattr(each, "pointwise", True):
            raise not_pointwise(each.name)
    if isinstance(loss, ExpectedCost):
        raise no_probability()
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


def _require_options(
    name: str, function: Callable[..., Tensor], options: Mapping[str, Any]
) -> None:
    """Check that a loss has such options, and all that it needs."""
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    accepted = [parameter.name for parameter in parameters]
    for option in options:
        if not accepted:
            raise InputError(
                sentence(f"the option {option!r} for the loss {name!r}", "no options")
            )
        if option not in accepted:
            raise InputError(
                sentence(
                    f"the option {option!r} for the loss {name!r}",
                    f"one of {listing(accepted)}",
                    nearest(option, accepted),
                )
            )
    for parameter in parameters:
        if parameter.default is parameter.empty and parameter.name not in options:
            raise InputError(
                sentence(
                    f"no {parameter.name} for the loss {name!r}",
                    f"{parameter.name}=, without which it has no value",
                )
            )


def _not_for_classes(name: str) -> UnsupportedError:
    return UnsupportedError(
        sentence(
            f"the loss {name!r} for several classes",
            "a loss that takes one logit per class",
        )
    )
