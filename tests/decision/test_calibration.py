# SPDX-License-Identifier: Apache-2.0
"""Calibration: against scikit-learn, and at the extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

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


@pytest.mark.parametrize("exact", [True, False])
def test_platt_minimises_platts_loss_and_the_priors_penalty(exact) -> None:
    z, y = sample(200)
    up, down = (y.sum() + 1) / (y.sum() + 2), 1 / ((1 - y).sum() + 2)
    t = np.where(y == 1, up, down)
    got = fit_calibrator(z, y, method="platt", exact=exact)

    def loss(line) -> float:
        a, b = line
        penalty = (a - 1) ** 2 / (2 * 2**2) if exact else (a * z.std() / 3) ** 2 / 2
        eta = a * z + b
        return float(np.sum(np.logaddexp(0, eta) - t * eta)) + penalty

    best = minimize(loss, [1.0, 0.0], tol=1e-12).x
    assert [got.slope, got.intercept] == pytest.approx(best, abs=1e-4)


def test_temperature_turns_around_the_base_rate() -> None:
    z, y = sample()
    got = fit_calibrator(z, y, method="temperature")
    centre = math.log(y.mean() / (1 - y.mean()))
    assert raw(got, centre) == pytest.approx(centre)

    up, down = (y.sum() + 1) / (y.sum() + 2), 1 / ((1 - y).sum() + 2)
    t = np.where(y == 1, up, down)

    def loss(a: float) -> float:
        line = centre + a * (z - centre)
        penalty = (a - 1) ** 2 / (2 * 2**2)
        return float(np.sum(np.logaddexp(0, line) - t * line)) + penalty

    assert loss(got.slope) < min(loss(got.slope - 1e-3), loss(got.slope + 1e-3))


def test_intercept_makes_the_mean_probability_the_share_of_positives() -> None:
    z, y = sample()
    got = fit_calibrator(z, y, method="intercept")
    assert got.slope == 1
    assert got.probability(z).mean() == pytest.approx(y.mean(), rel=1e-3)


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
        (3, True, "platt"),
        (2000, True, "platt"),
        (3, False, "platt"),
        (2000, False, "isotonic"),
    ],
)
def test_auto_goes_by_the_number_of_positives(positives, exact, method) -> None:
    z = np.linspace(-3, 3, 4000)
    y = np.zeros(4000, int)
    y[4000 - positives - 100 : 3900] = 1
    found = fit_calibrator(z, y, exact=exact)
    assert found.method == method
    assert f"{min(positives, 4000 - positives):,}" in found.reason


def test_none_changes_nothing() -> None:
    got = fit_calibrator([-1.0, math.inf], [0, 1], method="none")
    assert got.apply([-1.0, math.inf]).tolist() == [-1.0, math.inf]


@pytest.mark.parametrize(
    ("rarer", "exact", "method"),
    [
        (1, True, "platt"),
        (999, False, "platt"),
        (1_000, False, "isotonic"),
        (1_000, True, "platt"),
    ],
)
def test_the_choice_changes_exactly_at_its_borders(rarer, exact, method) -> None:
    assert automatic(rarer, 5_000, exact)[0] == method
    assert automatic(5_000, rarer, exact)[0] == method


def loss(z, y):
    """The log loss of log-odds, per row."""
    return np.logaddexp(0, z) - y * z


def odd_scores(rng, y, fold):
    """Scores that misled calibrators, by name."""
    n, side = y.size, 2 * y - 1
    good = rng.normal(size=n) + 1.5 * y - 4
    shares = [y[fold != k].mean() for k in range(5)]
    wild = good.copy()
    wild[rng.integers(n)] = 1e6
    return {
        "constant within folds": np.log(shares)[fold],
        "unlike constants": rng.normal(size=5)[fold] * 3,
        "rounding": -3 + 1e-13 * rng.normal(size=n),
        "nearly constant": -3 + 1e-6 * rng.normal(size=n),
        "noise": rng.normal(size=n),
        "certain noise": 40 * rng.choice([-1.0, 1.0], n),
        "inverted": -40.0 * side,
        "partly inverted": rng.normal(size=n) - 2 * side,
        "separated": 5 * side + 0.1 * rng.normal(size=n),
        "good": good,
        "ties": good.round(),
        "two values": np.where(rng.random(n) < 0.5, -3.0, -1.0),
        "one wild score": wild,
        "heavy tails": 5 * rng.standard_cauchy(n),
        "huge range": np.exp(4 * rng.normal(size=n)),
        "too sure": 20 * (good + 4) - 10,
        "infinite positives": np.where((y == 1) & (rng.random(n) < 0.3), np.inf, good),
    }


@pytest.mark.parametrize(
    ("method", "exact", "positives", "negatives"),
    [
        ("auto", True, 3, 60),
        ("auto", True, 20, 400),
        ("auto", False, 8, 200),
        ("temperature", True, 30, 20),
        ("platt", False, 40, 40),
        ("isotonic", True, 5, 100),
        ("isotonic", False, 30, 100),
    ],
)
def test_no_calibrator_loses_to_the_base_rate(
    method, exact, positives, negatives
) -> None:
    rng = np.random.default_rng(positives)
    y = rng.permutation(np.repeat([1, 0], [positives, negatives]))
    fold = np.empty(y.size, int)
    for label in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == label))
        fold[rows] = np.arange(rows.size) % 5
    for name, z in odd_scores(rng, y, fold).items():
        lost = 0.0
        for k in range(5):
            others, inside = fold != k, fold == k
            got = fit_calibrator(
                z[others], y[others], method=method, exact=exact, folds=fold[others]
            )
            base = math.log(y[others].mean() / (1 - y[others].mean()))
            lost += np.sum(loss(got.apply(z[inside]), y[inside]))
            lost -= np.sum(loss(base, y[inside]))
            count, base = y[others].sum(), y[others].mean()
            assert got.probability(z).max() <= (count + base) / (count + 1) + 1e-12
        # By chance a calibrator that is right loses a few nats, over all rows.
        assert lost < 8, name


def test_nearly_constant_scores_of_folds_give_the_base_rate() -> None:
    rng = np.random.default_rng(0)
    y = np.zeros(113_922, int)
    y[rng.choice(len(y), 179, replace=False)] = 1
    fold = np.empty(len(y), int)
    for label in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == label))
        fold[rows] = np.arange(len(rows)) % 5
    shares = np.array([y[fold != k].mean() for k in range(5)])
    z = np.log(shares / (1 - shares))[fold]
    for k in range(5):
        others = fold != k
        got = fit_calibrator(z[others], y[others])
        assert got.slope < 5
        p = got.probability(z[~others])
        assert p == pytest.approx(y[others].mean(), rel=0.03)
        known = fit_calibrator(z[others], y[others], exact=False, folds=fold[others])
        assert "constant within each fold" in known.reason
        p = known.probability(z[~others])
        assert p == pytest.approx(y[others].mean(), rel=0.03)


def test_a_calibrator_that_loses_on_rows_left_out_gives_the_base_rate() -> None:
    rng = np.random.default_rng(1)
    fold = np.arange(500) % 5
    y = (rng.random(500) < 0.1).astype(int)
    # Every second fold ranks backwards.
    z = np.where(fold % 2, 1, -1) * (rng.normal(size=500) + 2 * y)
    got = fit_calibrator(z, y, method="intercept", folds=fold)
    assert got.probability(z) == pytest.approx(y.mean(), rel=0.02)
    assert "nats to the base rate" in got.describe()
    with pytest.raises(InputError, match="one fold per score"):
        fit_calibrator(z, y, folds=fold[:10])


def test_bounds_of_rows_of_each_class() -> None:
    y = np.repeat([1, 0], [4, 96])
    got = fit_calibrator(np.where(y == 1, 30.0, -30.0), y)
    p = got.probability([-1e9, 1e9])
    assert p[1] <= (4 + 0.04) / 5
    assert p[0] >= 0.04 / 97
