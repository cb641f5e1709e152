# SPDX-License-Identifier: Apache-2.0
"""The best of a trial's arms, without what picking it gains by luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.metrics import Estimate


@dataclass(frozen=True)
class Leader:
    """The arm with the best value.

    Attributes:
        name: The arm.
        estimate: Its value with the optimism taken off, and its interval moved by
            as much; what a fresh look at this arm should show.
        optimism: By how much the best of the arms' values flatters, at least 0.
        share: By arm, the share of replicates in which it comes first.
    """

    name: str
    estimate: Estimate
    optimism: float
    share: Mapping[str, float]


def pick_leader(
    estimates: Mapping[str, Estimate],
    replicates: Mapping[str, FloatArray],
    *,
    higher_is_better: bool = True,
    lowest: float = 0.0,
) -> Leader:
    """Pick the arm with the best value and take off the optimism.

    Each replicate picks its own winner. Its value there, minus that arm's value
    on all rows, is what picking gains by luck; the mean over the replicates is the
    optimism (Efron's bootstrap correction; Tsamardinos et al. 2018 for the choice
    among cross-validated arms). The values have the metric's own small bias in
    the replicates, so each arm's replicates are first centred on its value.

    Args:
        estimates: By arm.
        replicates: By arm, `[replicates]` under the same weights.
        higher_is_better: Whether the best value is the highest, or the lowest.
        lowest: The smallest possible value.

    Example:
        >>> even = np.array([0.4, 0.6])
        >>> leader = pick_leader(
        ...     {"a": Estimate(0.5), "b": Estimate(0.5)}, {"a": even, "b": 1 - even}
        ... )
        >>> leader.name, round(leader.optimism, 3), round(leader.estimate.value, 3)
        ('a', 0.1, 0.4)
    """
    names = list(estimates)
    sign = 1.0 if higher_is_better else -1.0
    value = sign * np.array([estimates[name].value for name in names])
    value = np.where(np.isnan(value), -np.inf, value)
    first = int(np.argmax(value))
    centred = np.stack(
        [_centred(np.asarray(replicates[n]), estimates[n], sign) for n in names]
    )
    picked = np.argmax(centred, axis=0)
    gained = np.take_along_axis(centred, picked[None], axis=0)[0] - value[picked]
    optimism = max(0.0, float(np.mean(gained))) if np.isfinite(value[first]) else 0.0
    share = np.bincount(picked, minlength=len(names)) / picked.size
    return Leader(
        names[first],
        _less_optimism(estimates[names[first]], sign * optimism, lowest),
        optimism,
        dict(zip(names, share.tolist(), strict=True)),
    )


def _centred(replicates: FloatArray, estimate: Estimate, sign: float) -> FloatArray:
    """Move replicates to the value on all rows; an undefined arm never comes first.

    A metric of which less is better is turned round.
    """
    if not estimate.defined:
        return np.full(replicates.shape, -np.inf)
    centred = replicates - np.nanmean(replicates) + estimate.value
    return np.where(np.isnan(centred), -np.inf, sign * centred)


def _less_optimism(estimate: Estimate, optimism: float, lowest: float) -> Estimate:
    """Return an estimate without its optimism, below 0 if less is better."""
    if optimism < 0:
        low, high = estimate.low, estimate.high - optimism
    else:
        low, high = max(lowest, estimate.low - optimism), estimate.high
    return Estimate(
        max(lowest, estimate.value - optimism),
        low,
        high,
        f"{estimate.method}, optimism of the choice taken off".lstrip(", "),
        estimate.reason,
        estimate.level,
    )
