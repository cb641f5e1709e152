# SPDX-License-Identifier: Apache-2.0
"""Heads that nothing is trained for: normalised weights, and the nearest mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import number, sentence
from equipoise._core.types import AnyArray, FloatArray
from equipoise.errors import InputError
from equipoise.metrics.task_rows import TaskRows
from equipoise.strategies.by_task import floor_score, prior_scores
from equipoise.task import Task

POWERS: tuple[float, ...] = tuple(round(0.1 * i, 1) for i in range(21))
"""The powers that are tried: 0 to 2."""

MOST_LOG_SCALE = 7.0
"""The natural logarithm of the largest factor that logits are scaled by."""


def tau_normalised(kernel: npt.ArrayLike, power: float) -> FloatArray:
    """Return w_c / |w_c|^tau for the weights w_c of each class.

    The last layer of a network that was trained on a long tail has shorter weights for
    rarer classes. The bias is left out.

    Source: Kang et al. (2020), "Decoupling representation and classifier for long-
    tailed recognition", equation 5.

    Args:
        kernel: `[features, classes]`.
        power: tau, at least 0: at 1 all weights have one length.

    Returns:
        `[features, classes]`; weights of length 0 stay as they are.

    Raises:
        InputError: The power is below 0, or the weights are no matrix of finite
            numbers.

    Example:
        >>> tau_normalised([[3.0, 0.0], [4.0, 2.0]], 1.0).tolist()
        [[0.6, 0.0], [0.8, 1.0]]
    """
    number(power, "power", 0)
    weights = finite_matrix(kernel, "weights of a layer", "[features, classes]")
    lengths = np.sqrt((weights**2).sum(axis=0))
    return np.asarray(weights / np.where(lengths > 0, lengths, 1.0) ** power)


def finite_matrix(
    values: npt.ArrayLike, what: str, axes: str, rows: int | None = None
) -> FloatArray:
    """Return a matrix of finite numbers as float64.

    Args:
        values: The matrix.
        what: What it holds, in the plural.
        axes: What its axes are, for the message.
        rows: How many rows it must have, or None.

    Raises:
        InputTypeError: A value is not a number.
        InputError: It has other axes, or a value is not finite.
    """
    matrix = floats(values, what)
    fits = matrix.ndim == 2 and rows in (None, len(matrix))
    if fits and np.isfinite(matrix).all():
        return matrix
    wrong = "that are not finite" if fits else f"of shape {matrix.shape}"
    amount = "" if rows is None else f" for {rows:,} rows of targets"
    raise InputError(sentence(f"{what} {wrong}{amount}", f"finite numbers {axes}"))


def best_power(
    kernel: npt.ArrayLike,
    features: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    powers: Sequence[float] = POWERS,
) -> float:
    """Return the power that does best on some rows, all classes counting alike.

    What is compared is `balanced_loss`, so that the scale of the logits, which changes
    with the power, makes no difference. Of equally good powers it is the smallest.

    Args:
        kernel: `[features, classes]`.
        features: `[rows, features]`.
        y: `[rows]` class numbers.
        weights: `[rows]` how much each row counts; None for 1 each.
        powers: What is tried.
    """
    x = np.asarray(features, np.float64)
    losses = [
        balanced_loss(x @ tau_normalised(kernel, power), y, weights) for power in powers
    ]
    return float(powers[first_best(losses)])


def first_best(losses: Sequence[float]) -> int:
    """Return the place of the first that is the least, to nine digits.

    Example:
        >>> first_best([0.5, 0.3 + 1e-12, 0.3])
        1
    """
    least = min(losses)
    return next(i for i, loss in enumerate(losses) if loss <= least + 1e-9)


def balanced_loss(
    logits: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the log loss if all classes count alike, at the best scale of the logits.

    It is the least value over b >= 0 of the mean over the classes of the mean of
    -log softmax(b z)_y over the rows of the class. Classes without rows are left out.

    Args:
        logits: `[rows, classes]`.
        y: `[rows]` class numbers.
        weights: `[rows]` how much each row counts; None for 1 each.

    Example:
        >>> round(balanced_loss([[1.0, 0.0], [1.0, 0.0]], [0, 1]), 4)
        0.6931
    """
    from scipy.optimize import minimize_scalar

    z, labels = np.asarray(logits, np.float64), np.asarray(y)
    z = z - z.mean(axis=1, keepdims=True)
    z = z / max(float(np.sqrt((z**2).mean())), 1e-300)  # scales are relative to it
    shares = balanced_shares(labels, weights)
    chosen = z[np.arange(len(labels)), labels]

    def loss(log_scale: float) -> float:
        scale = np.exp(log_scale)
        losses = np.logaddexp.reduce(scale * z, axis=1) - scale * chosen
        return float(shares @ losses)

    # Convex in the scale, so it has one valley in its logarithm too.
    ends = (-MOST_LOG_SCALE, MOST_LOG_SCALE)
    best = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    return min(float(best.fun), float(np.log(z.shape[1])))  # the last is b = 0


