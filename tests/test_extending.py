# SPDX-License-Identifier: Apache-2.0
"""What `register` refuses; pieces at work are in tests/house/test_register.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import equipoise as eq
from equipoise.diagnosis.finding import Check
from equipoise.errors import InputError, InputTypeError
from equipoise.extending import Setting
from equipoise.sampling import Rate
from equipoise.weights.scheme import Scheme

RETURNS_A_NUMBER: Any = lambda _: 3  # noqa: E731 (what no check may be)


def log_like(totals: Sequence[float]) -> list[float]:
    return [(totals[0] / total) ** 0.25 for total in totals]


@pytest.mark.parametrize(
    ("piece", "error", "says"),
    [
        (3, InputTypeError, "the piece 3"),
        (Scheme("log", log_like, "x"), InputError, "'log', which exists"),
        (Scheme("My Own", log_like, "x"), InputError, "lower-case"),
        (Scheme("blend", log_like, "x"), InputError, "which exists"),
        (
            Scheme("mine", log_like, "x", citations=("me2027",)),
            InputError,
            "citation 'me2027'",
        ),
        (
            Scheme("mine", log_like, "x", options={"gamma": Setting(1.0)}),
            InputError,
            "the loss 'focal' has this option",
        ),
        (Scheme("mine", lambda n: [k / n[0] for k in n], "x"), AssertionError, "rarer"),
        (Check("EQP900", "x", lambda _: None), InputError, "EQP900"),
        (Check("MY1", "x", lambda _: None), InputError, "three digits"),
        (Check("MY002", "x", RETURNS_A_NUMBER), InputTypeError, "returns 3"),
    ],
)
def test_what_is_refused(piece: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        eq.register(piece)


def test_what_breaks_a_contract_is_not_registered() -> None:
    @dataclass(frozen=True)
    class Boastful(Rate):
        name: ClassVar[str] = "boastful"

        def prior(self, totals: Sequence[int]) -> np.ndarray:
            return np.array([0.1, 0.9])

    with pytest.raises(AssertionError, match=r"a share of 0\.9"):
        eq.register(Boastful)
    with pytest.raises(InputError, match="sampling='boastful'"):
        eq.Strategy(sampling="boastful")


def test_options_have_ranges() -> None:
    @dataclass(frozen=True)
    class Open(Rate):
        more: float = 1.0
        name: ClassVar[str] = "open"

    with pytest.raises(InputTypeError, match="fields are made by"):
        eq.register(Open)


def test_a_registration_ends_with_its_block_and_a_strategy_outlives_it() -> None:
    scheme = Scheme("fourth_root", log_like, "by the fourth root")
    with eq.register(scheme) as registration:
        strategy = eq.Strategy(weights="fourth_root")
    assert (registration.kind, registration.name) == ("weight scheme", "fourth_root")
    assert "fourth root" in strategy.describe()
    with pytest.raises(InputError, match="fourth_root"):
        eq.Strategy(weights="fourth_root")
