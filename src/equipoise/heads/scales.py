# SPDX-License-Identifier: Apache-2.0
"""A factor for each class: the weights of the last layer keep their direction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number
from equipoise._core.types import FloatArray
from equipoise.heads.closed_forms import balanced_loss, finite_matrix, first_best
from equipoise.metrics.inputs import check_row_weights
from equipoise.metrics.task_rows import class_numbers
from equipoise.task import Task

PENALTIES: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
"""The penalties that are tried, in units of the logits' mean square."""

NEWTON_STEPS = 100
LEAST_DECREMENT = 1e-12
HALVINGS = 40


def learned_scales(
    logits: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    penalty: float = 1e-2,
) -> FloatArray:
    """Return a factor s_c for the logit of each class.

    The factors minimise sum_i v_i -log softmax(s z_i)_y + (penalty m / 2) |s - 1|^2,
    where the v_i are the weights over their sum and m is the weighted mean square of
    the logits. The problem is convex and is solved by Newton's method.

    Source: Kang et al. (2020), section 4.2, "learnable weight scaling", where the
    weights of the last layer are frozen as here; the penalty takes the place of the
    number of epochs.

    Args:
        logits: `[rows, classes]` those of the network.
        y: `[rows]` class numbers.
        weights: `[rows]` how much each row counts; None for 1 each. The paper draws all
            classes alike, which is a weight of one over the rows of the class.
        penalty: Above 0. The smaller it is, the farther are the factors from 1.

    Returns:
        `[classes]`.

    Raises:
        InputError: The penalty is not above 0, there is one class only, a logit is not
            finite, or the arrays do not fit together.

    Example:
        >>> z = [[1.0, 0.0], [0.0, 1.0]]
        >>> learned_scales(z, [0, 1], penalty=1e9).round(3).tolist()
        [1.0, 1.0]
    """
    number(penalty, "penalty", 0, open_ends=True)
    z = finite_matrix(logits, "logits", "[rows, classes]")
    classes = z.shape[1]
    task = Task("multiclass", tuple(str(c) for c in range(classes)))
    labels = class_numbers(y, task)
    finite_matrix(z, "logits", "[rows, classes]", len(labels))
    each = check_row_weights(weights, labels.shape, some=True)
    shares = each / each.sum()
    pull = penalty * max(float((shares @ z**2).mean()), 1e-300)
    targets = np.eye(classes)[labels]

    def value(s: FloatArray) -> float:
        scaled = z * s
        losses = np.logaddexp.reduce(scaled, axis=1) - (scaled * targets).sum(axis=1)
        return float(shares @ losses + pull / 2 * ((s - 1) ** 2).sum())

    scales = np.ones(classes)
    least = value(scales)
    for _ in range(NEWTON_STEPS):
        p = z * scales
        p = np.exp(p - np.logaddexp.reduce(p, axis=1)[:, None])
        slope = shares @ (z * (p - targets)) + pull * (scales - 1)
        zp = z * p
        bend = np.diag(shares @ (z * zp) + pull) - zp.T @ (zp * shares[:, None])
        step = np.linalg.solve(bend, slope)
        decrement = float(slope @ step)
        length = 1.0
        for _ in range(HALVINGS):
            tried = scales - length * step
            now = value(tried)
            if now <= least - 1e-4 * length * decrement:
                scales, least = tried, now
                break
            length /= 2
        else:
            break  # no digit is left
        if decrement < LEAST_DECREMENT:
            break
    return scales


def best_scales(
    logits: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike,
    stop_logits: npt.ArrayLike,
    stop_y: npt.ArrayLike,
    stop_weights: npt.ArrayLike | None = None,
    penalties: Sequence[float] = PENALTIES,
) -> tuple[FloatArray, float]:
    """Return the factors of the penalty that does best on other rows, and the penalty.

    What is compared is `balanced_loss`. Of equally good penalties it is the largest.

    Args:
        logits: `[rows, classes]` those of the network.
        y: `[rows]` class numbers.
        weights: `[rows]` how much each row counts.
        stop_logits: `[other rows, classes]`.
        stop_y: `[other rows]`.
        stop_weights: `[other rows]` how much each counts; None for 1 each.
        penalties: What is tried.
    """
    z = np.asarray(stop_logits, np.float64)
    tried = sorted(penalties, reverse=True)
    each = [learned_scales(logits, y, weights, penalty) for penalty in tried]
    losses = [balanced_loss(z * scales, stop_y, stop_weights) for scales in each]
    best = first_best(losses)
    return each[best], tried[best]
