# SPDX-License-Identifier: Apache-2.0
"""The arm that came out first, without the optimism of having picked it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.metrics import Estimate


@dataclass(frozen=True)
class Leader:
    """The arm with the highest value.

    Attributes:
        name: The arm.
        estimate: Its value with the optimism taken off, and its interval moved by
            as much; what a fresh look at this arm should show.
        optimism: By how much the highest of the arms' values flatters, at least 0.
        share: By arm, the share of replicates in which it comes first.
    """

    name: str
    estimate: Estimate
    optimism: float
    share: Mapping[str, float]


def winner(
    estimates: Mapping[str, Estimate], replicates: Mapping[str, FloatArray]
) -> Leader:
    """Pick the arm with the highest value and take off the optimism.

    Each replicate picks its own winner. Its value there, minus that arm's value
    on all rows, is what picking gains by luck; the mean over the replicates is the
    optimism (Efron's bootstrap correction; Tsamardinos et al. 2018 for the choice
    among cross-validated arms). The values have the metric's own small bias in
    the replicates, so each arm's replicates are first centred on its value.

    Args:
        estimates: By arm.
        replicates: By arm, `[replicates]` under the same weights.

    Example:
        >>> even = np.array([0.4, 0.6])
        >>> found = winner(
        ...     {"a": Estimate(0.5), "b": Estimate(0.5)}, {"a": even, "b": 1 - even}
        ... )
        >>> found.name, round(found.optimism, 3), round(found.estimate.value, 3)
        ('a', 0.1, 0.4)
    """
    names = list(estimates)
    value = np.array([estimates[name].value for name in names])
    known = np.where(np.isnan(value), -np.inf, value)
    first = int(np.argmax(known))
    drawn = np.stack([_centred(np.asarray(replicates[n]), estimates[n]) for n in names])
    picked = np.argmax(drawn, axis=0)
    gained = np.take_along_axis(drawn, picked[None], axis=0)[0] - known[picked]
    optimism = max(0.0, float(np.mean(gained))) if np.isfinite(known[first]) else 0.0
    share = np.bincount(picked, minlength=len(names)) / picked.size
    return Leader(
        names[first],
        _moved(estimates[names[first]], optimism),
        optimism,
        dict(zip(names, share.tolist(), strict=True)),
    )


def _centred(drawn: FloatArray, estimate: Estimate) -> FloatArray:
    """Move replicates to the value on all rows; an undefined arm never comes first."""
    if not estimate.defined:
        return np.full(drawn.shape, -np.inf)
    return np.asarray(drawn - drawn.mean() + estimate.value)


def _moved(estimate: Estimate, optimism: float) -> Estimate:
    return Estimate(
        max(0.0, estimate.value - optimism),
        max(0.0, estimate.low - optimism),
        estimate.high,
        f"{estimate.method}, optimism of the choice taken off".lstrip(", "),
        estimate.reason,
        estimate.level,
    )
