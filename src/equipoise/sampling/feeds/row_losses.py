# SPDX-License-Identifier: Apache-2.0
"""The current losses of all rows, for a sampler that follows them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from equipoise._core.checks import integer, sentence
from equipoise.errors import InputError
from equipoise.sampling.hard import HardExamples


class KerasRowLosses(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Tells `HardExamples` the loss of each row at the end of an epoch.

    It costs a pass of predictions over all rows. The next epoch of the feed is drawn
    by the new losses.

    Attributes:
        sampler: Who draws the rows.
        features: What the model takes, by row.
        targets: `[rows]`, or `[rows, ...]`, what the loss takes.
        loss: A function of targets and predictions that returns `[rows]`, as
            `keras.losses.binary_crossentropy`, or a loss of Keras that is called with
            reduction=None.
        every: After how many epochs losses are computed again.
        batch: Rows per step of prediction.

    Raises:
        InputTypeError: A number is not an integer.
        InputError: A number is below 1; at the end of an epoch: the loss does not
            return a number for each row.

    Example:
        >>> sampler = HardExamples(4)
        >>> x, y = np.array([[0.0], [1.0], [2.0], [9.0]]), np.array([0, 0, 0, 1])
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> hard = KerasRowLosses(sampler, x, y, keras.losses.mean_squared_error)
        >>> data = sampler.over(x, y, batch=4).dataset()
        >>> _ = model.fit(data, shuffle=False, callbacks=[hard], verbose=0)
        >>> errors = (model.predict(x, verbose=0)[:, 0] - y) ** 2
        >>> bool(np.allclose(sampler.losses, errors))
        True
    """

    def __init__(
        self,
        sampler: HardExamples,
        features: Any,
        targets: Any,
        loss: Any,
        *,
        every: int = 1,
        batch: int = 1024,
    ) -> None:
        super().__init__()
        self.sampler = sampler
        self.features, self.targets, self.loss = features, targets, loss
        self.every = integer(every, "every", 1)
        self.batch = integer(batch, "batch", 1)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compute the losses, if it is time."""
        if (epoch + 1) % self.every:
            return
        scores = self.model.predict(self.features, batch_size=self.batch, verbose=0)
        targets = np.asarray(self.targets)
        if targets.ndim + 1 == np.ndim(scores) and np.shape(scores)[-1] == 1:
            targets = targets[..., None]
        losses = np.asarray(keras.ops.convert_to_numpy(self.loss(targets, scores)))
        if losses.shape != (self.sampler.rows,):
            raise InputError(
                sentence(
                    f"losses of shape {losses.shape}",
                    f"one for each of {self.sampler.rows:,} rows",
                    "Pass a function such as keras.losses.binary_crossentropy.",
                )
            )
        self.sampler.update(np.arange(self.sampler.rows), losses)
