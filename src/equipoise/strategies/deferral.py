# SPDX-License-Identifier: Apache-2.0
"""Class weights that begin late: deferred re-weighting."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from equipoise.strategies.learner_records import DEFERRED
from equipoise.strategies.strategy import Strategy

_Kind = TypeVar("_Kind", bound=Strategy)


def deferred_share(strategy: Strategy) -> float:
    """Return the share of the epochs before class weights count; 0 if they always do.

    Args:
        strategy: The strategy.

    Example:
        >>> late = Strategy(weights="balanced", options={"deferred": 0.8})
        >>> deferred_share(late), deferred_share(Strategy(weights="balanced"))
        (0.8, 0.0)
    """
    return float(strategy.option(DEFERRED) or 0.0)


def without_weights(strategy: _Kind) -> _Kind:
    """Return a strategy as it is before its class weights count.

    Args:
        strategy: The strategy.

    Example:
        >>> late = Strategy("x", weights="balanced", options={"deferred": 0.8})
        >>> without_weights(late)
        Strategy('x')
    """
    scheme = strategy.parts.scheme
    gone = {DEFERRED, *(() if scheme is None else scheme.options)}
    options = {k: v for k, v in strategy.settings.items() if k not in gone}
    return dataclasses.replace(strategy, weights=None, options=options)