def balanced_shares(
    y: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> FloatArray:
    """Return how much each row counts if all classes that have rows count alike.

    Args:
        y: `[rows]` class numbers.
        weights: `[rows]` how much each row counts within its class; None for 1 each.

    Returns:
        `[rows]`, of sum 1.

    Example:
        >>> balanced_shares([0, 0, 1]).tolist()
        [0.25, 0.25, 0.5]
    """
    labels = np.asarray(y)
    each = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    totals = np.bincount(labels, each)
    return np.asarray(each / totals[labels] / np.count_nonzero(totals))


def nearest_means(
    features: npt.ArrayLike,
    y: npt.ArrayLike,
    task: Task,
    weights: npt.ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return the head whose largest logit is that of the nearest class mean.

    The logit of class c is -|x - m_c|^2 / (2 s^2) but for a part that all classes
    share, which leaves x m_c / s^2 - |m_c|^2 / (2 s^2): a last layer. s^2 is the
    variance of a feature within the classes, on average. With two classes, and for
    each label, the logit is the difference of the two.

    Source: Kang et al. (2020), section 4.2, with the Euclidean distance.

    Args:
        features: `[rows, features]`.
        y: `[rows]` class numbers, or `[rows, labels]`: 1, 0, or -1 if not known.
        task: What the target is.
        weights: `[rows]` how much each row counts; None for 1 each.

    Returns:
        The kernel `[features, width]` and the bias `[width]`. A class without rows has
        a kernel of 0 and the bias that gives it the share of half a row.

    Raises:
        InputError: The features do not vary within any class, or the arrays do not fit
            together.

    Example:
        >>> task = Task("binary", ("no", "yes"))
        >>> x = [[0.0], [2.0], [4.0], [6.0]]
        >>> kernel, bias = nearest_means(x, [0, 0, 1, 1], task)
        >>> kernel.tolist(), bias.tolist()
        ([[4.0]], [-12.0])
    """
    rows = TaskRows.of(task, y, weights)
    labels, each = rows.y, rows.weights
    x = finite_matrix(features, "features", "[rows, features]", len(labels))
    if task.kind == "multilabel":
        pairs = [
            _difference(*_of_classes(x, labels[:, j], each, 2))
            for j in range(task.width)
        ]
        kernel = np.concatenate([pair[0] for pair in pairs], axis=1)
        bias = np.concatenate([pair[1] for pair in pairs])
        totals = task.totals(labels, each)
        absent = ~(totals > 0).all(axis=1)
        kernel[:, absent] = 0.0
        bias[absent] = prior_scores(task, totals)[absent]
        return kernel, bias
    kernel, bias = _of_classes(x, labels, each, len(task.classes))
    if task.kind == "binary":
        return _difference(kernel, bias)
    totals = task.totals(labels, each)
    absent = totals <= 0
    if absent.any():
        scores = x @ kernel[:, ~absent] + bias[~absent]
        bias[absent] = floor_score(scores, totals)
    return kernel, bias


def _of_classes(
    x: FloatArray, labels: AnyArray, weights: FloatArray, classes: int
) -> tuple[FloatArray, FloatArray]:
    """Return the kernel `[features, classes]` and the bias `[classes]`."""
    means = np.zeros((classes, x.shape[1]))
    spread = total = 0.0
    for label in range(classes):
        here = labels == label
        mass = weights[here].sum()
        if mass <= 0:
            continue
        means[label] = weights[here] @ x[here] / mass
        spread += float(weights[here] @ ((x[here] - means[label]) ** 2).sum(axis=1))
        total += float(mass) * x.shape[1]
    variance = spread / max(total, 1e-300)
    if not variance > 0:
        raise InputError(
            sentence(
                "features that are equal within every class",
                "features that vary, since means are measured by their variance",
                "Train the network longer, or use another head.",
            )
        )
    return means.T / variance, -0.5 * (means**2).sum(axis=1) / variance


def _difference(kernel: FloatArray, bias: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the logit of the second of two classes, less that of the first."""
    return kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]
