# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from equipoise.errors import InputError
from equipoise.priors import (
    Correction,
    focal_link,
    focal_logits,
    log_odds,
    prior_offset,
    probability,
    weight_offset,
)

shares = st.floats(1e-6, 1 - 1e-6)


def test_log_odds_and_probability_against_scipy():
    p = np.array([1e-300, 1e-9, 0.3, 0.5, 1 - 1e-9])
    np.testing.assert_allclose(log_odds(p), logit(p), rtol=1e-12)
    z = np.array([-800.0, -40, 0, 3, 40, 800])
    np.testing.assert_allclose(probability(z), expit(z), rtol=1e-12)


def test_certainty_is_infinite():
    assert log_odds([0.0, 1.0]).tolist() == [-np.inf, np.inf]
    assert probability([-np.inf, np.inf]).tolist() == [0.0, 1.0]


@given(shares, shares, shares)
def test_prior_offset_is_the_base_rate_theorem(p, b, other):
    """Elkan (2001), theorem 2, written with probabilities."""
    expected = other * (p - p * b) / (b - p * b + other * p - b * other)
    found = probability(log_odds(p) + prior_offset(b, other))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


@given(shares, st.floats(1e-4, 1.0))
def test_prior_offset_of_kept_negatives(share, kept):
    """Dal Pozzolo et al. (2015): negatives kept with probability beta."""
    drawn = share / (share + kept * (1 - share))
    assert prior_offset(drawn, share) == pytest.approx(np.log(kept), abs=1e-6)


@pytest.mark.parametrize("bad", [(0.0, 0.5), (0.5, 1.0), (0.5, float("nan"))])
def test_a_prior_of_a_lone_class_is_refused(bad):
    with pytest.raises(InputError, match="strictly between 0 and 1"):
        prior_offset(*bad)


def test_weight_offset():
    assert weight_offset(5.0, 0.5) == pytest.approx(-np.log(10))


def expected_focal(z, p, gamma):
    q = expit(z)
    right = -((1 - q) ** gamma) * np.log(q)
    return p * right + (1 - p) * -(q**gamma) * np.log1p(-q)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("p", [0.01, 0.2, 0.5, 0.93])
def test_focal_link_against_the_numerical_minimiser(gamma, p):
    found = minimize_scalar(
        lambda z: expected_focal(z, p, gamma),
        bounds=(-8, 8),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert focal_link(found.x, gamma) == pytest.approx(logit(p), abs=1e-5)


@given(st.floats(-700, 700), st.floats(0, 10))
def test_focal_link_is_odd_and_finite(z, gamma):
    assert np.isfinite(focal_link(z, gamma))
    assert focal_link(-z, gamma) == pytest.approx(-focal_link(z, gamma))


@pytest.mark.parametrize("gamma", [0.0, 0.05, 0.5, 1.0, 2.0, 5.0, 20.0])
def test_focal_link_goes_up_and_its_inverse_undoes_it(gamma):
    z = np.linspace(-60, 60, 241)
    linked = focal_link(z, gamma)
    assert (np.diff(linked) > 0).all()
    np.testing.assert_allclose(focal_logits(linked, gamma), z, atol=1e-9)


@pytest.mark.parametrize(
    "correction",
    [
        Correction(),
        Correction("offset", -3.0),
        Correction("focal", 1.5, 2.0),
        Correction("calibrate", -1.0),
    ],
)
def test_invert_undoes_apply(correction):
    z = np.linspace(-9, 9, 37).reshape(1, 37)
    np.testing.assert_allclose(correction.invert(correction.apply(z)), z, atol=1e-9)


def test_only_calibrate_is_not_exact():
    kinds = ("offset", "focal", "calibrate")
    assert [Correction(kind).exact for kind in kinds] == [True, True, False]


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_link_of_certain_and_infinite_logits(gamma):
    # Far out p / (1 - p) = (1 + gamma)^-1 exp((1 + gamma) z): the line it follows.
    z = np.array([50.0, 300.0, 699.0, 701.0, 800.0, 1e6])
    line = (1 + gamma) * z - np.log1p(gamma)
    assert focal_link(z, gamma) == pytest.approx(line, rel=1e-12)
    assert focal_link([-np.inf, np.inf], gamma).tolist() == [-np.inf, np.inf]
