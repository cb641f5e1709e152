# SPDX-License-Identifier: Apache-2.0
"""Every loss by name. TensorFlow is loaded when a loss is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from equipoise._core.checks import one_of
from equipoise._core.lazy import loaded
from equipoise._core.options import Options, defaults_of
from equipoise.losses.records import LOSS_RECORDS


@dataclass(frozen=True)
class LossSpec:
    """A loss: its function, its Keras class, and what the function accepts.

    Attributes:
        name: Its name in a `Strategy`.
        function: For kind "example" `f(targets, logits, **options)`, which returns
            one value per example, `[..., batch]`. For kind "set"
            `f(targets, logits, weights=None, **options)`, which returns one value
            per leading index, `[...]`.
        kind: "example" or "set".
        options: The keyword arguments of the function with their defaults, but
            for `prior` and `rows`, which have none.
        keras: The class for `model.compile(loss=...)`.
        softmax: The function for several classes, of which targets and logits are
            `[..., batch, classes]`; None if there is none, or for kind "set".
    """

    name: str
    function: Callable[..., Any]
    kind: Literal["example", "set"]
    options: Options
    keras: type[Any]
    softmax: Callable[..., Any] | None = None


def get(name: str) -> LossSpec:
    """Return the loss of a name.

    Args:
        name: One of `loss_names()`.

    Raises:
        InputError: There is no such loss; the nearest name is suggested.

    Example:
        >>> spec = get("focal")
        >>> spec.kind, dict(spec.options)
        ('example', {'gamma': 2.0, 'alpha': None})
    """
    record = LOSS_RECORDS[one_of(name, LOSS_RECORDS, "loss")]
    function: Callable[..., Any] = loaded(record.function)
    options = defaults_of(record.options)
    softmax = None if record.softmax is None else loaded(record.softmax)
    if record.keras is None:
        from equipoise.losses.plain import keras_class

        keras = keras_class(name, record.kind, function, options, softmax)
    else:
        keras = loaded(record.keras)
    return LossSpec(name, function, record.kind, options, keras, softmax)
