# SPDX-License-Identifier: Apache-2.0
"""Several losses, of which a variable says which is minimised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras
from keras import ops

from equipoise._core.checks import one_of, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputTypeError
from equipoise.losses.combined import as_losses, posterior_by, rebuilt

Choose = Callable[[int, Mapping[str, float]], str | None]
"""From the number of an epoch that begins, and the logs of the one before, to the name
of the loss, or None to leave it."""


@keras.saving.register_keras_serializable("equipoise")
class Switch(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """Several losses by name, one of them in force, for `model.compile`.

    When to use: to try losses or weightings on one model without compiling it again:
    the model is traced once with all of them, and a step computes only the one in
    force. `choose` changes it between two calls of `fit`, in a loop of your own, or
    from a callback. When not: for changes at times that are known before; that is
    `Scheduled`.

    Args:
        losses: Keras losses by name.
        active: The name of the one in force at first; by default the first.
        name: The name in logs.
        dtype: The type of the value; Keras' default if None.

    Raises:
        InputTypeError: Something is not a Keras loss, or has no name.
        InputError: There is no loss of that name.

    Example:
        >>> from equipoise.losses import CrossEntropy, Focal
        >>> loss = Switch({"plain": CrossEntropy(), "focal": Focal()})
        >>> print(f"{float(loss([1.0], [0.0])):.4f}")
        0.6931
        >>> loss.choose("focal")
        >>> print(f"{float(loss([1.0], [0.0])):.4f}")
        0.1733
    """

    def __init__(
        self,
        losses: Mapping[str, Any],
        active: str | None = None,
        name: str = "switch",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction="sum", dtype=dtype)
        if not isinstance(losses, Mapping) or not all(
            isinstance(n, str) for n in losses
        ):
            raise InputTypeError(
                sentence(f"losses={losses!r}", "a dictionary of Keras losses by name")
            )
        each = as_losses(rebuilt(list(losses.values())))
        self.losses: dict[str, Any] = dict(zip(losses, each, strict=True))
        first = active if active is not None else next(iter(self.losses))
        self._place = keras.Variable(
            self._number(first), trainable=False, dtype="int32", name="active"
        )

    @property
    def active(self) -> str:
        """The name of the loss in force."""
        return list(self.losses)[int(ops.convert_to_tensor(self._place))]

    @property
    def in_force(self) -> list[Any]:
        """The losses that are minimised: one."""
        return [self.losses[self.active]]

    def choose(self, name: str) -> None:
        """Put a loss in force, from the next step on.

        Args:
            name: Its name.

        Raises:
            InputError: There is none of that name.
        """
        self._place.assign(self._number(name))

    def callback(self, choose: Choose) -> Any:
        """Return a callback for `fit` that chooses as each epoch begins.

        Args:
            choose: Of the number of the epoch and the logs of the one before, the name
                of the loss, or None to leave it.

        Example:
            >>> from equipoise.losses import CrossEntropy, PairwiseAUC
            >>> loss = Switch({"first": CrossEntropy(), "then": PairwiseAUC()})
            >>> warm = loss.callback(lambda epoch, logs: "then" if epoch >= 2 else None)
            >>> warm.on_epoch_begin(2)
            >>> loss.active
            'then'
        """
        return _Choosing(self, choose)

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the loss in force of a batch.

        Args:
            y_true: Targets, as each of the losses takes them.
            y_pred: Logits.
            sample_weight: Example weights, or None.
        """

        def value(loss: Any) -> Tensor:
            return ops.cast(loss(y_true, y_pred, sample_weight), self.dtype)

        branches = [partial(value, loss) for loss in self.losses.values()]
        return ops.switch(self._place.value, branches)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values of the loss that is in force as this is called.

        Args:
            y_true: Targets.
            y_pred: Logits.
        """
        return self.losses[self.active].call(y_true, y_pred)

    def link(self, logits: Any) -> FloatArray:
        """Return what logits mean by the loss in force: the one trained with last.

        Args:
            logits: As in the link of that loss.

        Raises:
            UnsupportedError: It has no link.
        """
        return posterior_by(self.losses[self.active], logits)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the loss, with the one in force now."""
        losses = {
            name: keras.saving.serialize_keras_object(loss)
            for name, loss in self.losses.items()
        }
        named = {"name": self.name, "dtype": self.dtype}
        return {**named, "losses": losses, "active": self.active}

    def _number(self, name: str) -> int:
        one_of(name, self.losses, "loss")
        return list(self.losses).index(name)


class _Choosing(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Chooses as an epoch begins, knowing the logs of the one before."""

    def __init__(self, switch: Switch, choose: Choose) -> None:
        super().__init__()
        self._switch, self._choose = switch, choose
        self._logs: dict[str, float] = {}

    def on_epoch_begin(
        self, epoch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Choose the loss of the epoch."""
        name = self._choose(epoch, self._logs)
        if name is not None:
            self._switch.choose(name)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keep the logs."""
        self._logs = dict(logs or {})
