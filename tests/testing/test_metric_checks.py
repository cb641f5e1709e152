# SPDX-License-Identifier: Apache-2.0
"""A metric that breaks a contract is found, whichever contract it is."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.metrics import metric
from equipoise.metrics.registry import Metric
from equipoise.testing import check_metric

RECALL, AUC, BRIER = metric("recall"), metric("roc_auc"), metric("brier")


def of(one: Metric, function: Callable[..., Any], **changes: Any) -> Metric:
    return dataclasses.replace(one, function=function, **changes)


def unweighted(y: Any, score: Any, weights: Any = None) -> Any:
    BRIER(y, score, weights)  # refuses what it should
    return BRIER(y, score)


def zero(y: Any, score: Any, weights: Any = None) -> float:
    value = RECALL(y, score, weights)
    return 0.0 if math.isnan(value) else value


def by_place(y: Any, score: Any, weights: Any = None) -> float:
    """Tied rows count in the order in which they come."""
    value = AUC(y, score, weights)
    order = np.argsort(score, kind="stable")
    steps = np.asarray(y)[order] if len(order) else np.zeros(0)
    rank = float(np.mean(np.flatnonzero(steps))) / max(1, len(order))
    return value if math.isnan(value) else rank


def coarse(y: Any, score: Any, weights: Any = None) -> float:
    """Depends on the scores' size, which an order does not have."""
    return AUC(y, np.round(score, 1), weights)


def spoiling(y: Any, score: Any, weights: Any = None) -> float:
    score = np.asarray(score)
    value = BRIER(y, score, weights)
    score -= 0.0
    return value


def careless(y: Any, score: Any, weights: Any = None) -> float:
    y, score = np.asarray(y), np.asarray(score)
    rows = min(len(y), len(score))
    w = np.ones(rows) if weights is None else np.resize(np.abs(weights), rows)
    right = (score[:rows] >= 0.5) == y[:rows]
    return float(np.sum(w * right) / np.sum(w)) if rows else math.nan


def in_numpy(y: Any, score: Any, weights: Any = None) -> Any:
    return np.float32(BRIER(y, score, weights))


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (of(BRIER, unweighted), "Not equal to tolerance"),
        (of(RECALL, zero), "NaN without positives"),
        (of(AUC, by_place), "Not equal to tolerance"),
        (of(metric("accuracy"), careless), "a bad argument was accepted"),
        (of(BRIER, in_numpy), "a float, not"),
        (dataclasses.replace(BRIER, higher_is_better=True), "larger for right scores"),
        (dataclasses.replace(AUC, higher_is_better=False), "smaller for right scores"),
        (dataclasses.replace(AUC, high=0.7), "from 0 to 0.7"),
        (of(AUC, coarse), "Not equal to tolerance"),
        (dataclasses.replace(AUC, undefined=""), "words for when"),
    ],
)
def test_a_broken_metric_is_found(broken: Metric, promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_metric(broken)


def test_a_metric_that_writes_into_its_inputs_is_found() -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_metric(of(BRIER, spoiling))


def test_a_sound_metric_of_one_s_own_passes() -> None:
    def misses(y: Any, score: Any, weights: Any = None) -> float:
        return 1.0 - RECALL(y, score, weights)

    check_metric(
        Metric(
            "misses",
            "threshold",
            0.0,
            1.0,
            False,
            misses,
            ("rows", "positives"),
            "no positives",
        )
    )
