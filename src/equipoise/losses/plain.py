# SPDX-License-Identifier: Apache-2.0
"""A Keras class for a loss that is registered without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from equipoise._core.options import Options
from equipoise.losses.base import ExampleLoss
from equipoise.losses.set_loss import SetLoss


def keras_class(
    name: str,
    kind: Literal["example", "set"],
    function: Callable[..., Any],
    defaults: Options,
    softmax: Callable[..., Any] | None = None,
) -> type[Any]:
    """Return a class for `model.compile`; a model with it cannot be saved by Keras.

    Args:
        name: The loss' name.
        kind: "example" or "set", see `LossRecord`.
        function: The pure function.
        defaults: Its options.
        softmax: The function for several classes, or None.

    Example:
        >>> from equipoise.losses import cross_entropy_loss
        >>> plain = keras_class("plain", "example", cross_entropy_loss, {})
        >>> round(float(plain()([1.0, 0.0], [0.0, 2.0])), 4)
        1.41
    """
    usual = {"name": name, "dtype": None, **defaults}
    if kind == "example":
        usual["reduction"] = "mean_with_sample_weight"
    base: type[Any] = ExampleLoss if kind == "example" else SetLoss

    def initialise(self: Any, **options: Any) -> None:
        base.__init__(self, **{**usual, **options})

    members: dict[str, Any] = {
        "function": staticmethod(function),
        "__init__": initialise,
    }
    if softmax is not None:
        members["softmax"] = staticmethod(softmax)
    return type(name, (base,), members)
