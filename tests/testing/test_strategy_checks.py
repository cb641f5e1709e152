# SPDX-License-Identifier: Apache-2.0
"""A strategy whose record breaks a contract is found."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import pytest

from equipoise.priors import Correction
from equipoise.strategies.strategy import Strategy
from equipoise.testing import check_strategy


class Nameless(Strategy):
    """Prints itself without its name."""

    def __repr__(self) -> str:
        return "Strategy()"


class Rambling(Strategy):
    """Says what it does in two lines."""

    def describe(self, *counts: Any) -> str:
        return "It learns.\nAnd more."


class Lossy(Strategy):
    """Forgets its weights on the way to plain data."""

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "weights": None}


class Boundless(Strategy):
    """Corrects by infinity."""

    def correction(self, totals: npt.ArrayLike) -> Correction:
        return Correction("offset", -float("inf"), reason="so it is")


class Silent(Strategy):
    """Does not say why its scores need no correction."""

    def correction(self, totals: npt.ArrayLike) -> Correction:
        return Correction("offset", 1.0, reason="")


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Nameless, "its name in its repr|equal after"),
        (Rambling, "one sentence"),
        (Lossy, "equal after a round trip"),
        (Boundless, "finite log-odds"),
        (Silent, "says why"),
    ],
)
def test_a_broken_strategy_is_found(kind: type[Strategy], promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_strategy(kind("mine", weights="balanced"))
