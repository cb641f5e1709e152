# SPDX-License-Identifier: Apache-2.0
"""A draw: which rows make up the batches of one epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.types import AnyArray, Float32Array, Int32Array
from equipoise.sampling.noise import Noise
from equipoise.task import UNKNOWN_LABEL


@dataclass(frozen=True, eq=False)
class Draw:
    """The rows of one epoch's batches, as positions into the labels.

    The example at `[step, place]` is x[index] + mix * (x[partner] - x[index]), its
    target y[index] + mix * (y[partner] - y[index]). Nothing synthetic is stored.

    Attributes:
        index: `[steps, batch]` int32.
        partner: `[steps, batch]` int32, or None if nothing is mixed.
        mix: `[steps, batch]` float32 in [0, 1], or None if nothing is mixed.
        target_mix: `[steps, batch]` float32 in [0, 1], how much of the target is the
            partner's; None if as much as `mix`.
        labels: `[steps, batch, labels]` int8 the labels of the examples, 1, 0 and -1 if
            one is not known; None if they follow from those of the rows.
        noise: What is added to the examples whose `mix` is above 0; None if nothing
            is.
    """

    index: Int32Array
    partner: Int32Array | None = None
    mix: Float32Array | None = None
    target_mix: Float32Array | None = None
    labels: npt.NDArray[np.int8] | None = None
    noise: Noise | None = None

    @property
    def share(self) -> Float32Array | None:
        """How much of the target is the partner's, or None if nothing is mixed."""
        return self.mix if self.target_mix is None else self.target_mix

    def targets(
        self, labels: npt.ArrayLike, classes: int | None = None
    ) -> Float32Array:
        """Return the targets of the drawn examples, float32.

        Args:
            labels: `[rows]` or `[rows, labels]`, what the draw was made from.
            classes: How many classes there are, for one-hot targets of class numbers;
                by default targets are the numbers themselves.

        Returns:
            `[steps, batch]`; `[steps, batch, classes]` one-hot, or blends of that;
            `[steps, batch, labels]`, NaN if a label of either row is not known.

        Example:
            >>> import numpy as np
            >>> draw = Draw(np.array([[0, 2]], np.int32))
            >>> draw.targets([0, 0, 1]).tolist()
            [[0.0, 1.0]]
            >>> draw.targets([0, 1, 2], classes=3).tolist()
            [[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]
        """
        if classes is None:
            y = np.asarray(labels, np.float32)
        else:
            y = np.eye(classes, dtype=np.float32)[np.asarray(labels, np.int64)]
        if self.labels is not None:
            return _known(self.labels)
        if np.ndim(labels) == 2:
            y = _known(y)
        first: Float32Array = y[self.index]
        if self.partner is None or self.share is None:
            return first
        share = self.share if y.ndim == 1 else self.share[..., None]
        return np.asarray(first + share * (y[self.partner] - first), np.float32)


def _known(labels: AnyArray) -> Float32Array:
    """Return labels as numbers, NaN if one is not known."""
    hidden = labels == UNKNOWN_LABEL
    return np.where(hidden, np.float32(np.nan), labels).astype(np.float32)
