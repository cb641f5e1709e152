# SPDX-License-Identifier: Apache-2.0
"""Saturating curves through a few noisy points, continued beyond them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.uncertainty.proportion import normal_quantile

# z(n) = a - b n^-c on the logit scale: c = 1/2 is the inverse root, c -> 0 a straight
# line in log n (growth without an end in sight), c < 0 growth that still accelerates,
# as it does near the floor that the prevalence sets.
POWERS = (-0.25, 0.0, 0.25, 0.5)


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """A measured curve on the logit scale.

    Attributes:
        size: `[points]` training positives, rising.
        z: `[points]` logit of the score.
        variance: `[points]` of z, independent between points.
    """

    size: FloatArray
    z: FloatArray
    variance: FloatArray

    def first(self, number: int) -> CurvePoints:
        """Return the smallest sizes."""
        return CurvePoints(self.size[:number], self.z[:number], self.variance[:number])


@dataclass(frozen=True)
class Prediction:
    """A number on the logit scale, with its variance."""

    mean: float
    variance: float

    def band(self, level: float = 0.95) -> tuple[float, float]:
        """Return mean +- quantile x sd."""
        half = normal_quantile((1 + level) / 2) * math.sqrt(self.variance)
        return self.mean - half, self.mean + half


@dataclass(frozen=True)
class Continuation:
    """What the curve is at one size, and what it gains from there to another.

    Attributes:
        level: The curve at the first size.
        gain: The difference from there to the second; it may be negative.
    """

    level: Prediction
    gain: Prediction


def continued(points: CurvePoints, start: float, end: float) -> Continuation:
    """Continue a curve from one size to another, averaging over the family.

    Each member a - b n^-c is a weighted least-squares fit of a and b. Members count
    as exp(-chi^2/2), all being equally likely before; their disagreement is part of
    the variance.

    Args:
        points: At least two.
        start: Training positives from which the gain is counted.
        end: Training positives up to which it is.

    Example:
        >>> size = np.array([10.0, 20.0, 40.0, 80.0])
        >>> exact = CurvePoints(size, 2 - 3 * size**-0.5, np.full(4, 1e-8))
        >>> ahead = continued(exact, 80, 320)
        >>> round(ahead.level.mean + ahead.gain.mean, 3)
        1.832
        >>> round(2 - 3 * 320**-0.5, 3)
        1.832
    """
    fits = np.array([_fit(points, start, end, power) for power in POWERS])
    misfit = fits[:, 4]
    weight = np.exp(-(misfit - misfit.min()) / 2)
    weight /= weight.sum()
    return Continuation(
        _average(weight, fits[:, 0], fits[:, 1]),
        _average(weight, fits[:, 2], fits[:, 3]),
    )


def _average(
    weight: FloatArray, means: FloatArray, variances: FloatArray
) -> Prediction:
    mean = float(weight @ means)
    return Prediction(mean, float(weight @ (variances + (means - mean) ** 2)))


def _fit(
    points: CurvePoints, start: float, end: float, power: float
) -> tuple[float, float, float, float, float]:
    """Return level, its variance, gain, its variance, and the misfit (chi^2)."""
    reference = float(points.size[-1])
    x = _abscissa(points.size / reference, power)
    w = 1 / points.variance
    centre, mean = float(w @ x / w.sum()), float(w @ points.z / w.sum())
    spread = float(w @ (x - centre) ** 2)
    slope = float(w @ ((x - centre) * points.z)) / spread
    misfit = float(w @ (points.z - mean - slope * (x - centre)) ** 2)
    ends = _abscissa(np.array([start, end]) / reference, power)
    ahead, along = float(ends[0]) - centre, float(ends[1] - ends[0])
    return (
        mean + slope * ahead,
        1 / float(w.sum()) + ahead**2 / spread,
        slope * along,
        along**2 / spread,
        misfit,
    )


def _abscissa(ratio: FloatArray, power: float) -> FloatArray:
    return np.asarray(np.log(ratio) if power == 0 else -(ratio**-power) / power)
