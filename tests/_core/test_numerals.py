# SPDX-License-Identifier: Apache-2.0
"""Numbers for people: enough digits, never an exponent, never a false zero."""

from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise._core import numerals


def parsed(text: str) -> float:
    return float(text.replace(",", ""))


def unit(value: float) -> float:
    """Return half a unit in the second significant digit."""
    if value == 0:
        return 0.0
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - 1)


def draws(count: int = 3000) -> np.ndarray:
    """Intervals of every size and width, from 1e-8 to 1e6."""
    random = np.random.default_rng(0)
    value = 10.0 ** random.uniform(-8, 6, count)
    width = value * 10.0 ** random.uniform(-6, 1.0, count)
    below = random.random(count)
    low = np.where(random.random(count) < 0.1, 0.0, value - below * width)
    return np.stack([value, low, value + (1 - below) * width], axis=1)


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("signed", [True, False])
def test_an_estimate_can_be_read_back(short: bool, signed: bool) -> None:
    for value, low, high in draws():
        texts = numerals.estimate_parts(value, low, high, short=short, signed=signed)
        first, *ends = (parsed(text) for text in texts)
        # To two significant digits, or to a hundredth of the width.
        fine = max(unit(value), (high - low) / 60)
        assert abs(first - value) <= fine * (1 + 1e-9), (value, texts)
        for end, known in zip(ends, (low, high), strict=True):
            # To a sixth of the width, or to two significant digits.
            half = max((high - low) / 6, unit(known))
            assert abs(end - known) <= half * (1 + 1e-9), (known, texts)
        assert not any("e" in text for text in texts)
        if high - low > 0.01 * abs(high) and high - low > 1e-10:
            assert texts[1] != texts[2], (low, high)


def test_a_difference_beside_zero_reads_as_beside_zero() -> None:
    for end in 10.0 ** np.linspace(-10, -1, 40):
        low, high = numerals.interval_parts(end, 0.3, signed=True, short=True)
        assert parsed(low) > 0, end
        low, high = numerals.interval_parts(-0.3, -end, signed=True, short=True)
        assert parsed(high) < 0, end


@pytest.mark.parametrize("digits", [2, 3, 4])
def test_significant_digits_are_kept(digits: int) -> None:
    random = np.random.default_rng(1)
    for value in 10.0 ** random.uniform(-8, 9, 2000):
        text = numerals.significant(value, digits)
        place = math.floor(math.log10(value)) - digits + 1
        assert abs(parsed(text) - value) <= 0.5 * 10.0 ** min(place, 0) * (
            1 + 1e-9
        ) or (place > 0 and abs(parsed(text) - value) <= 0.5)
        assert "e" not in text


def test_a_probability_is_never_0_or_1_unless_it_is() -> None:
    for p in 10.0 ** np.linspace(-10, -0.4, 60):
        assert 0 < parsed(numerals.as_probability(p)) < 1
        assert 0 < parsed(numerals.share(p).rstrip("%")) < 100
        assert 0 < parsed(numerals.percent(p).rstrip("%")) < 100
        if p > 1e-9:
            assert 0 < parsed(numerals.as_probability(1 - p)) < 1
            assert 0 < parsed(numerals.percent(1 - p).rstrip("%")) < 100
    assert numerals.as_probability(0.0) == "0"
    assert numerals.share(1.0) == "100%"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (18394.0, "18,394"),
        (18390.6, "18,391"),
        (0.0, "0"),
        (1e6, "1,000,000"),
        (5.05, "5.05"),
        (math.nan, "undefined"),
    ],
)
def test_counts(value: float, text: str) -> None:
    assert numerals.amount(value, 4) == text


def test_what_the_user_gave_comes_back_whole() -> None:
    random = np.random.default_rng(2)
    for value in 10.0 ** random.uniform(-9, 12, 500):
        text = numerals.exact(value)
        assert float(text) == value
        assert "e" not in text


def test_undefined_and_infinite_numbers_have_words() -> None:
    assert numerals.estimate(math.nan) == "undefined"
    assert numerals.fixed(math.inf, 2) == "infinite"
    assert numerals.significant(-math.inf) == "minus infinite"
    assert numerals.share(math.nan) == "undefined"


def test_rounding_to_zero_has_no_sign() -> None:
    assert numerals.fixed(-0.0001, 2) == "0.00"
    assert numerals.fixed(0.0, 2, signed=True) == "0.00"
    assert numerals.estimate(0.0, 0.0, 0.0, signed=True, short=True) == (
        ".000 [.00, .00]"
    )
