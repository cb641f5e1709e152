# SPDX-License-Identifier: Apache-2.0
"""Calibration: against scikit-learn, and at the extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from equipoise.decision import Calibrator, fit_calibrator
from equipoise.decision.calibration import automatic
from equipoise.errors import InputError
from equipoise.priors import probability

FITTED = ["intercept", "temperature", "platt", "isotonic"]


def sample(n: int = 3_000, seed: int = 0, centre: float = -2.5):
    rng = np.random.default_rng(seed)
    z = rng.normal(centre, 1.5, n)
    return z, (rng.random(n) < probability(0.3 + 0.7 * z)).astype(int)


def raw(calibrator: Calibrator, z):
    """The fitted line before smoothing."""
    return calibrator.slope * np.asarray(z) + calibrator.intercept


def test_platt_equals_unpenalised_regression_on_platts_targets() -> None:
    z, y = sample(500)
    up, down = (y.sum() + 1) / (y.sum() + 2), 1 / ((1 - y).sum() + 2)
    t = np.where(y == 1, up, down)
    reference = LogisticRegression(C=math.inf, tol=1e-10, max_iter=1_000).fit(
        np.concatenate([z, z])[:, None],
        np.repeat([1, 0], len(z)),
        sample_weight=np.concatenate([t, 1 - t]),
    )
    got = fit_calibrator(z, y, method="platt")
    assert got.slope == pytest.approx(reference.coef_[0, 0], abs=1e-5)
    assert got.intercept == pytest.approx(reference.intercept_[0], abs=1e-5)


def test_temperature_turns_around_the_base_rate() -> None:
    z, y = sample()
    got = fit_calibrator(z, y, method="temperature")
    centre = math.log(y.mean() / (1 - y.mean()))
    assert raw(got, centre) == pytest.approx(centre)

    up, down = (y.sum() + 1) / (y.sum() + 2), 1 / ((1 - y).sum() + 2)
    t = np.where(y == 1, up, down)

    def loss(a: float) -> float:
        line = centre + a * (z - centre)
        return float(np.sum(np.logaddexp(0, line) - t * line))

    assert loss(got.slope) < min(loss(got.slope - 1e-3), loss(got.slope + 1e-3))


def test_intercept_makes_the_mean_probability_the_share_of_positives() -> None:
    z, y = sample()
    got = fit_calibrator(z, y, method="intercept")
    assert got.slope == 1
    assert got.probability(z).mean() == pytest.approx(y.mean(), rel=1e-9)


def test_isotonic_pools_the_blocks_of_scikit_learn() -> None:
    z, y = sample(800)
    got = fit_calibrator(z, y, method="isotonic")
    share = IsotonicRegression().fit_transform(z, y)
    blocks = np.unique(share)
    assert len(got.knots) == len(blocks)
    for knot, value in zip(got.knots, blocks, strict=True):
        assert knot == pytest.approx(z[share == value].mean())
    assert np.all(np.diff(got.levels) >= 0)


@pytest.mark.parametrize("method", FITTED)
def test_weights_are_copies(method) -> None:
    z, y = sample(400)
    w = np.random.default_rng(1).integers(0, 4, 400)
    weighted = fit_calibrator(z, y, method=method, weights=w)
    copied = fit_calibrator(np.repeat(z, w), np.repeat(y, w), method=method)
    np.testing.assert_allclose(weighted.apply(z), copied.apply(z), rtol=1e-6)
    assert weighted.rows == copied.rows
    assert weighted.positives == copied.positives


@pytest.mark.parametrize("method", FITTED)
@given(seed=st.integers(0, 500), positives=st.integers(1, 12), ties=st.booleans())
@settings(max_examples=40, deadline=None)
def test_order_is_kept_and_no_probability_is_0_or_1(
    method, seed, positives, ties
) -> None:
    rng = np.random.default_rng(seed)
    y = np.repeat([1, 0], [positives, 40])
    z = rng.normal(size=len(y)) * rng.choice([1e-3, 1.0, 9.0]) - 3
    z = z.round(1) if ties else z
    got = fit_calibrator(z, y, method=method)
    line = np.sort(np.concatenate([z, [-1e3, 1e3, -math.inf, math.inf]]))
    out = got.apply(line)
    assert np.isfinite(out).all()
    assert (np.diff(out) >= 0).all()
    assert got.slope > 0
    p = got.probability(line)
    assert p.min() > 0
    assert p.max() < 1


@pytest.mark.parametrize("method", FITTED)
def test_perfect_separation_stays_finite(method) -> None:
    z, y = np.array([-3.0, -2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 0, 1, 1])
    got = fit_calibrator(z, y, method=method)
    p = got.probability(z)
    assert 0 < p[0] < p[-1] < 1
    assert math.isfinite(got.slope)
    assert math.isfinite(got.intercept)


@pytest.mark.parametrize("method", FITTED)
def test_infinite_log_odds_are_sane(method) -> None:
    z, y = sample(300)
    z[y.argmax()], z[y.argmin()] = math.inf, -math.inf
    got = fit_calibrator(z, y, method=method)
    assert np.isfinite(got.apply(z)).all()
    assert got.apply([math.inf])[0] >= got.apply([5.0])[0]


@pytest.mark.parametrize("method", FITTED)
def test_constant_scores_give_the_share_of_positives(method) -> None:
    y = np.repeat([1, 0], [3, 97])
    got = fit_calibrator(np.zeros(100), y, method=method)
    assert got.method == "intercept"
    assert got.probability([0.0])[0] == pytest.approx(0.03)
    assert "equal" in got.describe()


@pytest.mark.parametrize("method", FITTED)
def test_scores_that_differ_by_rounding_are_constant(method) -> None:
    y = np.repeat([1, 0], [3, 97])
    rounding = np.where(np.arange(100) % 3, 0.0, 4.4e-16)
    got = fit_calibrator(-1.8 + rounding, y, method=method)
    assert got.method == "intercept"
    assert got.probability([-1.8])[0] == pytest.approx(0.03)


def test_scores_that_rank_backwards_keep_a_positive_slope() -> None:
    z, y = sample()
    got = fit_calibrator(-z, y, method="platt")
    assert got.slope > 0
    assert got.probability(-z).mean() == pytest.approx(y.mean(), rel=0.01)
    assert "no better than chance" in got.describe()


def test_one_class_alone() -> None:
    got = fit_calibrator([0.0, 1.0], [0, 0])
    assert got.method == "none"
    assert "absent" in got.describe()
    with pytest.raises(InputError, match="0 positives"):
        fit_calibrator([0.0, 1.0], [0, 0], method="platt")
    # A class whose weights are all 0 is absent too.
    assert fit_calibrator([0.0, 1.0], [0, 1], weights=[1, 0]).method == "none"


@pytest.mark.parametrize(
    ("positives", "exact", "method"),
    [
        (3, True, "none"),
        (12, True, "platt"),
        (2000, True, "platt"),
        (3, False, "platt"),
        (2000, False, "isotonic"),
    ],
)
def test_auto_goes_by_the_number_of_positives(positives, exact, method) -> None:
    z = np.linspace(-3, 3, 4000)
    y = np.zeros(4000, int)
    y[np.linspace(0, 3999, positives).astype(int)] = 1
    found = fit_calibrator(z, y, exact=exact)
    assert found.method == method
    assert str(min(positives, 4000 - positives)) in found.reason


def test_none_changes_nothing() -> None:
    got = fit_calibrator([-1.0, math.inf], [0, 1], method="none")
    assert got.apply([-1.0, math.inf]).tolist() == [-1.0, math.inf]


@pytest.mark.parametrize("method", ["none", *FITTED])
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


@pytest.mark.parametrize(
    ("rarer", "exact", "method"),
    [
        (5, True, "none"),
        (6, True, "platt"),
        (999, False, "platt"),
        (1_000, False, "isotonic"),
        (1_000, True, "platt"),
    ],
)
def test_the_choice_changes_exactly_at_its_borders(rarer, exact, method) -> None:
    assert automatic(rarer, 5_000, exact)[0] == method
    assert automatic(5_000, rarer, exact)[0] == method
