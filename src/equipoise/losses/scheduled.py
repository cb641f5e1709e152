# SPDX-License-Identifier: Apache-2.0
"""Losses that follow each other at set times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import keras
from keras import ops

from equipoise._core.checks import integer, one_of, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError
from equipoise.losses.combined import as_losses, rebuilt
from equipoise.losses.switch import Switch

Unit = Literal["epoch", "step"]


@keras.saving.register_keras_serializable("equipoise")
class Scheduled(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """Losses that follow each other by epoch or by step, for `model.compile`.

    When to use: for a start with the cross-entropy before a ranking loss, or deferred
    re-weighting: a loss without weights first, the same with `ClassWeighted` after four
    fifths of the epochs. *Give `fit` its callback*, which keeps the time:
    `model.fit(..., callbacks=[loss.callback()])`. Without it the first loss stays.

    A model that goes on training at a later epoch (`initial_epoch`) begins with the
    loss of that epoch; steps are those of the optimizer.

    Args:
        losses: Keras losses, in their order.
        starts: When each but the first begins, in ascending order: the numbers of
            epochs or steps that come before.
        unit: "epoch" or "step".
        name: The name in logs.
        dtype: The type of the value; Keras' default if None.

    Raises:
        InputTypeError: Something is not a Keras loss, or not a whole number.
        InputError: There is not one start for each loss but the first, or they do not
            ascend.

    Example:
        >>> from equipoise.losses import LDAM, ClassWeighted
        >>> margins = LDAM([0.9, 0.1], link="softmax")
        >>> loss = Scheduled([margins, ClassWeighted(margins, [1.0, 9.0])], starts=[8])
        >>> clock = loss.callback()
        >>> clock.on_epoch_begin(8)
        >>> loss.place
        1
    """

    def __init__(
        self,
        losses: Sequence[Any],
        starts: Sequence[int],
        unit: Unit = "epoch",
        name: str = "scheduled",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction="sum", dtype=dtype)
        each = as_losses(rebuilt(losses))
        self.starts = [integer(start, "a start", 0) for start in starts]
        ascending = all(
            a < b for a, b in zip(self.starts, self.starts[1:], strict=False)
        )
        if len(self.starts) != len(each) - 1 or not ascending:
            raise InputError(
                sentence(
                    f"starts={list(starts)} for {len(each)} losses",
                    "one for each loss but the first, in ascending order",
                )
            )
        self.unit = one_of(unit, get_args(Unit), "unit")
        self._switch = Switch(
            {str(place): loss for place, loss in enumerate(each)}, dtype=self.dtype
        )

    @property
    def losses(self) -> list[Any]:
        """The losses in their order."""
        return list(self._switch.losses.values())

    @property
    def in_force(self) -> list[Any]:
        """The losses that are minimised: one."""
        return self._switch.in_force

    @property
    def place(self) -> int:
        """The place of the loss in force."""
        return int(self._switch.active)

    def advance(self, time: int) -> None:
        """Put the loss of a time in force, in a loop of your own.

        Args:
            time: How many epochs or steps came before.
        """
        place = str(bisect_right(self.starts, time))
        if place != self._switch.active:
            self._switch.choose(place)

    def callback(self) -> Any:
        """Return the callback for `fit` that keeps the time."""
        return _Clock(self)

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the loss in force of a batch.

        Args:
            y_true: Targets, as each of the losses takes them.
            y_pred: Logits.
            sample_weight: Example weights, or None.
        """
        return self._switch(y_true, y_pred, sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values of the loss that is in force as this is called.

        Args:
            y_true: Targets.
            y_pred: Logits.
        """
        return self._switch.call(y_true, y_pred)

    def link(self, logits: Any) -> FloatArray:
        """Return what logits mean by the loss in force: the one trained with last.

        Args:
            logits: As in the link of that loss.

        Raises:
            UnsupportedError: It has no link.
        """
        return self._switch.link(logits)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the loss; a callback finds its place again."""
        losses = [keras.saving.serialize_keras_object(each) for each in self.losses]
        times = {"starts": self.starts, "unit": self.unit}
        return {"name": self.name, "dtype": self.dtype, "losses": losses, **times}


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    def __init__(self, loss: Scheduled) -> None:
        super().__init__()
        self._loss = loss

    def on_epoch_begin(
        self, epoch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Put the loss of the epoch in force."""
        if self._loss.unit == "epoch":
            self._loss.advance(epoch)

    def on_train_batch_begin(
        self, batch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Put the loss of the step in force."""
        if self._loss.unit == "step":
            steps = ops.convert_to_tensor(self.model.optimizer.iterations)
            self._loss.advance(int(steps))
