# SPDX-License-Identifier: Apache-2.0
"""A weighting scheme that breaks a contract is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from equipoise._core.options import Setting
from equipoise.testing import check_scheme
from equipoise.weights.scheme import Scheme
from equipoise.weights.schemes import SCHEMES


@pytest.mark.parametrize(
    ("ratio", "promise"),
    [
        (lambda n: [1.0, n[1] / n[0]], "rarer counts more"),
        (lambda n: [1.0, -0.5], "weights above 0"),
        (lambda n: [1.0, 5.0 if n[1] > 50 else 2.0], "rarer counts more"),
    ],
)
def test_a_broken_scheme_is_found(
    monkeypatch: pytest.MonkeyPatch, ratio: Callable[..., float], promise: str
) -> None:
    monkeypatch.setitem(SCHEMES, "mine", Scheme("mine", ratio, "as I like"))
    with pytest.raises(AssertionError, match=promise):
        check_scheme("mine")


def test_an_option_that_is_not_checked_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ratios(n: Sequence[float], power: float = 1.0) -> list[float]:
        return [1.0, (n[0] / n[1]) ** (power if power in (0.5, 1.0) else 1.0)]

    lenient = Scheme("mine", ratios, "to the power {power:g}", {"power": Setting(1.0)})
    monkeypatch.setitem(SCHEMES, "mine", lenient)
    with pytest.raises(AssertionError, match="a bad argument was accepted"):
        check_scheme("mine", power=0.5)


def test_a_sound_scheme_of_one_s_own_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    fourth = Scheme(
        "mine", lambda n: [1.0, (n[0] / n[1]) ** 0.25], "by the fourth root"
    )
    monkeypatch.setitem(SCHEMES, "mine", fourth)
    check_scheme("mine")
