# SPDX-License-Identifier: Apache-2.0
"""An autoencoder of the negatives: what it cannot rebuild is odd.

A network with a narrow layer in its middle learns to give its input back (Hinton and
Salakhutdinov 2006). It has seen negatives only, so what is unlike them comes out wrong.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from equipoise._core.types import AnyArray, FloatArray
from equipoise.learners.anomaly.learner import DetectorLearner, DetectorMember
from equipoise.learners.anomaly.network import DetectorKind
from equipoise.strategies.strategy import Strategy

MOST_BOTTLENECK = 32
"""The widest bottleneck that is chosen where none is named."""


class AutoencoderLearner(DetectorLearner):
    """Networks that rebuild encoded rows through a bottleneck.

    The score is the logarithm of the mean squared error over the encoded columns.
    Training and stop rows are negatives only. The options of a strategy are `width`,
    `bottleneck`, `copies` and `learning_rate`.
    """

    name: ClassVar[str] = "autoencoder"
    kind: ClassVar[DetectorKind] = "reconstruction"
    one_class: ClassVar[bool] = True

    def hidden(self, strategy: Strategy, columns: int) -> tuple[int, ...]:
        """Return a wide layer, the bottleneck, a wide layer.

        Example:
            >>> arm = Strategy(learner="autoencoder", options={"width": 20})
            >>> AutoencoderLearner().hidden(arm, columns=9)
            (20, 5, 20)
        """
        width = int(strategy.option("width") or 1)
        bottleneck = strategy.option("bottleneck")
        if bottleneck is None:
            bottleneck = min(MOST_BOTTLENECK, -(-columns // 2))
        return width, max(1, int(bottleneck)), width

    def extras(
        self, member: DetectorMember, width: int, first_pass: FloatArray
    ) -> dict[str, AnyArray]:
        """Return which columns the encoding has, and how many."""
        mask = np.zeros(width)
        mask[member.places] = 1.0
        return {"mask": mask, "columns": np.array(max(1.0, mask.sum()))}
