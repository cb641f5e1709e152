# SPDX-License-Identifier: Apache-2.0
"""Logistic regression on one or two columns, by Newton's steps.

The loss is computed from logits, not from probabilities, as Lin, Lin and Weng (2007)
propose for Platt's calibration.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.priors import probability

STEPS = 200
TOLERANCE = 1e-12


class NewtonFit(NamedTuple):
    """A fitted regression.

    Attributes:
        coefficients: `[columns]`.
        information: `[columns, columns]`: second derivatives of the loss there.
        loss: The weighted sum of the log losses there, in nats, and the penalty.
    """

    coefficients: FloatArray
    information: FloatArray
    loss: float


def fit_logistic(
    columns: FloatArray,
    target: FloatArray,
    weights: FloatArray,
    offset: FloatArray | float = 0.0,
    start: npt.ArrayLike | None = None,
    prior: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> NewtonFit:
    """Minimise the weighted log loss of sigmoid(columns @ c + offset).

    The loss is convex in c; each Newton step is halved until the loss falls.
    A minimum must exist: targets inside (0, 1), classes that overlap, or a prior.

    Args:
        columns: `[rows, k]`, finite; scale them to about 1 beforehand.
        target: `[rows]` in [0, 1].
        weights: `[rows]`, at least 0.
        offset: Added to the log-odds, `[rows]` or one number.
        start: `[k]`; zeros by default.
        prior: Means `[k]` and precisions `[k]` (one over the variance, at least 0)
            of independent normal priors of c, whose penalty is added to the loss.

    Example:
        >>> x, t = np.ones((4, 1)), np.array([1.0, 0.0, 0.0, 0.0])
        >>> float(fit_logistic(x, t, np.ones(4)).coefficients.round(4)[0])  # log(1/3)
        -1.0986
    """
    c = np.zeros(columns.shape[1]) if start is None else np.array(start, np.float64)
    mean, precision = (np.zeros(c.size),) * 2 if prior is None else map(_vector, prior)

    def loss_at(c: FloatArray) -> float:
        penalty = float(precision @ (c - mean) ** 2) / 2
        return _loss(columns @ c + offset, target, weights) + penalty

    loss = loss_at(c)
    information = np.zeros((c.size, c.size))
    for _ in range(STEPS):
        p = probability(columns @ c + offset)
        gradient = columns.T @ (weights * (p - target)) + precision * (c - mean)
        information = (columns * (weights * p * (1 - p))[:, None]).T @ columns
        information += np.diag(precision)
        ridge = 1e-12 * (1.0 + float(np.trace(information)))
        step = np.linalg.solve(information + ridge * np.eye(c.size), gradient)
        if float(gradient @ step) <= TOLERANCE * max(loss, 1e-300):
            break
        # A full step may overshoot where the sigmoid is flat.
        for _ in range(60):
            trial = loss_at(c - step)
            if trial < loss:
                break
            step = step / 2
        else:
            break
        c, loss = c - step, trial
    return NewtonFit(c, information, loss)


def _vector(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, np.float64)


def _loss(z: FloatArray, target: FloatArray, weights: FloatArray) -> float:
    return float(weights @ (np.logaddexp(0.0, z) - target * z))
