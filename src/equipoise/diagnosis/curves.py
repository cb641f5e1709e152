# SPDX-License-Identifier: Apache-2.0
"""Saturating curves through a few noisy points, and how far they can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.metrics.intervals import normal_quantile

FloatArray = npt.NDArray[np.float64]

# z(n) = a - b n^-c: c = 1/2 is the inverse root, c -> 0 a straight line in log n
# (growth without an end in sight), c = 1 a curve that is nearly done.
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Points:
    """A measured curve on the logit scale.

    Attributes:
        size: `[points]` training positives, rising.
        z: `[points]` logit of the mean score.
        variance: `[points]` of z, independent between points.
    """

    size: FloatArray
    z: FloatArray
    variance: FloatArray

    def first(self, number: int) -> Points:
        """Return the smallest sizes."""
        return Points(self.size[:number], self.z[:number], self.variance[:number])


@dataclass(frozen=True)
class Prediction:
    """Where the curve is at one size, on the logit scale.

    Attributes:
        mean: Average over the family, weighted by how well each member fits.
        sd: Spread of the family and of each member's coefficients.
    """

    mean: float
    sd: float

    def band(self, level: float, extra_variance: float = 0.0) -> tuple[float, float]:
        """Return mean +- quantile x sd, with a variance added."""
        half = normal_quantile((1 + level) / 2) * math.sqrt(self.sd**2 + extra_variance)
        return self.mean - half, self.mean + half


def predict(points: Points, size: float) -> Prediction:
    """Average the family's predictions at a size, inside or beyond the points.

    Each member is a weighted least-squares fit with a slope that is not negative
    (more data does not hurt in expectation). Members are weighted by exp(-chi^2/2),
    all being equally likely before.

    Args:
        points: At least two.
        size: Training positives.
    """
    fits = [_fit(points, size, power) for power in POWERS]
    misfit = np.array([fit[2] for fit in fits])
    weight = np.exp(-(misfit - misfit.min()) / 2)
    weight /= weight.sum()
    means = np.array([fit[0] for fit in fits])
    variances = np.array([fit[1] for fit in fits])
    mean = float(weight @ means)
    return Prediction(
        mean, math.sqrt(float(weight @ (variances + (means - mean) ** 2)))
    )


def _fit(points: Points, size: float, power: float) -> tuple[float, float, float]:
    """Return one member's prediction, its variance and its misfit (chi^2)."""
    reference = float(points.size[-1])
    x = _abscissa(points.size / reference, power)
    w = 1 / points.variance
    centre = float(w @ x / w.sum())
    spread = float(w @ (x - centre) ** 2)
    slope = max(0.0, float(w @ ((x - centre) * points.z)) / spread)
    level = float(w @ points.z / w.sum())
    ahead = float(_abscissa(np.array([size / reference]), power)[0]) - centre
    misfit = float(w @ (points.z - level - slope * (x - centre)) ** 2)
    return level + slope * ahead, 1 / w.sum() + ahead**2 / spread, misfit


def _abscissa(ratio: FloatArray, power: float) -> FloatArray:
    return np.log(ratio) if power == 0 else -(ratio**-power)


def logit(value: float | Sequence[float] | FloatArray) -> FloatArray:
    """Return log(v / (1 - v))."""
    v = np.asarray(value, np.float64)
    return np.asarray(np.log(v) - np.log1p(-v))


def expit(z: float) -> float:
    """Return the inverse of `logit`."""
    return float(1 / (1 + np.exp(-z)))
