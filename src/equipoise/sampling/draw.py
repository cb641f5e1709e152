# SPDX-License-Identifier: Apache-2.0
"""A draw: which rows make up the batches of one epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.types import Float32Array, Int32Array


@dataclass(frozen=True, eq=False)
class Draw:
    """The rows of one epoch's batches, as positions into the labels.

    The example at `[step, place]` is x[index] + mix * (x[partner] - x[index]), its
    target y[index] + mix * (y[partner] - y[index]). Nothing synthetic is stored.

    Attributes:
        index: `[steps, batch]` int32.
        partner: `[steps, batch]` int32, or None if nothing is mixed.
        mix: `[steps, batch]` float32 in [0, 1], or None if nothing is mixed.
    """

    index: Int32Array
    partner: Int32Array | None = None
    mix: Float32Array | None = None

    def targets(self, labels: npt.ArrayLike) -> Float32Array:
        """Return the targets of the drawn examples, `[steps, batch]` float32.

        Args:
            labels: `[rows]`, what the draw was made from.

        Example:
            >>> import numpy as np
            >>> draw = Draw(np.array([[0, 2]], np.int32))
            >>> draw.targets([0, 0, 1]).tolist()
            [[0.0, 1.0]]
        """
        y = np.asarray(labels, np.float32)
        first: Float32Array = y[self.index]
        if self.partner is None or self.mix is None:
            return first
        return np.asarray(first + self.mix * (y[self.partner] - first), np.float32)
