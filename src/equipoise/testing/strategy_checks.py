# SPDX-License-Identifier: Apache-2.0
"""What a strategy's record promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from equipoise.strategies.strategy import Strategy
from equipoise.testing.promises import require


def check_strategy(strategy: Strategy) -> None:
    """Check a strategy's record against every contract; nothing is trained.

    Args:
        strategy: The record to check.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> check_strategy(Strategy(weights="sqrt", loss="focal"))
    """
    for check in STRATEGY_CHECKS:
        check(strategy)


def strategy_is_a_record(strategy: Strategy) -> None:
    """It is hashable, equal to its copy from plain data, and prints itself."""
    copy = type(strategy).from_dict(strategy.to_dict())
    require(copy == strategy, f"{strategy.name}: equal after a round trip")
    require(hash(copy) == hash(strategy), f"{strategy.name}: one hash")
    require(
        repr(strategy.name) in repr(strategy), f"{strategy.name}: its name in its repr"
    )


def strategy_explains_itself(strategy: Strategy) -> None:
    """It says in one sentence what it does, with and without numbers."""
    for text in (strategy.describe(), strategy.describe([8_982, 380])):
        whole = text.endswith(".") and text[0].isupper() and "{" not in text
        require(whole and "\n" not in text, f"{strategy.name}: one sentence: {text}")


def strategy_declares_its_correction(strategy: Strategy) -> None:
    """Its correction is finite, and goes up with the score."""
    for counts in ((8_982, 380), (50, 50), (999, 1)):
        correction = strategy.correction(counts)
        scores = correction.apply(np.linspace(-40, 40, 81))
        require(np.isfinite(scores).all(), f"{strategy.name}: finite log-odds")
        require((np.diff(scores) > 0).all(), f"{strategy.name}: keeps the order")
        require(bool(correction.reason), f"{strategy.name}: says why")


STRATEGY_CHECKS: tuple[Callable[[Strategy], None], ...] = (
    strategy_is_a_record,
    strategy_explains_itself,
    strategy_declares_its_correction,
)
"""The contracts of a strategy, each to be called alone: `check(strategy)`."""
