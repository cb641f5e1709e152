# SPDX-License-Identifier: Apache-2.0
"""The fitted map as a record: applied, saved, and refused if it makes no sense."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit

from equipoise.decision import Calibrator, fit_calibrator
from equipoise.decision.calibrator import METHODS, base_rate_calibrator, shifted
from equipoise.errors import InputError
from equipoise.priors import probability


def sample(n: int = 3_000, seed: int = 0, centre: float = -2.5):
    rng = np.random.default_rng(seed)
    z = rng.normal(centre, 1.5, n)
    return z, (rng.random(n) < probability(0.3 + 0.7 * z)).astype(int)


@pytest.mark.parametrize("method", METHODS[1:])
def test_round_trip_through_json(method) -> None:
    from json import loads

    from equipoise._core.files import to_json

    z, y = sample(200)
    got = fit_calibrator(z, y, method=method)
    again = Calibrator.from_dict(loads(to_json(got.to_dict())))
    assert again == got
    assert again.apply(z).tolist() == got.apply(z).tolist()
    assert str(got.rows) in got.describe()


def test_a_record_with_unknown_fields_is_refused() -> None:
    with pytest.raises(InputError, match="Accepted"):
        Calibrator.from_dict({"method": "none", "bias": 1})
    with pytest.raises(InputError, match="Accepted"):
        Calibrator.from_dict({"method": "beta"})


@pytest.mark.parametrize(
    "bad",
    [
        {"slope": 0.0},
        {"smoothing": 1.0, "base_rate": 0.1},
        {"smoothing": 0.1, "base_rate": 0.0},
        {"smoothing": 0.1, "base_rate": 1.0},
    ],
)
def test_a_record_whose_probabilities_would_be_undefined_is_refused(bad) -> None:
    with pytest.raises(InputError, match="Accepted"):
        Calibrator.from_dict({"method": "platt", **bad})


def test_beyond_the_scores_of_the_fit_log_odds_hardly_move() -> None:
    z, y = sample(400)
    got = fit_calibrator(z, y, method="platt")
    low, high = got.support
    assert (low, high) == (z.min(), z.max())
    far = got.apply([low - 1e9, low - 1, low, high, high + 1, high + 1e9, math.inf])
    assert (np.diff(far) >= 0).all()
    assert far[-1] - far[3] <= 1
    assert far[2] - far[0] <= 1
    assert got.apply([high + 1]) > got.apply([high])


@pytest.mark.parametrize("share", [1e-6, 0.1, 0.9])
@pytest.mark.parametrize("base_rate", [1e-4, 0.3, 0.95])
def test_smoothing_mixes_probabilities_with_the_base_rate(share, base_rate) -> None:
    z = np.array([-30.0, -2.0, 0.0, 1.5, 30.0])
    got = Calibrator("platt", 0.8, 0.1, smoothing=share, base_rate=base_rate)
    expected = (1 - share) * expit(0.8 * z + 0.1) + share * base_rate
    assert got.probability(z) == pytest.approx(expected, rel=1e-9)
    # Neither end is lost to rounding: 1 - p has as many digits as p.
    against = (1 - share) * expit(-0.8 * z - 0.1) + share * (1 - base_rate)
    assert probability(-got.apply(z)) == pytest.approx(against, rel=1e-9)


@pytest.mark.parametrize(
    "bad", [{"support": [2, 1]}, {"bounds": ["inf", 0]}, {"bounds": ["nan", 0]}]
)
def test_a_record_with_impossible_ends_is_refused(bad) -> None:
    with pytest.raises(InputError, match="low <= high"):
        Calibrator.from_dict({"method": "platt", **bad})


@pytest.mark.parametrize(
    "bad",
    [
        {"knots": [0.0, 1.0], "levels": [0.0]},
        {"knots": [1.0, 0.0], "levels": [0.0, 1.0]},
        {"knots": [0.0, 1.0], "levels": [1.0, 0.0]},
        {"knots": [], "levels": []},
    ],
)
def test_a_curve_that_does_not_increase_is_refused(bad) -> None:
    with pytest.raises(InputError, match="increasing"):
        Calibrator.from_dict({"method": "isotonic", **bad})


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_the_base_rate_in_place_of_a_calibrator(method) -> None:
    z, y = sample(300)
    fitted = fit_calibrator(z, y, method=method)
    constant = base_rate_calibrator(fitted, "it lost")
    assert constant.probability(z) == pytest.approx(y.mean(), rel=0.02)
    assert constant.reason.endswith("; it lost")
    order = np.argsort(z)
    assert (np.diff(constant.apply(z[order])) > 0).all()


@pytest.mark.parametrize("method", ["intercept", "platt", "isotonic"])
def test_a_shift_moves_the_log_odds(method) -> None:
    z, y = sample(300)
    fitted = fit_calibrator(z, y, method=method)
    moved = shifted(fitted, -0.5, "another prevalence")
    # Smoothing and bounds give back a little of the shift at the ends.
    change = moved.apply(z) - fitted.apply(z)
    assert np.median(change) == pytest.approx(-0.5, abs=0.02)
    assert (change < -0.3).all()
    assert moved.reason.endswith("; another prevalence")
