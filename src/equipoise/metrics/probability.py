# SPDX-License-Identifier: Apache-2.0
"""Metrics of probabilities: do they mean what they say?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, one_of
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.metrics.estimate import NAN
from equipoise.metrics.inputs import check_columns, check_probability_columns


@dataclass(frozen=True)
class BrierParts:
    """The Brier score, taken apart.

    brier = reliability - resolution + uncertainty + within.

    Attributes:
        brier: The mean squared error of the probabilities.
        reliability: Mean squared distance between probability and outcome rate
            over the groups; 0 if calibrated.
        resolution: How far the groups' outcome rates lie apart.
        uncertainty: Share of positives times share of negatives.
        within: What varies inside groups; 0 for "isotonic" and, up to rounding,
            for "distinct" ones.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def brier(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the mean squared difference of probability and outcome (Brier 1950).

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` probabilities of the positive class.
        weights: `[rows]` weights, or None.

    Returns:
        A number in [0, 1]; NaN without rows.

    Raises:
        InputError: The arrays do not fit together, or are not probabilities.

    Example:
        >>> round(brier([0, 1, 1], [0.1, 0.8, 0.6]), 4)
        0.07
    """
    positive, p, weight = check_probability_columns(y, score, weights)
    return _mean((p - positive) ** 2, weight)


def brier_skill(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return 1 - Brier / (Brier of always predicting the share of positives).

    0 is no better than the prior, 1 perfect; NaN if one class is absent.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` probabilities of the positive class.
        weights: `[rows]` weights, or None.

    Raises:
        InputError: The arrays do not fit together, or are not probabilities.

    Example:
        >>> round(brier_skill([0, 1, 1], [0.1, 0.8, 0.6]), 4)
        0.685
    """
    positive, _, weight = check_columns(y, score, weights)
    prior = _mean(positive.astype(float), weight)
    least = prior * (1 - prior)
    return 1 - brier(y, score, weights) / least if least > 0 else NAN


def log_loss(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the mean of -log p(outcome), in nats (Good 1952).

    A probability of exactly 0 for what happened gives infinity; nothing is
    clipped. Use `log_loss_of_log_odds` if log-odds are at hand. As it has no
    bound, its interval is not to be trusted if the classes are nearly separated:
    see `interval`.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` probabilities of the positive class.
        weights: `[rows]` weights, or None.

    Returns:
        A number of at least 0; NaN without rows.

    Raises:
        InputError: The arrays do not fit together, or are not probabilities.

    Example:
        >>> round(log_loss([0, 1], [0.1, 0.8]), 4)
        0.1643
    """
    positive, p, weight = check_probability_columns(y, score, weights)
    with np.errstate(divide="ignore"):
        return _mean(-np.where(positive, np.log(p), np.log1p(-p)), weight)


def log_loss_of_log_odds(
    y: npt.ArrayLike, log_odds: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the log loss from log-odds, exact at any size of them.

    log(1 + exp(-z)) for a positive, log(1 + exp(z)) for a negative.

    Args:
        y: `[rows]` labels, 0 or 1.
        log_odds: `[rows]` log-odds of the positive class.
        weights: `[rows]` weights, or None.

    Returns:
        A number of at least 0, in nats; NaN without rows.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> log_loss_of_log_odds([0, 1], [800.0, 0.0]) == (800 + math.log(2)) / 2
        True
    """
    positive, z, weight = check_columns(y, log_odds, weights)
    return _mean(np.logaddexp(0.0, np.where(positive, -z, z)), weight)


def brier_parts(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    groups: str = "isotonic",
    bins: int = 10,
) -> BrierParts:
    """Return the Brier score's reliability, resolution and uncertainty.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` probabilities of the positive class.
        weights: `[rows]` weights, or None.
        groups: "isotonic": groups found by isotonic regression, which needs no
            bins (Dimitriadis, Gneiting and Jordan 2021; reliability is measured
            by differences of mean scores). "distinct": one group for each
            distinct probability (Murphy 1973). "quantile": `bins` groups of
            equal weight, with the remainder of Stephenson et al. (2008) in
            `within`.
        bins: The number of quantile groups, at least 1.

    Returns:
        All parts NaN without rows.

    Raises:
        InputError: The arrays do not fit together, are not probabilities, or an
            argument is not known.

    Example:
        >>> parts = brier_parts([0, 1, 1, 0], [0.2, 0.2, 0.9, 0.9], groups="distinct")
        >>> round(parts.brier, 4), round(parts.reliability, 4), parts.uncertainty
        (0.375, 0.125, 0.25)
    """
    kind = one_of(groups, ("isotonic", "distinct", "quantile"), "groups")
    positive, p, weight = check_probability_columns(y, score, weights)
    if weight.sum() == 0:
        return BrierParts(NAN, NAN, NAN, NAN, NAN)
    total = _mean((p - positive) ** 2, weight)
    prior = _mean(positive.astype(float), weight)
    uncertainty = prior * (1 - prior)
    if kind == "isotonic":
        fitted = _isotonic(positive, p, weight)
        after = _mean((fitted - positive) ** 2, weight)
        return BrierParts(total, total - after, uncertainty - after, uncertainty, 0.0)
    group = _distinct(p) if kind == "distinct" else _equal_mass(p, weight, bins)
    mass, forecast, outcome = _group_means(positive, p, weight, group)
    share = mass / mass.sum()
    reliability = float(np.sum(share * (forecast - outcome) ** 2))
    resolution = float(np.sum(share * (outcome - prior) ** 2))
    within = total - reliability + resolution - uncertainty
    return BrierParts(total, reliability, resolution, uncertainty, within)


def calibration_error(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    bins: int = 15,
) -> float:
    """Return the root mean squared calibration error, debiased.

    In each of `bins` groups of equal weight the squared distance between mean
    probability and outcome rate is reduced by its noise, r (1 - r) / (n - 1),
    so a calibrated model has mean square 0 at any sample size (Kumar, Liang and
    Ma 2019, section 5). A negative mean square is returned as 0.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` probabilities of the positive class.
        weights: `[rows]` weights, or None; weight k counts as k copies.
        bins: The number of groups, at least 1; tied probabilities stay together.

    Returns:
        A number in [0, 1]; NaN if a group has a weight of 1 or less.

    Raises:
        InputError: The arrays do not fit together, or are not probabilities.

    Example:
        >>> y = [0] * 8 + [1] * 2
        >>> calibration_error(y, [0.2] * 10, bins=1)
        0.0
        >>> round(calibration_error(y, [0.5] * 10, bins=1), 4)
        0.2687
    """
    square = squared_calibration_error(y, score, weights, bins=bins)
    return square if math.isnan(square) else math.sqrt(max(0.0, square))


def squared_calibration_error(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    bins: int = 15,
) -> float:
    """Return the debiased mean squared calibration error, which may be negative.

    Average this over folds or samples, not its root: only this is unbiased.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` probabilities of the positive class.
        weights: `[rows]` weights, or None.
        bins: The number of groups of equal weight, at least 1.

    Returns:
        NaN if a group has a weight of 1 or less.

    Raises:
        InputError: The arrays do not fit together, or are not probabilities.

    Example:
        >>> round(squared_calibration_error([0] * 8 + [1] * 2, [0.2] * 10, bins=1), 4)
        -0.0178
    """
    mass, forecast, outcome = _reliability(y, score, weights, bins)
    if not mass.size or (mass <= 1).any():
        return NAN
    noise = outcome * (1 - outcome) / (mass - 1)
    return float(np.sum(mass * ((forecast - outcome) ** 2 - noise)) / mass.sum())


def expected_calibration_error(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    bins: int = 15,
) -> float:
    """Return the mean absolute calibration error over groups of equal weight.

    The usual "ECE". It is biased upwards: a perfectly calibrated model has more
    than 0, the more the fewer rows. Prefer `calibration_error`.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` probabilities of the positive class.
        weights: `[rows]` weights, or None.
        bins: The number of groups of equal weight, at least 1.

    Returns:
        NaN without rows.

    Raises:
        InputError: The arrays do not fit together, or are not probabilities.

    Example:
        >>> y, p = [0] * 8 + [1] * 2, [0.5] * 10
        >>> round(expected_calibration_error(y, p, bins=1), 4)
        0.3
    """
    mass, forecast, outcome = _reliability(y, score, weights, bins)
    if not mass.size:
        return NAN
    return float(np.sum(mass * np.abs(forecast - outcome)) / mass.sum())


def _mean(values: npt.NDArray[np.floating], weight: FloatArray) -> float:
    total = weight.sum()
    if total == 0:
        return NAN
    # A weight of 0 leaves a row out, even one whose loss is infinite.
    counted = np.where(weight > 0, values, 0.0)
    return float(np.sum(counted * weight) / total)


def _reliability(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None, bins: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    positive, p, weight = check_probability_columns(y, score, weights)
    if weight.sum() == 0:
        return np.empty(0), np.empty(0), np.empty(0)
    return _group_means(positive, p, weight, _equal_mass(p, weight, bins))


def _group_means(
    positive: BoolArray, p: FloatArray, weight: FloatArray, group: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return weight, mean probability and outcome rate of each group in use."""
    mass = np.asarray(np.bincount(group, weights=weight), np.float64)
    used = mass > 0
    mass = mass[used]
    forecast = np.bincount(group, weights=weight * p)[used] / mass
    outcome = np.bincount(group, weights=weight * positive)[used] / mass
    return mass, forecast, outcome


def _distinct(p: FloatArray) -> IntArray:
    return np.asarray(np.unique(p, return_inverse=True)[1], np.int64)


def _equal_mass(p: FloatArray, weight: FloatArray, bins: int) -> IntArray:
    """Assign each row to one of `bins` groups of about equal weight.

    Tied rows share a group: the one in which the middle of their weight falls.
    """
    groups = integer(bins, "bins", 1)
    tie = _distinct(p)
    mass = np.bincount(tie, weights=weight)
    middle = np.cumsum(mass) - mass / 2
    group = np.floor(groups * middle / mass.sum()).astype(np.int64)
    return np.asarray(np.minimum(group, groups - 1)[tie])


def _isotonic(positive: BoolArray, p: FloatArray, weight: FloatArray) -> FloatArray:
    from scipy.optimize import isotonic_regression

    tie = _distinct(p)
    mass = np.bincount(tie, weights=weight)
    used = mass > 0
    rate = np.bincount(tie, weights=weight * positive)[used] / mass[used]
    fitted = np.zeros(mass.size)
    fitted[used] = isotonic_regression(rate, weights=mass[used]).x
    return fitted[tie]
