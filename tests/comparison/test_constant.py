# SPDX-License-Identifier: Apache-2.0
"""An arm that says nothing is told from one that says something."""

from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.comparison import judge, resampled_difference
from equipoise.comparison.constant import against_constant, least_average_precision
from equipoise.comparison.rows import delong_difference
from equipoise.evaluation import CrossValidated, cross_validated
from equipoise.evaluation.trial_arms import Constants
from equipoise.metrics import Estimate, average_precision, roc_auc


def trial(
    positives: int,
    rows: int,
    gain: float,
    *,
    repeats: int = 1,
    folds: int = 3,
    seed: int = 0,
    arms: int = 0,
    constant: str = "prior",
) -> CrossValidated:
    """Scores of fixed models, one of them constant, and arms that equal the other."""
    random = np.random.default_rng([seed, positives, rows])
    y = np.repeat([0, 1], [rows - positives, positives])
    fold = np.empty((repeats, rows), int)
    for row in fold:
        for kind in (0, 1):
            at = np.flatnonzero(y == kind)
            row[at] = random.permutation(at.size) % folds
    z = np.tile(random.standard_normal(rows) + gain * y - 3, (repeats, 1))
    names = {"prior": ("plain", "prior"), "plain": ("good", "plain")}[constant]
    scores = {names[0]: z, names[1]: np.full(z.shape, -3.0)}
    for k in range(arms):
        scores[f"arm {k}"] = z + 0.5 * random.standard_normal(z.shape)
    return cross_validated(y, scores, fold, replicates=200)


@pytest.mark.parametrize("arms", [0, 5])
@pytest.mark.parametrize(("positives", "rows"), [(14, 300), (24, 6_000)])
def test_a_constant_is_never_open_against_an_auroc_apart(
    positives: int, rows: int, arms: int
) -> None:
    """Whatever the prevalence, and however many other arms there are."""
    apart = 0
    for seed in range(4):
        found = trial(positives, rows, 0.9, seed=seed, arms=arms)
        area = found["plain"].evaluation["roc_auc"]
        verdict = judge(found).arms["prior"]
        if area.low > 0.5:
            apart += 1
            assert verdict.outcome == "worse"
            assert verdict.difference.high < 0
            assert verdict.p <= 0.05
    assert apart


def test_a_network_that_learnt_nothing_is_beaten_by_one_that_did() -> None:
    found = trial(24, 4_000, 1.0, constant="plain")
    verdict = judge(found).arms["good"]
    assert found["good"].evaluation["roc_auc"].low > 0.5
    assert verdict.outcome == "better"
    assert verdict.difference.low > 0
    assert "good beats plain" in judge(found).sentence


def test_two_constants_are_equal() -> None:
    y, fold = np.tile([0, 0, 0, 1], 15), np.repeat([0, 1, 2], 20)
    scores = {"plain": np.full(60, -1.0), "prior": np.full(60, -2.0)}
    verdict = judge(cross_validated(y, scores, fold, replicates=50)).arms["prior"]
    assert verdict.outcome == "equivalent"


def test_the_interval_agrees_with_the_test_and_holds_the_value() -> None:
    for seed in range(20):
        gain = (seed % 5) * 0.25
        results = trial(12, 400, gain, seed=seed)
        for metric in ("average_precision", "roc_auc"):
            v = judge(results, metric=metric).arms["prior"]
            d = v.difference
            if math.isnan(d.low):
                assert d.reason
                continue
            assert -1 <= d.low <= d.value <= d.high <= 1
            assert (d.low > 0 or d.high < 0) == (v.outcome in ("better", "worse"))


def test_another_level_is_served() -> None:
    results = trial(30, 600, 0.35, seed=3)
    p = judge(results).arms["prior"].p
    strict = judge(results, level=1 - p / 2).arms["prior"]
    loose = judge(results, level=max(1 - 2 * p, 0.01)).arms["prior"]
    assert strict.outcome not in ("better", "worse")
    assert loose.outcome == "worse"


