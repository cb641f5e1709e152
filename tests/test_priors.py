# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, logit

from equipoise.errors import InputError
from equipoise.priors import (
    Correction,
    _class_log_phi,
    _log_phi_slope,
    focal_class_link,
    focal_class_logits,
    focal_link,
    focal_logits,
    log_odds,
    one_against_rest,
    prior_logits,
    prior_offset,
    prior_offsets,
    probability,
    softmax,
    weight_offset,
    weight_offsets,
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
    sampled = share / (share + kept * (1 - share))
    assert prior_offset(sampled, share) == pytest.approx(np.log(kept), abs=1e-6)


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


def test_corrections_of_several_classes_are_vectors() -> None:
    """Weights and drawing rates are undone: the posterior is the population's."""
    random = np.random.default_rng(0)
    eta = random.dirichlet([2.0, 1.0, 0.5, 1.0], 40)
    population = eta.mean(axis=0)
    weights, sampled = random.uniform(0.2, 5, 4), random.dirichlet(np.ones(4))
    # What a model learns is proportional to eta_c w_c sampled_c / population_c.
    logits = np.log(eta * weights * sampled / population) + random.normal(size=(40, 1))
    offset = weight_offsets(weights) + prior_offsets(sampled, population)
    found = softmax(Correction("offset", tuple(offset)).apply(logits))
    np.testing.assert_allclose(found, eta, rtol=1e-10)
    assert offset[0] == 0


def test_two_classes_have_one_offset() -> None:
    assert weight_offsets([2.0, 3.0]).tolist() == [weight_offset(3.0, 2.0)]
    prior = prior_offsets([0.5, 0.5], [0.9, 0.1])
    assert prior.tolist() == [prior_offset(0.5, 0.1)]
    assert prior_logits([0.9, 0.1]).tolist() == [float(log_odds(0.1))]
    # The softmax of two logits says the same.
    several = prior_logits([0.2, 0.5, 0.3])
    np.testing.assert_allclose(softmax(several), [0.2, 0.5, 0.3])


def test_a_correction_reads_numbers_and_vectors() -> None:
    one = Correction("focal", -2.0, 1.5, "why")  # type: ignore[arg-type]  # accepted
    assert one.offset == (-2.0,)
    assert one.to_dict()["offset"] == -2.0
    assert Correction.from_dict(one.to_dict()) == one
    many = Correction("offset", (0.0, 1.0, -1.0))
    assert many.to_dict()["offset"] == [0.0, 1.0, -1.0]
    assert Correction.from_dict(many.to_dict()) == many
    z = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(many.invert(many.apply(z)), z)
    with pytest.raises(InputError):
        Correction.from_dict({**one.to_dict(), "kind": "other"})
    with pytest.raises(InputError):
        Correction.from_dict({**one.to_dict(), "offset": float("nan")})


def test_one_against_rest_is_the_log_odds_of_a_class() -> None:
    z = np.random.default_rng(2).normal(scale=4, size=(30, 5))
    p = softmax(z)
    np.testing.assert_allclose(one_against_rest(z), np.log(p / (1 - p)), rtol=1e-8)


@pytest.mark.parametrize("classes", [2, 3, 10, 50])
@pytest.mark.parametrize("scale", [0.0, 0.1, 10.0, 1000.0])
def test_one_against_rest_keeps_its_digits_at_any_scale(classes, scale):
    z = np.random.default_rng(3).normal(scale=scale, size=(200, classes))
    precise = z.astype(np.longdouble)
    for c in range(classes):
        rest = np.delete(precise, c, axis=1)
        most = rest.max(axis=1)
        total = np.log(np.exp(rest - most[:, None]).sum(axis=1))
        expected = (precise[:, c] - most - total).astype(float)
        np.testing.assert_allclose(
            one_against_rest(z)[:, c], expected, rtol=2e-15, atol=2e-15
        )


# ---- the focal loss of several classes


@pytest.mark.parametrize("gamma", [0.05, 1.0, 2.0, 20.0])
def test_the_focal_link_of_classes_and_its_slope_in_higher_precision(gamma):
    z = np.array([-800, -300, -40, -5, -1, -0.01, 0, 0.3, 2, 10, 36, 300, 699, 701])

    def log_phi(z):
        log_q, log_rest = -np.log1p(np.exp(-z)), -np.log1p(np.exp(z))
        return gamma * log_rest - log_q + np.log1p(-gamma * log_q * np.exp(z))

    precise, step = z.astype(np.longdouble), np.longdouble(1e-6)
    expected = log_phi(precise)
    assert _class_log_phi(z, gamma) == pytest.approx(expected.astype(float), rel=4e-15)
    slope = (log_phi(precise + step) - log_phi(precise - step)) / (2 * step)
    assert _log_phi_slope(z, gamma) == pytest.approx(slope.astype(float), abs=1e-8)


def focal_gradient(z, eta, gamma):
    """The gradient of the expected focal loss of a softmax, by its logits."""
    q = softmax(z)
    slope = -((1 - q) ** gamma) / q + gamma * (1 - q) ** (gamma - 1) * np.log(q)
    return eta * slope * q - q * (eta * slope * q).sum()


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("classes", [2, 3, 6, 10])
def test_focal_class_link_against_the_numerical_minimiser(gamma, classes):
    eta = np.random.default_rng(classes).dirichlet(np.full(classes, 0.7))
    eta = (eta + 0.002) / (1 + 0.002 * classes)

    def value(z):
        log_q = log_softmax(z)
        return -(eta * (-np.expm1(log_q)) ** gamma * log_q).sum()

    found = minimize(
        value,
        np.zeros(classes),
        jac=lambda z: focal_gradient(z, eta, gamma),
        method="BFGS",
        options={"gtol": 1e-12},
    )
    linked = softmax(focal_class_link(found.x, gamma))
    np.testing.assert_allclose(linked, eta, atol=1e-6)


@pytest.mark.parametrize("gamma", [0.05, 0.5, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("scale", [0.1, 3.0, 100.0])
def test_focal_class_logits_undo_the_link(gamma, scale):
    target = scale * np.random.default_rng(0).normal(size=(4, 7))
    z = focal_class_logits(target, gamma)
    np.testing.assert_allclose(np.exp(z).sum(axis=1), 1, atol=1e-12)
    back = focal_class_link(z, gamma)
    np.testing.assert_allclose(
        back - back[:, :1], target - target[:, :1], rtol=1e-9, atol=1e-9
    )


@given(st.floats(-60, 60), st.floats(0.05, 10))
def test_two_classes_have_the_focal_link_of_one_score(z, gamma):
    first, second = focal_class_link([0.0, z], gamma)
    assert second - first == pytest.approx(float(focal_link(z, gamma)), abs=1e-9)
    low, high = focal_class_logits([0.0, z], gamma)
    assert high - low == pytest.approx(float(focal_logits(z, gamma)), abs=1e-8)


def test_at_gamma_0_the_focal_link_of_classes_is_the_identity():
    z = np.array([0.3, -2.0, 1.0])
    assert focal_class_link(z, 0.0).tolist() == z.tolist()
    assert focal_class_logits(z, 0.0).tolist() == z.tolist()


def test_a_correction_of_classes_is_inverted_and_kept():
    correction = Correction("focal", (0.0, -1.0, 2.0), 2.0, "why", "softmax")
    z = np.random.default_rng(0).normal(size=(9, 3))
    back = correction.apply(correction.invert(z))
    np.testing.assert_allclose(back - back[:, :1], z - z[:, :1], atol=1e-9)
    plain = correction.to_dict()
    assert plain["link"] == "softmax"
    assert Correction.from_dict(plain) == correction
    assert "link" not in Correction("focal", -1.0, 2.0).to_dict()
    with pytest.raises(InputError, match="link='probit'"):
        Correction.from_dict({**plain, "link": "probit"})


def test_two_classes_may_have_two_scores() -> None:
    prior = prior_logits([0.9, 0.1], "softmax")
    np.testing.assert_allclose(softmax(prior), [0.9, 0.1])
    assert weight_offsets([2.0, 3.0], "softmax").tolist() == [
        0.0,
        weight_offset(3.0, 2.0),
    ]
    both = prior_offsets([0.5, 0.5], [0.9, 0.1], "softmax")
    np.testing.assert_allclose(both, [0, prior_offset(0.5, 0.1)], atol=1e-12)


@pytest.mark.parametrize("bad", [[0.0, np.nan], [0.0, np.inf], 1.0])
def test_logits_without_a_focal_inverse_are_refused(bad) -> None:
    """A search for the root of NaN did not end."""
    with pytest.raises(InputError, match="finite logits"):
        focal_class_logits(bad, 2.0)


@pytest.mark.filterwarnings("error")
def test_softmax_of_infinite_logits():
    inf = np.inf
    rows = [[inf, 0, 0], [-inf, 0, -inf], [inf, inf, 0], [-inf] * 3, [1e308, -1e308, 0]]
    expected = [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [1 / 3] * 3, [1, 0, 0]]
    assert softmax(rows).tolist() == expected
    assert np.isnan(softmax([np.nan, 0.0])).all()
