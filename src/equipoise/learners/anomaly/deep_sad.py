# SPDX-License-Identifier: Apache-2.0
"""Deep SAD: negatives near a centre, known positives far from it.

Ruff et al. (2020), equation 7: a network without biases and without bounded
activations, either of which would let it map every row to one point, makes the squared
distance of a row from a fixed centre small for negatives, and the inverse of that
distance small for labelled positives.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from equipoise._core.types import AnyArray, FloatArray
from equipoise.learners.anomaly.learner import DetectorLearner, DetectorMember
from equipoise.learners.anomaly.network import DetectorKind
from equipoise.strategies.strategy import Strategy

NEAREST = 0.1
"""No coordinate of the centre is nearer to 0: a network of zero kernels would reach
it."""


class DeepSadLearner(DetectorLearner):
    """Networks that measure a distance from the centre of the negatives.

    The centre is the mean output of the training rows before any update, with
    coordinates nearer to 0 than .1 pushed to that distance. The score is the logarithm
    of the squared distance. The network is not pre-trained as an autoencoder, which the
    paper does as well. The options of a strategy are `width`, `dimensions`, `eta`,
    `copies` and `learning_rate`.
    """

    name: ClassVar[str] = "deep_sad"
    kind: ClassVar[DetectorKind] = "distance"
    penalty: ClassVar[float] = 5e-7

    def hidden(self, strategy: Strategy, columns: int) -> tuple[int, ...]:
        """Return a wide layer, one of half its width, and the output.

        Example:
            >>> DeepSadLearner().hidden(Strategy(learner="deep_sad"), columns=9)
            (64, 32, 16)
        """
        width = int(strategy.option("width") or 1)
        dimensions = int(strategy.option("dimensions") or 1)
        return width, max(1, width // 2), dimensions

    def extras(
        self, member: DetectorMember, width: int, first_pass: FloatArray
    ) -> dict[str, AnyArray]:
        """Return the centre, and how much labelled positives count."""
        return {
            "centre": pushed_away(first_pass).astype(np.float32),
            "eta": np.array(float(member.strategy.option("eta") or 0.0)),
        }


def pushed_away(centre: FloatArray, least: float = NEAREST) -> FloatArray:
    """Return a centre none of whose coordinates is nearer to 0 than `least`.

    Args:
        centre: `[out]`.
        least: The least distance, above 0.

    Example:
        >>> pushed_away(np.array([-0.02, 0.0, 0.5])).tolist()
        [-0.1, 0.1, 0.5]
    """
    pushed = np.where(centre < 0, -least, least)
    return np.where(np.abs(centre) < least, pushed, centre)
