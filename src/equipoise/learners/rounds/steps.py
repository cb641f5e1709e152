# SPDX-License-Identifier: Apache-2.0
"""One step of boosting: what a model counts, and how the rows count after it.

Weights have any scale; only their ratios matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.learners.rounds.combining import clipped

End = Literal["", "no error", "no better than chance"]


@dataclass(frozen=True, eq=False)
class BoostStep:
    """What a model changes.

    Attributes:
        share: What it counts in the sum; 0 if it is left out.
        weights: The weights for the next round.
        error: Its weighted error, or pseudo-loss.
        end: Why no round follows; empty if one does.
    """

    share: float
    weights: FloatArray
    error: float
    end: End = ""


def samme(
    weights: FloatArray,
    y: npt.NDArray[np.int64],
    shares: FloatArray,
    shrinkage: float = 1.0,
) -> BoostStep:
    """Take a step of SAMME: rows that the model mistakes count more.

    With the weighted error e, the model counts log((1 - e) / e) + log(K - 1), and the
    weight of a row that it mistakes is multiplied by the exponential of that. Without
    an error, the model counts 1 and ends the boosting; with an error of 1 - 1/K or
    more it is no better than chance, and ends it too.

    Source: Zhu et al. (2009), "Multi-class AdaBoost", algorithm 2, steps 2 b to 2 e.

    Args:
        weights: `[rows]`.
        y: `[rows]` class numbers.
        shares: `[rows, classes]` what the model says, of at least two classes.
        shrinkage: Multiplies what the model counts.

    Example:
        >>> y = np.array([0, 0, 1, 1])
        >>> said = np.array([[.9, .1], [.8, .2], [.7, .3], [.2, .8]])
        >>> step = samme(np.full(4, 0.25), y, said)
        >>> round(step.share, 4), step.weights.round(4).tolist()
        (1.0986, [0.1667, 0.1667, 0.5, 0.1667])
    """
    wrong = shares.argmax(axis=1) != y
    error = float(np.average(wrong, weights=weights))
    classes = shares.shape[1]
    if error <= 0:
        return BoostStep(1.0, weights, error, "no error")
    if error >= 1 - 1 / classes:
        return BoostStep(0.0, weights, error, "no better than chance")
    share = shrinkage * (math.log((1 - error) / error) + math.log(classes - 1))
    return BoostStep(share, scaled_by(weights, share * wrong), error)


def samme_r(
    weights: FloatArray,
    y: npt.NDArray[np.int64],
    shares: FloatArray,
    shrinkage: float = 1.0,
) -> BoostStep:
    """Take a step of SAMME.R: rows count more, the less sure the model is of them.

    The weight of a row is multiplied by exp(-(K - 1)/K y . log p), where y codes the
    row's class as 1 and each other as -1/(K - 1). Probabilities are at least
    `LEAST_SHARE`. Every model counts the same.

    Source: Zhu et al. (2009), "Multi-class AdaBoost", algorithm 4, steps 2 b to 2 d.

    Args:
        weights: `[rows]`.
        y: `[rows]` class numbers.
        shares: `[rows, classes]` what the model says, of at least two classes.
        shrinkage: Multiplies the exponent, and is what the model counts.

    Example:
        >>> step = samme_r(np.full(2, 0.5), np.array([0, 1]), np.array([[.8, .2]] * 2))
        >>> step.share, step.weights.round(4).tolist()
        (1.0, [0.2, 0.8])
    """
    error = float(np.average(shares.argmax(axis=1) != y, weights=weights))
    if error <= 0:
        return BoostStep(shrinkage, weights, error, "no error")
    logs, classes = np.log(clipped(shares)), shares.shape[1]
    real = logs[np.arange(len(y)), y]
    coded = real - (logs.sum(axis=1) - real) / (classes - 1)
    exponent = -shrinkage * (classes - 1) / classes * coded
    return BoostStep(shrinkage, scaled_by(weights, exponent), error)


def mistaken_pairs(
    weights: FloatArray, y: npt.NDArray[np.int64], classes: int
) -> FloatArray:
    """Return the first weights of AdaBoost.M2, of each row with each wrong class.

    Args:
        weights: `[rows]`.
        y: `[rows]` class numbers.
        classes: How many there are.

    Returns:
        `[rows, classes]`, 0 for a row's own class; a row's weights sum to its weight.
    """
    pairs = np.repeat(weights[:, None] / (classes - 1), classes, axis=1)
    pairs[np.arange(len(y)), y] = 0.0
    return pairs


def adaboost_m2(
    weights: FloatArray,
    y: npt.NDArray[np.int64],
    shares: FloatArray,
    shrinkage: float = 1.0,
) -> BoostStep:
    """Take a step of AdaBoost.M2: pairs of a row and a wrong class have the weights.

    With h(x, y) the share of class y, a row's weight W_i = sum_y w_iy, and q_iy =
    w_iy / W_i, the pseudo-loss is

        e = 1/2 sum_i W_i (1 - h(x_i, y_i) + sum_y q_iy h(x_i, y)) / sum_i W_i.

    With b = e / (1 - e), the model counts log(1 / b), and w_iy is multiplied by
    b^(1/2 (1 + h(x_i, y_i) - h(x_i, y))). A pseudo-loss of 1/2 or more is no better
    than chance, and ends the boosting.

    Source: Freund and Schapire (1997), figure 5. With two classes it is what RUSBoost
    (Seiffert et al. 2010, figure 1, steps 2 d to 2 g) and SMOTEBoost (Chawla et al.
    2003, figure 1) do, whose figures leave the factor 1/2 of the pseudo-loss out.

    Args:
        weights: `[rows, classes]` of each row with each wrong class, see
            `mistaken_pairs`.
        y: `[rows]` class numbers.
        shares: `[rows, classes]` what the model says, of at least two classes.
        shrinkage: Multiplies log(1 / b).

    Example:
        >>> y = np.array([0, 1])
        >>> pairs = mistaken_pairs(np.full(2, 0.5), y, 2)
        >>> step = adaboost_m2(pairs, y, np.array([[.9, .1], [.3, .7]]))
        >>> round(step.error, 4), round(step.share, 4)
        (0.2, 1.3863)
        >>> step.weights.round(4).tolist()
        [[0.0, 0.4311], [0.5689, 0.0]]
    """
    real = shares[np.arange(len(y)), y][:, None]
    loss = 0.5 * float((weights * (1 - real + shares)).sum() / weights.sum())
    if loss >= 0.5:
        return BoostStep(0.0, weights, loss, "no better than chance")
    if loss <= 0:
        return BoostStep(1.0, weights, loss, "no error")
    share = shrinkage * math.log((1 - loss) / loss)
    exponent = -share * 0.5 * (1 + real - shares)
    return BoostStep(share, scaled_by(weights, exponent), loss)


def scaled_by(weights: FloatArray, exponent: FloatArray) -> FloatArray:
    """Return weights times the exponential of a number each, which sum to 1.

    Args:
        weights: At least 0, any shape.
        exponent: Of the same shape; the largest may be thousands.

    Example:
        >>> scaled_by(np.array([0.5, 0.5]), np.array([1000.0, 1000.0])).tolist()
        [0.5, 0.5]
    """
    with np.errstate(divide="ignore"):  # the log of a weight of 0 is minus infinity
        logs = np.log(weights) + exponent
    powers = np.exp(logs - logs.max())
    return np.asarray(powers / powers.sum())
