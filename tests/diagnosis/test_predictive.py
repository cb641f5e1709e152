# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from equipoise.diagnosis.predictive import (
    crossfitted_auroc,
    stratified_folds,
    strengths,
    value_codes,
)
from equipoise.table.table import Table

Build = Callable[..., Table]


@pytest.fixture
def labels() -> np.ndarray:
    return (np.random.default_rng(3).random(2000) < 0.1).astype(np.int8)


def test_order_equals_scikit_learn_in_either_direction(
    build: Build, labels: np.ndarray
) -> None:
    x = np.random.default_rng(0).normal(labels * 1.0)
    for sign in (1, -1):
        (found,) = strengths(build(labels, {"x": sign * x}))
        assert found.auroc == pytest.approx(roc_auc_score(labels, x))
        assert found.how == "order"
        assert found.low < found.auroc < found.high


def test_a_category_that_names_the_class_is_found(
    build: Build, labels: np.ndarray
) -> None:
    words = np.where(labels == 1, "b", "a")
    (found,) = strengths(build(labels, {"w": words}))
    assert found.auroc == 1.0


def test_values_beat_order_where_the_middle_is_positive(
    build: Build, labels: np.ndarray
) -> None:
    random = np.random.default_rng(1)
    x = np.where(labels == 1, 0.1, 1.0) * random.normal(size=len(labels))
    (found,) = strengths(build(labels, {"x": x}))
    assert found.how == "values"
    assert found.auroc > 0.85


def test_being_missing_can_predict(build: Build, labels: np.ndarray) -> None:
    x = np.where(labels == 1, np.nan, np.random.default_rng(0).normal(size=2000))
    (found,) = strengths(build(labels, {"x": x}))
    assert found.auroc == 1.0


def test_names_that_never_repeat_predict_nothing(
    build: Build, labels: np.ndarray
) -> None:
    words = np.array([f"id{i}" for i in range(len(labels))])
    (found,) = strengths(build(labels, {"w": words}))
    assert found.auroc == pytest.approx(0.5)


def test_noise_with_many_categories_stays_near_one_half(labels: np.ndarray) -> None:
    values = []
    for seed in range(20):
        codes = np.random.default_rng(seed).integers(0, 200, len(labels))
        values.append(crossfitted_auroc(codes, labels, stratified_folds(labels, seed)))
    assert np.mean(values) == pytest.approx(0.5, abs=0.02)


def test_folds_spread_each_class_evenly(labels: np.ndarray) -> None:
    folds = stratified_folds(labels, 0)
    for label in (0, 1):
        sizes = np.bincount(folds[labels == label])
        assert sizes.max() - sizes.min() <= 1


def test_an_empty_column_and_a_table_of_one_class(build: Build) -> None:
    table = build([0, 1, 0, 1], {"x": [np.nan] * 4})
    assert strengths(table)[0].auroc == pytest.approx(0.5)
    assert strengths(build([0, 0], {"x": [1.0, 2.0]})) == ()


def test_codes_follow_the_order(build: Build) -> None:
    codes = value_codes(build([0] * 100, {"x": np.arange(100.0)})["x"], bins=10)
    assert (np.diff(codes) >= 0).all()
    assert len(np.unique(codes)) == 10
