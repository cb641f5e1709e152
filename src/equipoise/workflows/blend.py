# SPDX-License-Identifier: Apache-2.0
"""Greedy selection of an average of arms on out-of-fold scores.

No family of models dominates over tables; their average usually does. Arms are
added one at a time, with replacement, while the out-of-fold log loss of the
averaged probabilities falls (Caruana et al. 2004, Ensemble selection from
libraries of models, section 2).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from equipoise.priors import probability

FloatArray = npt.NDArray[np.float64]

STEPS = 20
SMALLEST = 1e-6


def log_loss(y: npt.NDArray[np.bool_], p: FloatArray) -> float:
    """Return the mean log loss of probabilities, kept off 0 and 1."""
    kept = np.clip(p, SMALLEST, 1 - SMALLEST)
    return float(-np.mean(np.where(y, np.log(kept), np.log1p(-kept))))


def blend(
    log_odds: Mapping[str, FloatArray], y: npt.ArrayLike, *, steps: int = STEPS
) -> dict[str, float]:
    """Return the weight of each arm in the average of probabilities.

    Args:
        log_odds: Arm -> `[repeats, rows]` out-of-fold calibrated log-odds.
        y: `[rows]` labels.
        steps: How many picks the weights are made of.

    Returns:
        Arm -> weight, above 0, summing to 1; arms that were not picked are absent.

    Example:
        >>> y = np.array([0, 0, 0, 1])
        >>> good, bad = np.array([[-2.0, -2, -2, 2]]), np.zeros((1, 4))
        >>> blend({"good": good, "bad": bad}, y)
        {'good': 1.0}
    """
    positive = np.tile(np.asarray(y, bool), next(iter(log_odds.values())).shape[0])
    p = {name: probability(z).ravel() for name, z in log_odds.items()}
    picks: list[str] = []
    reached: list[float] = []
    total = np.zeros(positive.size)
    for step in range(1, steps + 1):
        losses = {name: log_loss(positive, (total + q) / step) for name, q in p.items()}
        picks.append(min(losses, key=lambda name: losses[name]))
        reached.append(losses[picks[-1]])
        total += p[picks[-1]]
    kept = picks[: int(np.argmin(reached)) + 1]
    return {name: kept.count(name) / len(kept) for name in p if name in kept}
