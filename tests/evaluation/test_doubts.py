# SPDX-License-Identifier: Apache-2.0
"""Scores that are something else than probabilities of the positive class."""

from __future__ import annotations

import math

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError
from equipoise.evaluation.doubts import DECISIONS, are_decisions

RANDOM = np.random.default_rng(0)
Y = (RANDOM.random(400) < 0.2).astype(int)
P = 1 / (1 + np.exp(2 - RANDOM.normal(size=400) - 2 * Y))


def said(y, p, **options) -> str:
    return " ".join(eq.evaluate(y, p, **options).notes)


@pytest.mark.parametrize("kind", [int, float, bool, np.float32])
@pytest.mark.parametrize("threshold", [None, 0.5, 1.0])
def test_decisions_are_judged_as_decisions(kind, threshold) -> None:
    hard = (P > 0.5).astype(kind)
    found = eq.evaluate(Y, hard, threshold=threshold)
    assert "these are decisions" in " ".join(found.notes)
    assert "predict_proba" in " ".join(found.notes)
    for name in ("average_precision", "roc_auc", "brier", "log_loss", "brier_skill"):
        assert math.isnan(found[name].value)
        assert found[name].reason == DECISIONS
    soft = eq.evaluate(Y, P, threshold=0.5)
    for name in ("recall", "precision", "f1", "mcc"):
        assert found[name] == soft[name]


def test_two_other_values_are_said() -> None:
    text = said(Y, np.where(P > 0.5, 0.8, 0.1), threshold=0.5)
    assert "two values, 0.1 and 0.8" in text
    assert "decisions, not" not in text
    assert not are_decisions(np.zeros(9))


def test_why_the_log_loss_is_infinite() -> None:
    p = P.copy()
    p[np.flatnonzero(Y == 1)[:2]] = 0.0
    found = eq.evaluate(Y, p)
    assert math.isinf(found["log_loss"].value)
    assert "2 rows have a probability of 0" in " ".join(found.notes)


def test_the_other_class() -> None:
    assert "the wrong way round" in said(Y, 1 - P)
    assert "the wrong way round" not in said(Y, P)
    assert "the wrong way round" not in said(Y, RANDOM.random(400))


@pytest.mark.parametrize(
    ("y", "p", "words"),
    [
        (Y, 100 * P, "percentages, divide them by 100"),
        (Y, np.log(P / (1 - P)), "For log-odds"),
        (P, Y, "swapped"),
        (Y, np.c_[1 - P, P], r"probability\[:, 1\]"),
        (Y, P[:, None], r"probability\[:, 0\]"),
        (Y[:, None], P, r"y\[:, 0\]"),
        (Y + 1, P, "pass y == 2"),
        (2 * Y - 1, P, "pass y == 1"),
        (np.ma.array(Y, mask=Y == 1), P, "masked"),
        (Y, np.ma.array(P, mask=Y == 1), "masked"),
    ],
)
def test_each_mistake_is_named_with_its_remedy(y, p, words) -> None:
    with pytest.raises(InputError, match=words):
        eq.evaluate(y, p)


def test_clusters_of_mixed_types_and_missing_ones() -> None:
    names = [f"p{i}" if i % 2 else i for i in range(40)] * 10
    numbers = np.tile(np.arange(40), 10)
    mixed, plain = (eq.evaluate(Y, P, clusters=c) for c in (names, numbers))
    assert mixed["roc_auc"] == plain["roc_auc"]
    with pytest.raises(InputError, match="row 3"):
        eq.evaluate(Y, P, clusters=[None if i == 3 else i for i in range(400)])
