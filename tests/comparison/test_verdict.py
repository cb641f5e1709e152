"""The verdict: its outcomes, its words, its level."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn import metrics as reference

from equipoise._core.files import to_json
from equipoise.comparison import (
    RowsError,
    bayesian_correlated_t,
    judge,
    judge_differences,
)
from equipoise.decision.costs import Costs
from equipoise.errors import InputError
from equipoise.evaluation import cross_validated
from equipoise.evaluation.cross_validation import guessed
from equipoise.metrics import METRICS, average_precision


def around(mean: float, sd: float, seed: int = 0, shape: tuple[int, int] = (5, 5)):
    """Differences with exactly this mean and standard deviation."""
    d = np.random.default_rng(seed).standard_normal(shape)
    return mean + sd * (d - d.mean()) / d.std(ddof=1)


def test_each_outcome() -> None:
    found = judge_differences(
        {
            "up": around(0.2, 0.05, 1),
            "down": around(-0.2, 0.05, 2),
            "same": around(0.001, 0.003, 3),
            "open": around(0.02, 0.1, 4),
        },
        0.2,
    )
    outcomes = {name: arm.outcome for name, arm in found.arms.items()}
    assert outcomes == {
        "up": "better",
        "down": "worse",
        "same": "equivalent",
        "open": "cannot tell",
    }
    assert found.choice == "up"
    assert str(found).startswith("up beats plain by 0.200 [")


def test_a_small_real_difference_is_equivalent() -> None:
    found = judge_differences({"a": around(0.004, 0.002)}, 0.2)
    assert found.arms["a"].p < 0.01
    assert found.arms["a"].outcome == "equivalent"
    assert found.choice == "plain"


def test_the_interval_agrees_with_the_test() -> None:
    """It excludes 0 exactly where Holm's procedure rejects."""
    for seed in range(40):
        random = np.random.default_rng(seed)
        arms = {
            str(a): around(m, 0.05, 100 * seed + a)
            for a, m in enumerate(random.uniform(-0.12, 0.12, 6))
        }
        for arm in judge_differences(arms, 0.2, margin=0.0).arms.values():
            excludes = arm.difference.low > 0 or arm.difference.high < 0
            assert excludes == (arm.p <= 0.05)


def test_the_best_of_several_better_ones_has_the_highest_value() -> None:
    d = {"a": around(0.2, 0.02), "b": around(0.25, 0.02)}
    values = {"a": 0.9, "b": 0.8, "plain": 0.6}
    found = judge_differences(d, 0.2, values=values)
    assert found.choice == "a"
    assert "So does b." in found.sentence


def test_nothing_beats_plain_is_said_plainly() -> None:
    found = judge_differences({"a": around(-0.2, 0.02), "b": around(0.0, 0.002)}, 0.2)
    assert found.sentence == (
        "Nothing beats the plain network with a tuned threshold: every arm is worse, "
        "or within 0.01 of it in average precision."
    )


def test_cannot_tell_names_the_difference_that_could_have_been_seen() -> None:
    found = judge_differences({"a": around(0.01, 0.06), "b": around(0, 0.06)}, 0.2)
    assert found.sentence.startswith(
        "This data cannot tell whether any arm beats plain"
    )
    assert f"{found.detectable_difference:.2g}" in found.sentence or (
        f"{found.detectable_difference:.2f}" in found.sentence
    )
    some = judge_differences({"a": around(0.01, 0.06), "bad": around(-1, 0.1)}, 0.2)
    assert "whether a beats plain" in some.sentence


@pytest.mark.parametrize(("repeats", "words"), [(1, "One repeat"), (3, "3 repeats")])
def test_few_repeats_are_blamed_and_not_the_data(results, repeats, words) -> None:
    few = replace_repeats(results, repeats)
    found = judge(few).sentence
    assert found.startswith(f"{words} of 5 folds cannot tell whether same beats plain")
    assert found.endswith("Run it with repeats=5 (--repeats 5).")
    by_time = judge(few, repeatable=False).sentence
    assert "repeats" not in by_time
    assert by_time.startswith("These 5 folds cannot tell")


def test_many_repeats_and_no_finding_are_blamed_on_the_data(results) -> None:
    few = replace_repeats(results, 5)
    assert judge(few).sentence.startswith("This data cannot tell whether same beats")


