# SPDX-License-Identifier: Apache-2.0
"""Every loss by name. TensorFlow is loaded when a loss is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from equipoise._core.checks import one_of
from equipoise._core.options import Number
from equipoise.losses.records import LOSS_RECORDS


@dataclass(frozen=True)
class LossSpec:
    """A loss: its function, its Keras class, and what the function accepts.

    Attributes:
        name: What it is called in a `Strategy`.
        function: For kind "example" `f(targets, logits, **options)`, which returns
            one value per example, `[..., batch]`. For kind "set"
            `f(targets, logits, weights=None, **options)`, which returns one value
            per leading index, `[...]`.
        kind: "example" or "set".
        options: The keyword arguments of the function with their defaults, but
            for `prior`, which has none.
        keras: The class for `model.compile(loss=...)`.
    """

    name: str
    function: Callable[..., Any]
    kind: Literal["example", "set"]
    options: Mapping[str, Number]
    keras: type[Any]


def loss_names() -> list[str]:
    """Return the names of all losses, without loading TensorFlow.

    Example:
        >>> loss_names()[:2]
        ['cross_entropy', 'focal']
    """
    return list(LOSS_RECORDS)


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
    objective = LOSS_RECORDS[one_of(name, LOSS_RECORDS, "loss")]
    module = importlib.import_module(f"equipoise.losses.{name}")
    function: Callable[..., Any] = getattr(module, f"{name}_loss")
    options = {key: setting.default for key, setting in objective.options.items()}
    return LossSpec(name, function, objective.kind, options, module.LOSS)
