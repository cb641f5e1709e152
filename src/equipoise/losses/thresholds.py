# SPDX-License-Identifier: Apache-2.0
"""Bounds on recall and false alarms at a threshold, and where to put it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from keras import ops

from equipoise._core.types import Tensor

HALVINGS = 60
"""They take an interval of any scores to the last digits of a float64."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """Bounds on shares at a threshold t, smooth and convex in scores and threshold.

    A count of errors is bounded by the logistic loss, log(1 + exp(-x)) / log 2, which
    is at least 1 where an example is on the wrong side of the threshold.

    Attributes:
        scores: `[..., batch]`.
        positive: `[..., batch]` the masses of positives, which sum to 1.
        negative: `[..., batch]` those of negatives, which sum to 1.
    """

    scores: Tensor
    positive: Tensor
    negative: Tensor

    def missed(self, threshold: Tensor) -> Tensor:
        """Return a bound on the share of positives below the threshold, `[..., 1]`."""
        return self._sum(self.positive, ops.softplus(threshold - self.scores))

    def alarms(self, threshold: Tensor) -> Tensor:
        """Return a bound on the share of negatives above the threshold, `[..., 1]`."""
        return self._sum(self.negative, ops.softplus(self.scores - threshold))

    def missed_slope(self, threshold: Tensor) -> Tensor:
        """Return the derivative of `missed` by the threshold, above 0."""
        return self._sum(self.positive, ops.sigmoid(threshold - self.scores))

    def alarms_slope(self, threshold: Tensor) -> Tensor:
        """Return the derivative of `alarms` by the threshold, below 0."""
        return -self._sum(self.negative, ops.sigmoid(self.scores - threshold))

    def threshold_at(self, too_high: Callable[[Bounds, Tensor], Tensor]) -> Tensor:
        """Return the threshold at which a condition begins to hold, by bisection.

        Args:
            too_high: Of these bounds without a gradient and a threshold `[..., 1]`,
                whether it is too high: false below some point and true above it.

        Returns:
            `[..., 1]`, without a gradient.
        """
        z = ops.stop_gradient(self.scores)
        bounds = Bounds(z, self.positive, self.negative)

        def halved(_: Tensor, ends: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            low, high = ends
            middle = (low + high) / 2
            above = too_high(bounds, middle)
            return ops.where(above, low, middle), ops.where(above, middle, high)

        # So low that no positive is missed to speak of, so high that no alarm is left.
        low = ops.min(z, axis=-1, keepdims=True) - 100
        high = ops.max(z, axis=-1, keepdims=True) + 100
        low, high = ops.fori_loop(0, HALVINGS, halved, (low, high))
        return ops.stop_gradient((low + high) / 2)

    def _sum(self, mass: Tensor, values: Tensor) -> Tensor:
        return ops.sum(mass * values, axis=-1, keepdims=True) / math.log(2)
