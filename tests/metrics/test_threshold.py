# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import warnings

import imblearn.metrics
import numpy as np
import pytest
import sklearn.metrics as sk

from equipoise.errors import InputError
from equipoise.metrics import Counts, threshold

PAIRS = {
    "recall": lambda y, p, w: sk.recall_score(y, p, sample_weight=w),
    "precision": lambda y, p, w: sk.precision_score(y, p, sample_weight=w),
    "f1": lambda y, p, w: sk.f1_score(y, p, sample_weight=w),
    "jaccard": lambda y, p, w: sk.jaccard_score(y, p, sample_weight=w),
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p, sample_weight=w),
    "balanced_accuracy": lambda y, p, w: sk.balanced_accuracy_score(
        y, p, sample_weight=w
    ),
    "mcc": lambda y, p, w: sk.matthews_corrcoef(y, p, sample_weight=w),
    "kappa": lambda y, p, w: sk.cohen_kappa_score(y, p, sample_weight=w),
    "g_mean": lambda y, p, w: imblearn.metrics.geometric_mean_score(
        y, p, sample_weight=w
    ),
    # With weights imbalanced-learn 0.14.2 gives another value than by hand.
    "specificity": lambda y, p, w: sk.recall_score(y, p, sample_weight=w, pos_label=0),
}


@pytest.mark.parametrize("name", PAIRS)
def test_equals_the_reference_where_both_are_defined(name, cases) -> None:
    import equipoise.metrics as ours

    compared = 0
    for y, score, weights in cases(100):
        cut = float(np.median(score)) if name != "precision" else 0.5
        with warnings.catch_warnings():
            # The references warn and give 0 where we give NaN.
            warnings.simplefilter("ignore")
            reference = PAIRS[name](y, score >= cut, weights)
        value = getattr(ours, name)(y, score, weights, threshold=cut)
        if np.isnan(value):
            assert reference == 0 or np.isnan(reference)
            continue
        assert value == pytest.approx(reference, abs=1e-12)
        compared += 1
    assert compared > 50


def test_specificity_equals_imbalanced_learn_without_weights(cases) -> None:
    import equipoise.metrics as ours

    for y, score, _ in cases(40):
        reference = imblearn.metrics.specificity_score(y, score >= 0.4)
        value = ours.specificity(y, score, threshold=0.4)
        assert value == pytest.approx(reference, abs=1e-12)


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_f_beta_equals_scikit_learn(beta, cases) -> None:
    import equipoise.metrics as ours

    for y, score, weights in cases(60):
        value = ours.f_beta(y, score, weights, threshold=0.4, beta=beta)
        reference = sk.fbeta_score(
            y, score >= 0.4, beta=beta, sample_weight=weights, zero_division=0
        )
        assert value == pytest.approx(reference, abs=1e-12)


def test_likelihood_ratios_equal_scikit_learn() -> None:
    c = Counts(*(np.array(n) for n in (9.0, 5.0, 3.0, 95.0)))
    y = np.repeat([1, 0, 1, 0], [9, 5, 3, 95])
    flagged = np.repeat([1, 1, 0, 0], [9, 5, 3, 95])
    positive, negative = sk.class_likelihood_ratios(y, flagged)
    assert threshold.positive_likelihood_ratio(c) == pytest.approx(positive)
    assert threshold.negative_likelihood_ratio(c) == pytest.approx(negative)
    ratio = threshold.diagnostic_odds_ratio(c)
    assert ratio == pytest.approx(positive / negative)


def test_undefined_is_nan_and_silent() -> None:
    nothing = Counts(*(np.array(n) for n in (0.0, 0.0, 3.0, 7.0)))
    assert np.isnan(threshold.precision(nothing))
    assert np.isnan(threshold.mcc(nothing))
    assert threshold.recall(nothing) == 0
    assert np.isnan(
        threshold.recall(Counts(*(np.array(n) for n in (0.0, 1.0, 0.0, 2.0))))
    )
    empty = Counts(*(np.zeros(3) for _ in range(4)))
    for function in (threshold.f1, threshold.accuracy, threshold.kappa, threshold.cost):
        assert np.isnan(function(empty)).all()


def test_definitions_take_arrays_and_large_counts() -> None:
    big = Counts(*(np.full(2, n) for n in (3e9, 5e9, 1e9, 9e11)))
    assert np.isfinite(threshold.mcc(big)).all()
    assert threshold.recall(big).tolist() == [0.75, 0.75]


def test_costs_by_hand() -> None:
    c = Counts(*(np.array(n) for n in (9.0, 5.0, 3.0, 83.0)))
    spent = threshold.cost(
        c, false_negative=20, false_positive=2, true_positive=1, true_negative=0.1
    )
    assert spent == pytest.approx((60 + 10 + 9 + 8.3) / 100)
    # Flagging none costs 12 x 20, flagging all 88 x 2 + 12.
    relative = threshold.normalised_cost(
        c, false_negative=20, false_positive=2, true_positive=1, true_negative=0
    )
    assert relative == pytest.approx((60 + 10 + 9) / (88 * 2 + 12))


def test_beta_must_be_positive() -> None:
    c = Counts(*(np.array(n) for n in (9.0, 5.0, 3.0, 83.0)))
    with pytest.raises(InputError, match="beta"):
        threshold.f_beta(c, beta=0.0)


def test_swapping_the_classes_leaves_the_symmetric_ones() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        tp, fp, fn, tn = random.integers(1, 100, 4).astype(float)
        one, other = Counts(tp, fp, fn, tn), Counts(tn, fn, fp, tp)
        for name in ("mcc", "kappa", "g_mean", "balanced_accuracy", "accuracy"):
            function = getattr(threshold, name)
            assert function(one) == pytest.approx(function(other))
        assert threshold.recall(one) == threshold.specificity(other)
