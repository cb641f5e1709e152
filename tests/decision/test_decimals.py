"""Numbers that JSON has no word for come back; a printed threshold decides alike."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.decision.decimals import decimal, json_number, rounded, short_cut
from equipoise.decision.thresholds import choose_threshold
from equipoise.priors import log_odds, probability


@pytest.mark.parametrize("value", [0.0, -1.5, 1e300, math.inf, -math.inf])
def test_a_number_survives_json(value: float) -> None:
    assert float(json.loads(json.dumps(json_number(value), allow_nan=False))) == value


def test_nan_stays_nan() -> None:
    assert math.isnan(float(json.loads(json.dumps(json_number(math.nan)))))
    assert json_number(0.25) == 0.25


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.15, "0.15"),
        (0.5, "0.5"),
        (1 / 21, "0.047619"),
        (0.0, "0"),
        (1.0, "1"),
        (1e-12, "0.000000000001"),
        (0.123456789, "0.123456789"),
        (1 - 1e-7 / 3, "0.99999996667"),
    ],
)
def test_a_probability_has_the_digits_that_it_needs(p: float, text: str) -> None:
    assert decimal(p) == text
    assert decimal(float(probability(log_odds(p)))) == text
    assert rounded(float(probability(log_odds(p)))) == pytest.approx(p, rel=1e-15)


@given(
    st.lists(st.floats(-12, 12, allow_nan=False), min_size=2, max_size=40),
    st.integers(0, 10_000),
)
def test_the_short_threshold_decides_as_the_exact_one(
    scores: list[float], seed: int
) -> None:
    """On either scale, as a number or as it is printed, if scores are told apart."""
    z = np.round(scores, 6)
    y = np.random.default_rng(seed).integers(0, 2, z.size)
    y[np.argmax(z)] = 1
    exact = choose_threshold(z, y).value
    moved = short_cut(exact, z)
    on = z >= exact
    assert np.array_equal(z >= moved, on)
    if math.isfinite(moved):
        text = decimal(float(probability(moved)))
        assert np.array_equal(probability(z) >= float(text), on)
        assert len(text.rstrip("0")) <= 15


def test_a_decimal_divides_in_log_odds_and_in_probabilities() -> None:
    # Ten nines lie between the two in log-odds; their probabilities are equal.
    nines = float(log_odds(0.9999999999))
    near = np.array([nines - 1e-7, nines + 1e-7])
    assert probability(near[0]) == probability(near[1])
    assert short_cut(near[1], near) == near[1]


def test_thresholds_that_no_decimal_divides_stay() -> None:
    near = np.array([1.0, np.nextafter(1.0, 2.0)])
    cut = float(near[1])
    assert short_cut(cut, near) == cut
    assert short_cut(math.inf, near) == math.inf
    assert short_cut(-math.inf, near) == -math.inf
    # Far out, where probabilities round to 1, log-odds still tell rows apart.
    far = np.array([38.0, 45.0])
    assert short_cut(41.0, far) == 41.0
