"""The arms on a separate test file, with nothing chosen on it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.comparison import delong_difference, held_out, prevalence_check
from equipoise.errors import InputError

RANDOM = np.random.default_rng(1)
Y = np.repeat([0, 1], [88, 12])
TEST = {
    "plain": RANDOM.standard_normal(100) + Y - 2,
    "better": RANDOM.standard_normal(100) + 3 * Y - 2,
    "same": RANDOM.standard_normal(100) + Y - 2,
    "prior": np.full(100, -2.0),
}


def test_threshold_and_calibrator_come_from_the_trial(results) -> None:
    found = held_out(results, Y, TEST)
    for name, e in found.evaluations.items():
        assert e.threshold == results[name].evaluation.threshold
        assert e.positives == 12
        assert found.prevalence.sentence in e.notes
    # Turning the test labels round moves no threshold.
    turned = held_out(results, 1 - Y, TEST)
    assert (
        turned.evaluations["better"].threshold == found.evaluations["better"].threshold
    )


def test_differences_are_paired_and_corrected(results) -> None:
    found = held_out(results, Y, TEST)
    assert set(found.differences) == {"better", "same", "prior"}
    auc = found.differences["better"]["roc_auc"]
    expected = delong_difference(Y, TEST["better"], TEST["plain"])
    assert auc.mean == pytest.approx(expected.mean)
    assert auc.p == pytest.approx(expected.p)
    for name, p in found.adjusted.items():
        assert p >= found.differences[name]["average_precision"].p


def test_clusters_take_the_resampled_form(results) -> None:
    found = held_out(results, Y, TEST, clusters=np.arange(100) // 4)
    assert found.differences["better"]["roc_auc"].df < 11


def test_infinite_scores_are_served(results) -> None:
    spoiled = {**TEST, "better": np.where(Y == 1, np.inf, -np.inf)}
    found = held_out(results, Y, spoiled)
    assert found.evaluations["better"]["roc_auc"].value == 1.0


def test_an_arm_without_scores_is_named(results) -> None:
    with pytest.raises(InputError, match="'same'"):
        held_out(results, Y, {k: v for k, v in TEST.items() if k != "same"})


def test_whole_weights_of_the_trials_rows_are_rows_that_often(results) -> None:
    """Fisher's test on the counts of the rows that the trial's rows stand for."""
    often = np.random.default_rng(3).integers(1, 9, results.y.size)
    weighted = held_out(results, Y, TEST, weights=often.astype(float))
    alone = held_out(results, Y, TEST)
    y = np.repeat(results.y, often)
    counts = [[y.sum(), (~y).sum()], [Y.sum(), (1 - Y).sum()]]
    check = weighted.prevalence
    assert check.p == pytest.approx(stats.fisher_exact(counts).pvalue, rel=1e-9)
    assert (check.train, check.test) == (y.mean(), 0.12)
    assert alone.prevalence.train == 0.2
    assert check.p != pytest.approx(alone.prevalence.p)
    # What the rows are worth decides about nothing else.
    for name, evaluation in alone.evaluations.items():
        assert str(weighted.evaluations[name]["roc_auc"]) == str(evaluation["roc_auc"])


def test_the_prevalence_is_tested_and_said() -> None:
    check = prevalence_check((380, 9362), (12, 586))
    assert check.p == pytest.approx(stats.fisher_exact([[380, 8982], [12, 574]]).pvalue)
    assert "the prevalence differs" in check.sentence
    same = prevalence_check((40, 1000), (8, 200))
    assert "no sign" in same.sentence
    with pytest.raises(InputError, match="positives of"):
        prevalence_check((5, 3), (1, 10))