def test_few_found_positives_among_many_lost_ones_count() -> None:
    """One positive in five is found at once, the others not at all: AUROC .6."""
    random = np.random.default_rng(2)
    y = np.repeat([0, 1], [2950, 50])
    z = random.standard_normal(3000)
    z[2950:2960] += 6.0
    found = resampled_difference(y, z, np.zeros(3000))
    assert found.p <= 0.05
    assert found.low > 0


def test_fixed_scores_on_a_test_file() -> None:
    random = np.random.default_rng(1)
    y = np.repeat([0, 1], [490, 10])
    z = random.standard_normal(500) + 1.2 * y
    share = 10 / 500
    ahead = resampled_difference(y, z, np.zeros(500))
    behind = resampled_difference(y, np.zeros(500), z)
    assert ahead.mean == pytest.approx(average_precision(y, z) - share)
    assert (behind.low, behind.high) == pytest.approx((-ahead.high, -ahead.low))
    assert ahead.p == behind.p
    area = delong_difference(y, z, np.zeros(500))
    assert area.mean == pytest.approx(roc_auc(y, z) - 0.5)
    assert (area.low > 0) == (area.p <= 0.05)


def test_the_least_average_precision_of_an_area() -> None:
    """No concave ROC curve of the area has less (random ones, by their points)."""
    random = np.random.default_rng(0)
    for _ in range(200):
        share = random.uniform(0.001, 0.6)
        # Rising odds of a negative along the positives: a concave curve.
        steps = np.sort(random.exponential(1.0, 400) ** random.uniform(0.2, 3.0))
        f = np.concatenate([[0.0], np.cumsum(steps)])
        f = f / f[-1] * random.uniform(0.05, 1.0)
        t = np.linspace(0, 1, 401)
        middle, t_middle = (f[1:] + f[:-1]) / 2, (t[1:] + t[:-1]) / 2
        area = 1 - middle.mean()
        precision = share * t_middle / (share * t_middle + (1 - share) * middle)
        assert precision.mean() >= least_average_precision(area, share) - 1e-3


def test_ends_on_different_sides_have_a_reason() -> None:
    """AUROC above .5 beside an average precision below the share of positives."""

    def at(name: str):
        wide = {"roc_auc": (0.6, 0.55, 0.65), "average_precision": (0.45, 0.4, 0.55)}
        return lambda level: Estimate(*wide[name], level=level)

    constants = Constants("average_precision", "roc_auc", 0.5)
    found = against_constant("average_precision", at, constants, units=40)
    assert found.side == 1
    assert math.isnan(found.test.low)
    assert "other side" in found.test.reason


def false_findings(trials: int, positives: int, rows: int, repeats: int, folds: int):
    """Share of trials in which a rule trained on noise is told from a constant."""
    found = 0
    for trial_ in range(trials):
        random = np.random.default_rng([trial_, positives, rows])
        y = np.repeat([0, 1], [rows - positives, positives])
        x = random.standard_normal((rows, 3))
        fold = np.empty((repeats, rows), int)
        z = np.empty((repeats, rows))
        for r in range(repeats):
            for kind in (0, 1):
                at = np.flatnonzero(y == kind)
                fold[r, at] = random.permutation(at.size) % folds
            for k in range(folds):
                train = fold[r] != k
                w = x[train & (y == 1)].mean(0) - x[train & (y == 0)].mean(0)
                z[r, ~train] = x[~train] @ w
        scores = {"plain": z, "prior": np.zeros(z.shape)}
        results = cross_validated(y, scores, fold, replicates=100)
        found += judge(results).arms["prior"].outcome in ("better", "worse")
    return found / trials


def test_noise_is_seldom_told_from_a_constant_small() -> None:
    assert false_findings(60, 12, 120, 1, 3) <= 0.14


@pytest.mark.slow
@pytest.mark.parametrize("repeats", [1, 5])
def test_noise_is_seldom_told_from_a_constant(repeats: int) -> None:
    rate = false_findings(600, 12, 240, repeats, 5)
    assert rate <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 600)
