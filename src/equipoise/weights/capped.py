# SPDX-License-Identifier: Apache-2.0
"""Inverse frequency, but no more than a cap."""

from __future__ import annotations

from equipoise._core.options import Setting
from equipoise.weights.scheme import Scheme


def capped_ratio(negatives: int, positives: int, *, cap: float = 10.0) -> float:
    """Return n0 / n1 limited to [1 / cap, cap].

    Keeps a handful of positives from ruling every gradient.

    Source: common practice; no canonical paper.

    Args:
        negatives: The number of negatives, at least 1.
        positives: The number of positives, at least 1.
        cap: The largest ratio of the weights, at least 1; 1 weighs nothing.

    Example:
        >>> capped_ratio(990, 10), capped_ratio(990, 10, cap=200.0)
        (10.0, 99.0)
    """
    return min(max(negatives / positives, 1 / cap), float(cap))


SCHEME = Scheme(
    name="capped",
    ratio=capped_ratio,
    phrase="by inverse frequency, at most {cap:g} to 1",
    options={"cap": Setting(10.0, low=1)},
    limit=("cap", "balanced"),
)
