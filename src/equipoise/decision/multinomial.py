# SPDX-License-Identifier: Apache-2.0
"""A slope and a shift for each class of a softmax, fitted by Newton's steps.

The logit of class k is offset_k + (a + d_k) x_k + b_k: one slope `a` for all classes,
and for some classes a difference `d_k` from it and a shift `b_k`. Normal priors keep
the differences and the shifts small (structured vector scaling; Guo et al. 2017 have it
without priors).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from equipoise._core.types import BoolArray, FloatArray, IntArray

STEPS = 100
HALVINGS = 60
TOLERANCE = 1e-10


@dataclass(frozen=True)
class ScalingPrior:
    """Normal priors of the parameters, and which of them exist.

    Attributes:
        slope_mean: Of the common slope.
        slope_precision: One over its variance, above 0.
        own_slope: `[classes]` whether a class has a slope of its own.
        own_precision: Of the differences from the common slope, above 0.
        shift: `[classes]` whether a class has a shift.
        shift_precision: Of the shifts, above 0.
    """

    slope_mean: float
    slope_precision: float
    own_slope: BoolArray
    own_precision: float
    shift: BoolArray
    shift_precision: float


class ScalingFit(NamedTuple):
    """A fitted scaling.

    Attributes:
        common: The slope that all classes share.
        slopes: `[classes]`.
        shifts: `[classes]`; 0 for a class without one.
        loss: The weighted sum of the log losses, in nats, and the penalty.
    """

    common: float
    slopes: FloatArray
    shifts: FloatArray
    loss: float


def fit_scaling(
    x: FloatArray,
    y: IntArray,
    weights: FloatArray,
    offset: FloatArray,
    targets: FloatArray,
    prior: ScalingPrior,
) -> ScalingFit:
    """Minimise the weighted log loss of softmax(offset + slopes x + shifts).

    The penalised loss is convex and has one minimum; each Newton step is halved
    until the loss falls.

    Args:
        x: `[rows, classes]`, finite.
        y: `[rows]` class numbers.
        weights: `[rows]`, at least 0.
        offset: `[classes]`.
        targets: `[classes, classes]`: the probabilities that a row of each class has
            as its target; the identity for plain log loss.
        prior: Of the parameters.

    Example:
        >>> no = np.zeros(2, bool)
        >>> prior = ScalingPrior(1.0, 1e-9, no, 1.0, no, 1.0)
        >>> x, y = np.array([[0.0, 2.0]] * 4), np.array([1, 1, 1, 0])
        >>> fit = fit_scaling(x, y, np.ones(4), np.zeros(2), np.eye(2), prior)
        >>> fit.slopes.round(4).tolist()  # log(3) / 2
        [0.5493, 0.5493]
    """
    layout = _Layout.of(prior)
    target = targets[y]
    theta = layout.mean.copy()

    def loss_at(theta: FloatArray) -> float:
        slopes, shifts = layout.expand(theta)
        z = offset + slopes * x + shifts
        most = z.max(axis=1)
        total = most + np.log(np.exp(z - most[:, None]).sum(axis=1))
        penalty = float(layout.precision @ (theta - layout.mean) ** 2) / 2
        return float(weights @ (total - (target * z).sum(axis=1))) + penalty

    loss = loss_at(theta)
    for _ in range(STEPS):
        gradient, curvature = _derivatives(x, weights, offset, target, layout, theta)
        ridge = 1e-12 * (1.0 + float(np.trace(curvature)))
        step = np.linalg.solve(curvature + ridge * np.eye(theta.size), gradient)
        if float(gradient @ step) <= TOLERANCE * max(1.0, loss):
            break
        for _ in range(HALVINGS):
            trial = loss_at(theta - step)
            if trial < loss:
                break
            step = step / 2
        else:
            break
        theta, loss = theta - step, trial
    slopes, shifts = layout.expand(theta)
    return ScalingFit(float(theta[0]), slopes, shifts, loss)


@dataclass(frozen=True)
class _Layout:
    """Where the parameters stand in one vector: common slope, differences, shifts.

    Attributes:
        classes: How many classes there are.
        own: `[own slopes]` class numbers.
        shifted: `[shifts]` class numbers.
        mean: `[parameters]` of the prior.
        precision: `[parameters]` of the prior.
    """

    classes: int
    own: IntArray
    shifted: IntArray
    mean: FloatArray
    precision: FloatArray

    @classmethod
    def of(cls, prior: ScalingPrior) -> _Layout:
        sloped, shifted = np.flatnonzero(prior.own_slope), np.flatnonzero(prior.shift)
        mean = np.zeros(1 + sloped.size + shifted.size)
        mean[0] = prior.slope_mean
        precision = np.concatenate(
            [
                [prior.slope_precision],
                np.full(sloped.size, prior.own_precision),
                np.full(shifted.size, prior.shift_precision),
            ]
        )
        return cls(prior.shift.size, sloped, shifted, mean, precision)

    def expand(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the slopes and shifts of all classes."""
        slopes, shifts = np.full(self.classes, theta[0]), np.zeros(self.classes)
        slopes[self.own] += theta[1 : 1 + self.own.size]
        shifts[self.shifted] = theta[1 + self.own.size :]
        return slopes, shifts


def _derivatives(
    x: FloatArray,
    weights: FloatArray,
    offset: FloatArray,
    target: FloatArray,
    layout: _Layout,
    theta: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the gradient and the second derivatives of the penalised loss."""
    slopes, shifts = layout.expand(theta)
    z = offset + slopes * x + shifts
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    sloped, shifted = layout.own, layout.shifted
    # By class: the derivative of the loss by its logit, with and without x.
    residual = weights[:, None] * (p - target)
    by_slope, by_shift = (residual * x).sum(axis=0), residual.sum(axis=0)
    gradient = np.concatenate([[by_slope.sum()], by_slope[sloped], by_shift[shifted]])
    gradient += layout.precision * (theta - layout.mean)
    # The mean under p of each logit's derivative: `[rows, parameters]`.
    px, wp = p * x, weights[:, None] * p
    means = np.concatenate(
        [px.sum(axis=1, keepdims=True), px[:, sloped], p[:, shifted]], axis=1
    )
    curvature = -(means * weights[:, None]).T @ means
    square, product = (wp * x * x).sum(axis=0), (wp * x).sum(axis=0)
    mass = wp.sum(axis=0)
    first, last = 1 + np.arange(sloped.size), 1 + sloped.size + np.arange(shifted.size)
    curvature[0, 0] += square.sum()
    curvature[0, first] += square[sloped]
    curvature[first, 0] += square[sloped]
    curvature[first, first] += square[sloped]
    curvature[0, last] += product[shifted]
    curvature[last, 0] += product[shifted]
    curvature[last, last] += mass[shifted]
    both = (sloped[:, None] == shifted[None, :]) * product[sloped][:, None]
    curvature[np.ix_(first, last)] += both
    curvature[np.ix_(last, first)] += both.T
    return gradient, curvature + np.diag(layout.precision)