def replace_repeats(results, repeats: int):
    """Return a trial of the same scores with fewer repeats, without the best arm."""
    scores = {
        name: results[name].fitted.log_odds[:repeats]
        for name in ("plain", "same", "prior")
    }
    return cross_validated(results.y, scores, results.folds[:repeats], replicates=100)


def test_what_could_have_been_detected_is_possible() -> None:
    """A detectable difference above 1 minus the baseline's value is none."""
    values = {"plain": 0.72, "a": 0.75}
    wide = {"a": around(0.03, 0.3, 0, (1, 3))}
    found = judge_differences(wide, 1 / 3, values=values)
    assert math.isnan(found.detectable_difference)
    assert "no possible improvement" in found.sentence
    arm = found.arms["a"].difference
    assert -1 <= arm.low <= arm.high <= 1


@pytest.mark.parametrize(("gain", "most"), [(0.002, 0.0005), (0.3, 0.01)])
def test_the_margin_is_in_proportion_to_what_is_gained(gain, most) -> None:
    """At .5 % of positives an average precision of .007 is no different from .01 AP."""
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [3980, 20])
    folds = np.stack([random.permutation(4000) % 4 for _ in range(2)])
    shift = {0.002: 0.3, 0.3: 3.5}[gain]
    z = random.standard_normal(4000) + shift * y - 5
    scores = {"plain": np.tile(z, (2, 1)), "prior": np.zeros(folds.shape)}
    results = cross_validated(y, scores, folds, replicates=50)
    found = judge(results)
    best = results["plain"].evaluation["average_precision"].value
    assert found.margin == pytest.approx(min(0.01, 0.02 * (best - 0.005)))
    assert found.margin <= most
    assert judge(results, margin=0.2).margin == 0.2
    assert judge(results, margin=0.2).margin_basis == "as asked"
    assert ("default" in found.margin_basis) == (found.margin == 0.01)


def test_one_split_is_no_test() -> None:
    found = judge_differences({"a": [0.3]}, 0.2)
    assert found.arms["a"].outcome == "cannot tell"
    assert math.isnan(found.arms["a"].p)
    assert "too few splits" in found.sentence
    assert math.isnan(found.detectable_difference)


def test_five_splits_hardly_ever_tell() -> None:
    d = {str(a): around(0.05, 0.03, a, (1, 5)) for a in range(13)}
    found = judge_differences(d, 0.2)
    assert all(arm.outcome == "cannot tell" for arm in found.arms.values())


def test_a_trial_is_judged_by_its_own_splits(results) -> None:
    found = judge(results)
    assert found.arms["better"].outcome == "better"
    assert found.arms["prior"].outcome == "worse"
    assert found.arms["same"].outcome in ("equivalent", "cannot tell")
    assert found.choice == "better"
    data = json.loads(to_json([arm.as_dict() for arm in found.arms.values()]))
    assert data[0]["difference"]["method"] == "corrected resampled t, Holm"


@pytest.mark.parametrize("metric", ["average_precision", "roc_auc", "brier"])
def test_the_difference_is_that_of_the_leaderboard(results, metric) -> None:
    base = results["plain"].evaluation[metric].value
    sign = -1 if metric == "brier" else 1
    for name, arm in judge(results, metric=metric).arms.items():
        gap = sign * (results[name].evaluation[metric].value - base)
        assert arm.difference.value == pytest.approx(gap, abs=1e-12)


def test_the_rows_error_can_decide(results) -> None:
    """Where the splits agree too well, the noise of the test rows stands."""
    d = {"a": around(0.05, 1e-6)}
    alone = judge_differences(d, 0.2)
    both = judge_differences(d, 0.2, rows={"a": RowsError(0.05, 0.04, 11)})
    assert alone.arms["a"].outcome == "better"
    assert both.arms["a"].outcome == "cannot tell"
    assert both.arms["a"].difference.low < 0 < both.arms["a"].difference.high


def test_beliefs_agree_with_the_correlated_t() -> None:
    d = around(0.03, 0.05)
    found = judge_differences({"a": d}, 0.2).arms["a"].beliefs
    assert found == pytest.approx(bayesian_correlated_t(d, 0.2, 0.01))


