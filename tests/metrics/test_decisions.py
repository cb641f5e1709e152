# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import inspect
import pickle
import warnings

import imblearn.metrics
import numpy as np
import pytest
import sklearn.metrics as sk

from equipoise import metrics
from equipoise.errors import InputError
from equipoise.metrics import Counts, decisions

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
    assert decisions.positive_likelihood_ratio.of_counts(c) == pytest.approx(positive)
    assert decisions.negative_likelihood_ratio.of_counts(c) == pytest.approx(negative)
    ratio = decisions.diagnostic_odds_ratio.of_counts(c)
    assert ratio == pytest.approx(positive / negative)


def test_undefined_is_nan_and_silent() -> None:
    nothing = Counts(*(np.array(n) for n in (0.0, 0.0, 3.0, 7.0)))
    assert np.isnan(decisions.precision.of_counts(nothing))
    assert np.isnan(decisions.mcc.of_counts(nothing))
    assert decisions.recall.of_counts(nothing) == 0
    assert np.isnan(
        decisions.recall.of_counts(Counts(*(np.array(n) for n in (0.0, 1.0, 0.0, 2.0))))
    )
    empty = Counts(*(np.zeros(3) for _ in range(4)))
    for function in (decisions.f1, decisions.accuracy, decisions.kappa, decisions.cost):
        assert np.isnan(function.of_counts(empty)).all()


def test_definitions_take_arrays_and_large_counts() -> None:
    big = Counts(*(np.full(2, n) for n in (3e9, 5e9, 1e9, 9e11)))
    assert np.isfinite(decisions.mcc.of_counts(big)).all()
    assert decisions.recall.of_counts(big).tolist() == [0.75, 0.75]


def test_costs_by_hand() -> None:
    c = Counts(*(np.array(n) for n in (9.0, 5.0, 3.0, 83.0)))
    spent = decisions.cost.of_counts(
        c, false_negative=20, false_positive=2, true_positive=1, true_negative=0.1
    )
    assert spent == pytest.approx((60 + 10 + 9 + 8.3) / 100)
    # Flagging none costs 12 x 20, flagging all 88 x 2 + 12.
    relative = decisions.normalised_cost.of_counts(
        c, false_negative=20, false_positive=2, true_positive=1, true_negative=0
    )
    assert relative == pytest.approx((60 + 10 + 9) / (88 * 2 + 12))


def test_beta_must_be_positive() -> None:
    c = Counts(*(np.array(n) for n in (9.0, 5.0, 3.0, 83.0)))
    with pytest.raises(InputError, match="beta"):
        decisions.f_beta.of_counts(c, beta=0.0)


def test_swapping_the_classes_leaves_the_symmetric_ones() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        tp, fp, fn, tn = random.integers(1, 100, 4).astype(float)
        one, other = Counts(tp, fp, fn, tn), Counts(tn, fn, fp, tp)
        for name in ("mcc", "kappa", "g_mean", "balanced_accuracy", "accuracy"):
            function = getattr(decisions, name).of_counts
            assert function(one) == pytest.approx(function(other))
        assert decisions.recall.of_counts(one) == decisions.specificity.of_counts(other)


def test_one_name_serves_rows_and_counts() -> None:
    c = metrics.counts([0, 1, 1], [0.9, 0.8, 0.1])
    assert metrics.recall is decisions.recall
    assert metrics.recall([0, 1, 1], [0.9, 0.8, 0.1]) == decisions.recall.of_counts(c)
    assert metrics.recall.__name__ == "recall"
    assert "threshold" in inspect.signature(metrics.recall).parameters
    assert pickle.loads(pickle.dumps(metrics.recall)) is metrics.recall


def test_the_threshold_itself_is_flagged() -> None:
    assert metrics.recall([1, 1], [0.5, 0.4], threshold=0.5) == 0.5
    assert metrics.flag_rate([1, 1], [0.5, 0.4]) == 0.5


def test_weight_k_is_k_copies() -> None:
    random = np.random.default_rng(3)
    y, score = random.integers(0, 2, 40), random.random(40)
    times = random.integers(0, 4, 40)
    copies = np.repeat(np.arange(40), times)
    for name in ("recall", "precision", "mcc", "kappa", "f1", "cost", "g_mean"):
        function = getattr(metrics, name)
        once, many = function(y, score, times), function(y[copies], score[copies])
        assert np.isclose(once, many)
