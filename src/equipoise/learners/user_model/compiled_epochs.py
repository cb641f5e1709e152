# SPDX-License-Identifier: Apache-2.0
"""An epoch of a Keras model as one compiled call.

`keras.Model.fit` and `predict` make a data pipeline each time they are called, which
costs more than the updates of a small epoch. Early stopping on corrected scores calls
both after each epoch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from equipoise._core.types import FloatArray, Tensor

SCORED_AT_ONCE = 1024


class GraphEpochs:
    """Trains and scores one model, with the updates that `fit` would make.

    Args:
        model: An uncompiled Keras model of one logit per row, or several. Its own
            losses, as of regularisers, and its updates, as of batch normalisation,
            count.
        optimizer: A Keras optimizer.
    """

    def __init__(self, model: Any, optimizer: Any) -> None:
        self._model = model
        self.restart(optimizer)
        self._logits = tf.function(
            lambda x: model(x, training=False), autograph=False, reduce_retracing=True
        )

    def restart(self, optimizer: Any) -> None:
        """Go on with another optimizer.

        Args:
            optimizer: A Keras optimizer that has made no update yet.
        """
        self._optimizer = optimizer
        optimizer.build(self._model.trainable_variables)
        self._compiled: dict[int, Any] = {}

    def train(
        self,
        loss: Any,
        x: npt.NDArray[Any],
        y: npt.NDArray[Any],
        weights: npt.NDArray[Any] | None,
        batch: int,
    ) -> None:
        """Make one update per batch, in the order of the rows.

        Args:
            loss: A Keras loss; the same object for as long as it is the same loss.
            x: `[steps * batch, ...]`.
            y: `[steps * batch]`, or `[steps * batch, ...]`.
            weights: `[steps * batch]` example weights, or None.
            batch: Examples per update.
        """
        if id(loss) not in self._compiled:
            self._compiled[id(loss)] = tf.function(
                lambda *arrays: self._epoch(loss, *arrays),
                autograph=False,
                reduce_retracing=True,
            )
        arrays = (x, y[:, None] if y.ndim == 1 else y, weights)
        self._compiled[id(loss)](
            *(
                None
                if array is None
                else tf.constant(array.reshape(-1, batch, *array.shape[1:]))
                for array in arrays
            )
        )

    def logits(self, x: npt.NDArray[Any]) -> FloatArray:
        """Return the logits of rows, `[rows]` or `[rows, width]` float64."""
        logits = [
            flat_logits(self._logits(tf.constant(x[i : i + SCORED_AT_ONCE])).numpy())
            for i in range(0, len(x), SCORED_AT_ONCE)
        ]
        return np.concatenate(logits).astype(np.float64)

    def _epoch(self, loss: Any, x: Tensor, y: Tensor, weights: Tensor | None) -> None:
        def body(step: Tensor) -> tuple[Tensor]:
            step_weights = None if weights is None else weights[step]
            self._step(loss, x[step], y[step], step_weights)
            return (step + 1,)

        steps = tf.shape(y)[0]
        tf.while_loop(
            lambda step: step < steps, body, (tf.constant(0),), parallel_iterations=1
        )

    def _step(self, loss: Any, x: Tensor, y: Tensor, weights: Tensor | None) -> None:
        variables = self._model.trainable_variables
        with tf.GradientTape() as tape:
            value = loss(y, self._model(x, training=True), sample_weight=weights)
            value += sum(self._model.losses)
        self._optimizer.apply(tape.gradient(value, variables), variables)


def flat_logits(logits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return logits `[rows]` if there is one for each row, else as they are.

    Example:
        >>> flat_logits(np.zeros((3, 1))).shape, flat_logits(np.zeros((3, 4))).shape
        ((3,), (3, 4))
    """
    several = logits.ndim > 1 and logits.shape[-1] > 1
    return logits if several else logits.reshape(-1)


def trains_as_usual(model: Any) -> bool:
    """Return whether a model has no training step of its own."""
    import keras

    return all(
        getattr(type(model), name) is getattr(keras.Model, name)
        for name in ("train_step", "compute_loss", "compute_loss_and_updates")
        if hasattr(keras.Model, name)
    )
