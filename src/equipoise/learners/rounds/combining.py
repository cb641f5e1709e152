# SPDX-License-Identifier: Apache-2.0
"""How the models of an ensemble become one score.

Each model says a probability of every class, p_c. Four sums are in use:

- "vote": the score of class c is the weight of the models that call c the most
  probable (Zhu et al. 2009, algorithm 2, SAMME, step 3).
- "log": the weighted sum of log p_c. Without a constant that all classes of a row have
  in common, that is SAMME.R's (Zhu et al. 2009, algorithm 4, step 3) over K - 1.
- "share": the weighted sum of p_c (Freund and Schapire 1997, figure 5, AdaBoost.M2).
- "mean": the logarithm of the weighted mean of p_c.

Of two classes the score is that of the second minus that of the first.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of
from equipoise._core.types import FloatArray

Combination = Literal["vote", "log", "share", "mean"]

LEAST_SHARE = 1e-6
"""Probabilities below are taken for this: one sure model must not outweigh all."""

_LEAST_MEAN = 1e-300


def as_combination(name: str) -> Combination:
    """Return a name as one of the combinations.

    Raises:
        InputError: It is none of them.
    """
    names: tuple[Combination, ...] = get_args(Combination)
    one_of(name, names, "combination")
    return next(each for each in names if each == name)


def class_shares(scores: npt.ArrayLike) -> FloatArray:
    """Return the probability of every class, `[rows, classes]`.

    Args:
        scores: `[rows, 1]` log-odds of the second of two classes, or `[rows, classes]`
            logits.

    Example:
        >>> class_shares([[0.0]]).tolist()
        [[0.5, 0.5]]
    """
    z = np.asarray(scores, np.float64)
    if z.shape[-1] == 1:
        z = np.concatenate([np.zeros_like(z), z], axis=-1)
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def clipped(shares: FloatArray) -> FloatArray:
    """Return probabilities of at least `LEAST_SHARE`, which sum to 1 again.

    Args:
        shares: `[rows, classes]`.

    Example:
        >>> clipped(np.array([[0.0, 1.0]])).round(7).tolist()
        [[1e-06, 0.999999]]
    """
    p = np.maximum(shares, LEAST_SHARE)
    return np.asarray(p / p.sum(axis=-1, keepdims=True))


def terms(shares: FloatArray, combination: Combination) -> FloatArray:
    """Return what one model adds to the sums of the classes, at a weight of 1.

    Args:
        shares: `[rows, classes]` what it says.
        combination: Which sum.

    Returns:
        `[rows, classes]`.

    Example:
        >>> terms(np.array([[0.2, 0.8]]), "vote").tolist()
        [[0.0, 1.0]]
    """
    if combination == "vote":
        return np.asarray(np.eye(shares.shape[-1])[shares.argmax(axis=-1)])
    if combination == "log":
        return np.log(clipped(shares))
    return shares


def finished(total: FloatArray, weight: float, combination: Combination) -> FloatArray:
    """Return scores for the sums of the classes.

    Args:
        total: `[rows, classes]` weighted sums of `terms`.
        weight: The sum of the weights.
        combination: Which sum.

    Returns:
        `[rows, 1]` of two classes, else `[rows, classes]`.

    Example:
        >>> finished(np.array([[0.5, 1.5]]), 2.0, "mean").round(4).tolist()
        [[1.0986]]
    """
    if combination == "mean":
        total = np.log(np.maximum(total / weight, _LEAST_MEAN))
    if total.shape[-1] == 2:
        return np.asarray(total[:, 1:] - total[:, :1])
    return np.asarray(total)
