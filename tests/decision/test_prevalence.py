# SPDX-License-Identifier: Apache-2.0
"""A new prevalence: against the EM, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from equipoise.decision import (
    DecisionRule,
    at_prevalence,
    certified_rule,
    estimate_prevalence,
    fit_calibrator,
    make_rule,
)
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.priors import log_odds, probability


def unlabelled(rows: int, share: float, base: float, seed: int, apart: float = 2.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows) + apart * (rng.random(rows) < share)
    return apart * x - apart**2 / 2 + log_odds(base)


def saerens(z, base, rounds=20_000):
    """The EM as published: weights by the ratio of priors, then their mean."""
    p, q = probability(z), base
    for _ in range(rounds):
        up, down = q / base * p, (1 - q) / (1 - base) * (1 - p)
        q = float(np.mean(up / (up + down)))
    return q


@pytest.mark.parametrize(("share", "base"), [(0.02, 0.1), (0.4, 0.1), (0.1, 0.5)])
def test_the_estimate_is_the_fixed_point_of_the_em(share, base) -> None:
    z = unlabelled(400, share, base, 3)
    got = estimate_prevalence(z, base)
    assert got.share.value == pytest.approx(saerens(z, base), abs=1e-6)


def test_scores_that_all_point_one_way_give_0_or_1() -> None:
    none = estimate_prevalence(np.full(50, -9.0), 0.1)
    assert none.share.value == 0
    assert none.share.low == 0
    assert none.share.high > 0
    every = estimate_prevalence(np.full(50, math.inf), 0.1)
    assert every.share.value == 1
    assert 0.5 < every.share.low < 1
    assert every.share.high == 1


def test_scores_that_say_nothing_leave_everything_open() -> None:
    got = estimate_prevalence(np.full(50, log_odds(0.1)), 0.1)
    assert (got.share.low, got.share.high) == (0, 1)
    assert got.share.value == 0.1
    assert not got.changed


def test_the_bootstrap_is_reproducible_and_near_the_likelihood() -> None:
    z = unlabelled(2_000, 0.1, 0.1, 0)
    one, two = (
        estimate_prevalence(z, 0.1, interval="bootstrap", draws=200, seed=7)
        for _ in range(2)
    )
    assert one == two
    plain = estimate_prevalence(z, 0.1)
    assert one.share.low == pytest.approx(plain.share.low, abs=0.01)
    assert one.share.high == pytest.approx(plain.share.high, abs=0.01)


def test_words_and_errors() -> None:
    moved = estimate_prevalence(unlabelled(3_000, 0.3, 0.05, 1), 0.05)
    assert moved.changed
    assert "differs from 0.05" in moved.describe()
    with pytest.raises(InputError, match="no rows"):
        estimate_prevalence([], 0.1)
    with pytest.raises(InputError, match="base"):
        estimate_prevalence([0.0], 1.0)
    with pytest.raises(InputError, match="interval"):
        estimate_prevalence([0.0], 0.5, interval="wald")


def rates(draws: int, share: float, base: float, rows: int) -> tuple[float, float]:
    """How often the interval covers the truth, and a change is claimed."""
    covered = changed = 0
    for seed in range(draws):
        got = estimate_prevalence(unlabelled(rows, share, base, seed), base)
        covered += got.share.low <= share <= got.share.high
        changed += got.changed
    return covered / draws, changed / draws


def test_the_interval_covers_and_the_test_holds_its_level() -> None:
    noise = 3.5 * math.sqrt(0.05 * 0.95 / 150)
    covered, changed = rates(150, 0.05, 0.05, 300)
    assert covered >= 0.95 - noise
    assert changed <= 0.05 + noise


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_interval_ends_lie_where_the_likelihood_ratio_says(level) -> None:
    base = 0.1
    z = unlabelled(300, 0.2, base, 1)
    got = estimate_prevalence(z, base, level=level).share

    def likelihood(q: float) -> float:
        ratio = np.exp(z - log_odds(base))
        return float(np.log(1 - q + q * ratio).sum())

    for end in (got.low, got.high):
        fall = 2 * (likelihood(got.value) - likelihood(end))
        assert fall == pytest.approx(stats.chi2.ppf(level, 1), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "base", "rows"),
    [(0.02, 0.05, 600), (0.005, 0.04, 600), (0.3, 0.5, 200), (0.05, 0.05, 5_000)],
)
def test_the_interval_covers_at_full_size(share, base, rows) -> None:
    covered, changed = rates(2_000, share, base, rows)
    assert covered >= 0.93
    if share == base:
        assert changed <= 0.07


def labelled(share: float, seed: int = 0, rows: int = 20_000):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(int)
    x = rng.normal(size=rows) + 2 * y
    return 2 * x - 2 + log_odds(share), y


def test_under_costs_the_threshold_stays_and_other_rows_are_flagged() -> None:
    z, y = labelled(0.1)
    old = make_rule(z, y, objective="cost", fp=1, fn=4)
    new = at_prevalence(old, 0.3)
    assert new.threshold_log_odds == old.threshold_log_odds
    assert new.decide(z).sum() > old.decide(z).sum()
    # It is the rule that knows the new population's log-odds.
    assert new.offset == pytest.approx(log_odds(0.3) - log_odds(y.mean()))
    back = at_prevalence(new, old.prevalence)
    assert back.offset == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("objective", ["balanced_accuracy", "g_mean", "recall"])
def test_elsewhere_the_same_rows_stay_flagged(objective) -> None:
    z, y = labelled(0.1)
    options = {"floor": 0.8} if objective == "recall" else {}
    old = make_rule(z, y, objective=objective, **options)
    new = at_prevalence(old, 0.02)
    np.testing.assert_array_equal(new.decide(z), old.decide(z))
    assert new.prevalence == 0.02


def test_a_certified_recall_moves_along_and_a_certified_precision_does_not() -> None:
    z, y = labelled(0.1)
    old = certified_rule(z, y, recall=0.8)
    new = at_prevalence(old, 0.02)
    assert new.certificates[0].threshold == pytest.approx(new.threshold_log_odds)
    assert new.basis == "certified"
    with pytest.raises(UnsupportedError, match="certify"):
        at_prevalence(certified_rule(z, y, precision=0.6), 0.02)
    with pytest.raises(UnsupportedError, match="make_rule"):
        at_prevalence(make_rule(z, y, objective="f1"), 0.02)


def test_a_rule_must_know_its_prevalence() -> None:
    with pytest.raises(InputError, match="replace"):
        at_prevalence(DecisionRule(0.0), 0.1)


def two_samples(seed: int, positives: int, before: float, now: float, rows: int):
    """Labelled scores at one share, unlabelled ones at another."""
    rng = np.random.default_rng(seed)
    y = (np.arange(round(positives / before)) < positives).astype(int)
    label = rng.random(rows) < now
    return rng.normal(2.0 * y), y, rng.normal(2.0 * label)


def test_with_labelled_rows_the_interval_knows_their_draw() -> None:
    held, exact = 0, 0
    for seed in range(40):
        z, y, new = two_samples(seed, 60, 0.5, 0.02, 3_000)
        got = estimate_prevalence(new, 0.5, labelled=(z, y))
        held += got.share.low <= 0.02 <= got.share.high
        line = fit_calibrator(z, y, method="platt")
        share = estimate_prevalence(line.apply(new), 0.5).share
        exact += share.low <= 0.02 <= share.high
    assert held >= 35
    assert exact <= 30


def test_with_many_labelled_rows_both_ways_agree() -> None:
    z, y, new = two_samples(3, 40_000, 0.5, 0.1, 4_000)
    with_draw = estimate_prevalence(new, 0.5, labelled=(z, y)).share
    known = estimate_prevalence(2 * new - 2, 0.5).share
    assert with_draw.value == pytest.approx(known.value, abs=0.01)
    assert with_draw.high - with_draw.low == pytest.approx(
        known.high - known.low, rel=0.25
    )


def test_new_scores_that_are_no_mixture_are_told() -> None:
    z, y, new = two_samples(5, 300, 0.2, 0.1, 3_000)
    fine = estimate_prevalence(new, 0.2, labelled=(z, y))
    assert fine.fit > 0.01
    assert "do not rely" not in fine.describe()
    assert "taken as exact" not in fine.describe()
    drifted = estimate_prevalence(new * 0.3 + 1, 0.2, labelled=(z, y))
    assert drifted.fit < 1e-6
    assert "More than the prevalence differs" in drifted.describe()
    assert "taken as exact" in estimate_prevalence(new, 0.2).describe()


def test_labelled_scores_that_say_nothing_leave_everything_open() -> None:
    got = estimate_prevalence([1.0] * 50, 0.2, labelled=([1.0] * 20, [0, 1] * 10))
    assert (got.share.value, got.share.low, got.share.high) == (0.2, 0.0, 1.0)
    assert not got.changed


@pytest.mark.parametrize("labelled", [3, {"a": 1}, ([0.0, 1.0],)])
def test_labelled_rows_are_scores_and_labels(labelled) -> None:
    with pytest.raises(InputTypeError, match=r"\(scores, y\)"):
        estimate_prevalence([0.0, 1.0], 0.5, labelled=labelled)