def test_a_loss_is_turned_round(results) -> None:
    found = judge(results, metric="brier", margin=0.001)
    assert found.arms["better"].difference.value > 0
    assert found.arms["better"].outcome == "better"
    assert "Brier score" in found.sentence


def test_plain_alone_has_no_rival(results) -> None:
    alone = cross_validated(
        results.y,
        {"plain": results["plain"].fitted.log_odds},
        results.folds,
        replicates=20,
    )
    found = judge(alone)
    assert found.choice == "plain"
    assert "nothing to compare" in found.sentence


def test_wrong_arguments_are_refused(results) -> None:
    with pytest.raises(InputError, match="metric"):
        judge(results, metric="recall")
    with pytest.raises(InputError, match="margin"):
        judge(results, margin=-0.1)
    with pytest.raises(InputError, match="level"):
        judge_differences({"a": [0.1, 0.2]}, 0.2, level=1.0)


def false_findings(trials: int, arms: int, seed: int) -> float:
    """Share of trials with any finding where all arms are exchangeable.

    Each arm scores by a nearest-mean rule on features of its own, all of one law.
    """
    found = 0
    for trial in range(trials):
        random = np.random.default_rng([seed, trial])
        y = np.repeat([0, 1], [180, 20])
        x = random.standard_normal((arms + 1, 200, 2)) + 0.9 * y[:, None]
        folds = np.empty((5, 200), int)
        for fold in folds:
            for kind in (0, 1):
                rows = np.flatnonzero(y == kind)
                fold[rows] = random.permutation(rows.size) % 5
        value = np.empty((arms + 1, 5, 5))
        for a, r, k in np.ndindex(value.shape):
            train = folds[r] != k
            gap = x[a, train & (y == 1)].mean(0) - x[a, train & (y == 0)].mean(0)
            value[a, r, k] = average_precision(y[~train], x[a, ~train] @ gap)
        differences = {str(a): value[a] - value[0] for a in range(1, arms + 1)}
        verdict = judge_differences(differences, 0.2)
        found += any(a.outcome in ("better", "worse") for a in verdict.arms.values())
    return found / trials


def test_the_level_holds_under_no_difference_small() -> None:
    assert false_findings(60, 4, 0) <= 0.15


@pytest.mark.slow
def test_the_level_holds_under_no_difference() -> None:
    assert false_findings(600, 8, 1) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 600)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "log_loss", "cost"])
def test_the_verdict_is_reached_by_the_metric_of_the_results(metric: str) -> None:
    random = np.random.default_rng(5)
    y = np.repeat([0, 1], [600, 100])
    folds = np.stack([random.permutation(700) % 5 for _ in range(3)])
    good = 2.5 * y - 3.2 + random.standard_normal(700)
    scores = {
        "plain": np.tile(0.2 * good - 2, (3, 1)) + random.standard_normal((3, 700)),
        "better": np.tile(good, (3, 1)),
        "prior": np.full(folds.shape, -1.8),
    }
    costs = Costs(fp=1, fn=7) if metric == "cost" else None
    results = cross_validated(y, scores, folds, metric=metric, costs=costs)
    verdict = judge(results)
    assert verdict.metric == metric
    assert verdict.choice == "better"
    assert verdict.arms["better"].difference.value > 0
    assert METRICS[metric].label in verdict.sentence
    assert 0 < verdict.margin < 0.3


def test_guessing_is_worth_what_a_constant_scores() -> None:
    """Checked against constants: flag all, or the share itself as probability."""
    y = np.repeat([0, 1], [75, 25])
    everything, share = np.ones(100), np.full(100, 0.25)
    constants = {
        "average_precision": reference.average_precision_score(y, share),
        "roc_auc": reference.roc_auc_score(y, share),
        "brier": reference.brier_score_loss(y, share),
        "log_loss": reference.log_loss(y, share),
        "f1": reference.f1_score(y, everything),
        "precision": reference.precision_score(y, everything),
        "balanced_accuracy": reference.balanced_accuracy_score(y, everything),
        "mcc": 0.0,
        "g_mean": 0.0,
    }
    for metric, value in constants.items():
        assert guessed(metric, 0.25) == pytest.approx(value)
    assert guessed("recall", 0.25) is None
