# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.metrics import METRICS, Counts, metric
from equipoise.metrics.registry import decided_metrics, scored_metrics, value_of_counts

OPTIONS = {"precision_at_k": {"k": 5}, "recall_at_k": {"k": 5}}


@pytest.mark.parametrize("name", METRICS)
def test_contract(name) -> None:
    one = METRICS[name]
    random = np.random.default_rng(0)
    y = np.r_[random.integers(0, 2, 200), 0, 1]
    score = random.random(202)
    options = OPTIONS.get(name, {})
    value = one(y, score, **options)
    assert isinstance(value, float)
    assert one.low <= value <= one.high
    order = random.permutation(202)
    assert one(y[order], score[order], **options) == pytest.approx(value)
    ones = one(y, score, np.ones(202), **options)
    assert ones == pytest.approx(value, abs=1e-12)
    assert one.undefined
    assert one.kind in ("ranking", "probability", "threshold", "cost")
    assert (one.of_counts is None) == (one.kind in ("ranking", "probability"))
    assert one.estimate(y, score, **options).value == value


def test_scores_and_decisions_have_metrics_of_their_own() -> None:
    scores = set(scored_metrics())
    assert {"average_precision", "roc_auc", "brier", "log_loss"} <= scores
    decisions = set(decided_metrics())
    assert {"recall", "precision", "f1", "specificity", "mcc"} <= decisions
    for names, kinds in (
        (scores, {"ranking", "probability"}),
        (decisions, {"threshold"}),
    ):
        assert {METRICS[name].kind for name in names} == kinds
        of_kind = {n for n, one in METRICS.items() if one.kind in kinds}
        assert names == {n for n in of_kind if METRICS[n].reported}


@pytest.mark.parametrize("name", METRICS)
def test_better_scores_are_better(name) -> None:
    if name in ("minimum_average_precision", "flag_rate"):
        return  # neither depends on whether the scores are right
    y = np.repeat([0, 1], [180, 20])
    random = np.random.default_rng(1)
    options = OPTIONS.get(name, {})
    good = np.where(y, 0.8, 0.1) + random.uniform(-0.1, 0.1, 200)
    bad = random.permutation(good)
    one = METRICS[name]
    difference = one(y, good, **options) - one(y, bad, **options)
    if "calibration" in name:
        return  # a shuffled forecast may be as well calibrated
    assert difference > 0 if one.higher_is_better else difference < 0


@pytest.mark.parametrize("name", METRICS)
def test_what_is_missing_is_named(name) -> None:
    one = METRICS[name]
    for y, absent in (([1, 1], "negatives"), ([0, 0], "positives"), ([], "rows")):
        found = one.estimate(y, np.full(len(y), 0.4), **OPTIONS.get(name, {}))
        if absent in one.needs:
            assert math.isnan(found.value)
            assert found.reason == f"no {absent}"
        elif not found.defined:
            assert found.reason


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'roc_auc'"):
        metric("roc_auk")


def test_values_of_many_counts() -> None:
    c = Counts(*(np.array([n, 2 * n]) for n in (9.0, 3.0, 3.0, 85.0)))
    assert value_of_counts("f_beta", c, beta=2.0).tolist() == [0.75, 0.75]
    with pytest.raises(InputError, match="roc_auc"):
        value_of_counts("roc_auc", c)
