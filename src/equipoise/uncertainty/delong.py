# SPDX-License-Identifier: Apache-2.0
"""DeLong's variance of the AUROC, for one score or several, in O(n log n)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.metrics.estimate import NAN
from equipoise.metrics.inputs import check_columns


@dataclass(frozen=True, eq=False)
class Placements:
    """Where each row lies in the order of the other class.

    Attributes:
        auc: The AUROC; NaN if a class is absent.
        positive: `[positives]` share of negatives below each positive (ties
            count one half); its mean is the AUROC.
        negative: `[negatives]` share of positives above each negative.
        positive_weight: `[positives]` weights that sum to 1.
        negative_weight: `[negatives]` weights that sum to 1.
    """

    auc: float
    positive: FloatArray
    negative: FloatArray
    positive_weight: FloatArray
    negative_weight: FloatArray


def placements(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> Placements:
    """Return the placement values of every row (Sun and Xu 2014).

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> p = placements([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> p.positive.tolist(), p.negative.tolist(), p.auc
        ([0.5, 1.0], [1.0, 0.5], 0.75)
    """
    y_, s, w = check_columns(y, score, weights)
    above, below = s[y_], s[~y_]
    w1, w0 = _share(w[y_]), _share(w[~y_])
    over = _share_below(above, below, w0)
    under = 1 - _share_below(below, above, w1)
    auc = float(np.sum(w1 * over)) if w1.size and w0.size else NAN
    return Placements(auc, over, under, w1, w0)


def delong_variance(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, float]:
    """Return the AUROC and its variance (DeLong, DeLong and Clarke-Pearson 1988).

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None; they count as importance, not copies:
            the effective number of rows enters.

    Returns:
        AUROC and variance. The variance is NaN with fewer than two positives or
        two negatives, and 0 if the classes are separated: `interval` repairs
        that.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> auc, variance = delong_variance([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> auc, variance
        (0.75, 0.125)
    """
    auc, covariance = delong_covariance(y, np.asarray(score)[None], weights)
    return float(auc[0]), float(covariance[0, 0])


def delong_covariance(
    y: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the AUROCs of several scores on the same rows, and their covariance.

    The variance of a difference is c[0, 0] + c[1, 1] - 2 c[0, 1].

    Source: DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under
    two or more correlated receiver operating characteristic curves".

    Args:
        y: `[rows]` labels, 0 or 1.
        scores: `[arms, rows]` scores.
        weights: `[rows]` weights, or None.

    Returns:
        `[arms]` AUROCs and their `[arms, arms]` covariance.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> auc, c = delong_covariance([0, 0, 1, 1], [[1, 2, 3, 4], [2, 1, 3, 4]])
        >>> auc.tolist(), c.tolist()
        ([1.0, 1.0], [[0.0, 0.0], [0.0, 0.0]])
    """
    columns = floats(scores, "scores")
    if columns.ndim != 2 or not len(columns):
        raise InputError(
            sentence(f"scores of shape {columns.shape}", "[arms, rows], an arm or more")
        )
    arms = [placements(y, score, weights) for score in columns]
    auc = np.array([arm.auc for arm in arms])
    first = arms[0]
    within = _covariance([a.positive for a in arms], first.positive_weight)
    across = _covariance([a.negative for a in arms], first.negative_weight)
    return auc, within + across


def _covariance(values: list[FloatArray], share: FloatArray) -> FloatArray:
    """Return the covariance of weighted means, `[arms, arms]`."""
    stacked = np.stack(values)
    concentration = float(np.sum(share**2))
    if share.size < 2 or concentration >= 1:
        return np.full((len(values), len(values)), NAN)
    centred = stacked - (stacked @ share)[:, None]
    # Unweighted: sum of squares / (n (n - 1)), the unbiased form.
    return np.asarray(centred * share**2 @ centred.T / (1 - concentration))


def _share(weight: FloatArray) -> FloatArray:
    total = weight.sum()
    return weight / total if total > 0 else weight[:0]


def _share_below(
    points: FloatArray, reference: FloatArray, share: FloatArray
) -> FloatArray:
    """Return the share of the reference below each point, ties one half."""
    if not share.size:
        return np.full(points.shape, NAN)
    order = np.argsort(reference, kind="stable")
    ranked = reference[order]
    reached = np.append(0.0, np.cumsum(share[order]))
    low = reached[np.searchsorted(ranked, points, side="left")]
    high = reached[np.searchsorted(ranked, points, side="right")]
    return np.asarray((low + high) / 2)
