# SPDX-License-Identifier: Apache-2.0
"""The true score is the best: its calibration and AUROC agree with theory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import chi2
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from equipoise.errors import InputError, InputTypeError
from equipoise.table.generators import (
    GeneratedTable,
    checkerboard,
    gaussian_shift,
    gaussian_spread,
    logistic,
    small_disjuncts,
)

CASES: dict[str, tuple[Callable[..., GeneratedTable], dict[str, Any]]] = {
    "shift": (gaussian_shift, {"auroc": 0.8}),
    "shift, one feature": (gaussian_shift, {"auroc": 0.95, "features": 1}),
    "spread": (gaussian_spread, {"spread": 1.7, "shift": 0.3}),
    "narrow": (gaussian_spread, {"spread": 0.6, "shift": 0.0, "features": 3}),
    "wide": (gaussian_spread, {"spread": 1.5, "shift": 0.0, "features": 2}),
    "logistic": (
        logistic,
        {
            "coefficients": (1.2, -0.5),
            "categories": {"a": 0.0, "b": 1.0, "c": -2.0},
            "missing": 0.3,
        },
    ),
    "logistic, numbers alone": (logistic, {"coefficients": (2.0,)}),
    "board": (checkerboard, {"auroc": 0.85, "cells": 6}),
    "clusters": (small_disjuncts, {"clusters": 4, "width": 0.4}),
}


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_the_true_score_is_calibrated(name: str, exact: bool) -> None:
    """Within tenths of the true probability, positives are binomial."""
    generate, settings = CASES[name]
    rows = 60_000
    size = {"positives": 6_000} if exact else {"prevalence": 0.1}
    known = generate(rows, **size, **settings, seed=5)
    p = expit(known.log_odds)
    order = np.argsort(p)
    parts = np.array_split(order, 10)
    seen = np.array([known.table.y[part].sum() for part in parts])
    mean = np.array([p[part].sum() for part in parts])
    spread = np.array([(p[part] * (1 - p[part])).sum() for part in parts])
    statistic = float(((seen - mean) ** 2 / spread).sum())
    assert statistic < chi2.ppf(0.9999, 10)


@pytest.mark.parametrize(
    "name", ["shift", "shift, one feature", "narrow", "wide", "board"]
)
def test_auroc_in_closed_form(name: str) -> None:
    generate, settings = CASES[name]
    known = generate(100_000, positives=20_000, **settings, seed=2)
    found = roc_auc_score(known.table.y, known.log_odds)
    assert found == pytest.approx(known.auroc, abs=0.006)


def test_no_score_beats_the_true_one() -> None:
    known = gaussian_shift(20_000, positives=1_000, auroc=0.8, seed=1)
    x = np.stack([column.values for column in known.table.columns], axis=1)
    fitted = LogisticRegression(C=1e6).fit(x, known.table.y).predict_proba(x)[:, 1]
    assert log_loss(known.table.y, expit(known.log_odds)) == pytest.approx(
        log_loss(known.table.y, fitted), abs=1e-3
    )


def test_a_linear_score_misses_the_quadratic_one() -> None:
    known = gaussian_spread(20_000, positives=2_000, spread=2, shift=0.0, seed=1)
    x = np.stack([column.values for column in known.table.columns], axis=1)
    linear = LogisticRegression().fit(x, known.table.y).predict_proba(x)[:, 1]
    assert roc_auc_score(known.table.y, linear) < 0.6
    assert roc_auc_score(known.table.y, known.log_odds) > 0.85


def test_columns_of_the_board_are_useless_alone() -> None:
    known = checkerboard(20_000, positives=10_000, cells=4, auroc=0.95)
    for column in known.table.columns:
        assert roc_auc_score(known.table.y, column.values) == pytest.approx(
            0.5, abs=0.02
        )


def test_the_logistic_model_has_its_coefficients() -> None:
    known = logistic(40_000, positives=8_000, coefficients=(1.0, -0.5), seed=4)
    x = np.stack([column.values for column in known.table.columns], axis=1)
    fitted = LogisticRegression(C=1e6).fit(x, known.table.y)
    np.testing.assert_allclose(fitted.coef_[0], [1.0, -0.5], atol=0.06)
    np.testing.assert_allclose(
        known.log_odds - x @ np.array([1.0, -0.5]),
        np.full(40_000, (known.log_odds - x @ np.array([1.0, -0.5]))[0]),
    )


@pytest.mark.parametrize("name", CASES)
def test_exact_numbers_and_seeds(name: str) -> None:
    generate, settings = CASES[name]
    first = generate(300, positives=7, **settings, seed=1)
    again = generate(300, positives=7, **settings, seed=1)
    other = generate(300, positives=7, **settings, seed=2)
    assert first.table.positives == 7
    assert len(first.table) == len(first.log_odds) == 300
    np.testing.assert_array_equal(first.log_odds, again.log_odds)
    assert not np.array_equal(first.log_odds, other.log_odds)
    assert not first.table.notes
    few = generate(2000, **settings)
    assert 50 < few.table.positives < 160  # one in twenty unless told


def test_missing_values_and_categories() -> None:
    known = logistic(5_000, positives=500, missing=0.25, categories={"a": 0, "b": 1})
    shares = [known.table[f"x{j}"].missing().mean() for j in range(3)]
    np.testing.assert_allclose(shares, 0.25, atol=0.03)
    assert known.table["category"].categories == ("a", "b")


def test_prevalence_is_the_populations() -> None:
    known = gaussian_shift(50_000, prevalence=0.2, auroc=0.5)
    np.testing.assert_allclose(known.log_odds, logit(0.2))
    assert known.table.prevalence == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian_shift(1), "rows=1"),
        (lambda: gaussian_shift(10, positives=10), "positives=10"),
        (lambda: gaussian_shift(10, positives=0), "positives=0"),
        (lambda: gaussian_shift(10, prevalence=1.0), "prevalence=1.0"),
        (lambda: gaussian_shift(10, positives=2, prevalence=0.2), "one of them"),
        (lambda: gaussian_shift(10, auroc=0.3), "auroc=0.3"),
        (lambda: gaussian_spread(10, spread=0), "spread=0"),
        (lambda: checkerboard(10, cells=3), "an even number"),
        (lambda: small_disjuncts(10, clusters=0), "clusters=0"),
        (lambda: logistic(10, missing=1.0), "missing=1.0"),
        (lambda: logistic(10, coefficients=[1] * 11, missing=0.1), "11 coefficients"),
    ],
)
def test_refused(call: Callable[[], GeneratedTable], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
    with pytest.raises(InputTypeError, match="rows='a'"):
        gaussian_shift("a")  # type: ignore[arg-type]
