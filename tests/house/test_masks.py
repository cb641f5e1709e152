# SPDX-License-Identifier: Apache-2.0
"""What a mask hides is never counted: each entry that takes arrays refuses it.

`numpy.asarray` drops a mask without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise import (
    comparison,
    decision,
    evaluation,
    losses,
    metrics,
    uncertainty,
    weights,
)
from equipoise.errors import InputError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=60)
Y = (X + RANDOM.normal(size=60) > 0.5).astype(int)
P = 1 / (1 + np.exp(-X))
ONES = np.ones(60)
FOLDS = np.arange(60) % 2
FLOATS = {"y": Y.astype(np.float32), "z": X.astype(np.float32)}

CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "evaluate": (
        lambda y, p, w, c: eq.evaluate(y, p, weights=w, clusters=c),
        {"y": Y, "p": P, "w": ONES, "c": FOLDS},
    ),
    "interval": (
        lambda y, s, w, c: uncertainty.interval("f1", y, s, weights=w, clusters=c),
        {"y": Y, "s": P, "w": ONES, "c": FOLDS},
    ),
    "roc_auc": (metrics.roc_auc, {"y": Y, "score": X, "weights": ONES}),
    "cross_validated": (
        lambda y, z: evaluation.cross_validated(y, {"plain": z}, FOLDS, replicates=9),
        {"y": Y, "z": X},
    ),
    "slices": (
        lambda y, p: evaluation.slices(y, p, FOLDS),
        {"y": Y, "p": P},
    ),
    "delong_difference": (
        comparison.delong_difference,
        {"y": Y, "first": X, "second": P**2},
    ),
    "resampled_difference": (
        lambda y, first, second, clusters: comparison.resampled_difference(
            y, first, second, replicates=9, clusters=clusters
        ),
        {"y": Y, "first": X, "second": P**2 - Y, "clusters": FOLDS},
    ),
    "choose_threshold": (
        decision.choose_threshold,
        {"score": X, "y": Y, "weights": ONES},
    ),
    "fit_calibrator": (decision.fit_calibrator, {"log_odds": X, "y": Y}),
    "certify_recall": (
        lambda score, y: decision.certify_recall(score, y, 0.3),
        {"score": X, "y": Y},
    ),
    "estimate_prevalence": (
        lambda log_odds: decision.estimate_prevalence(log_odds, 0.3),
        {"log_odds": X},
    ),
    "example_weights": (
        lambda labels: weights.example_weights(labels, "balanced"),
        {"labels": Y},
    ),
    "focal_loss": (
        lambda y, z: losses.focal_loss(y, z),
        FLOATS,
    ),
    "Focal": (
        lambda y, z, w: losses.Focal()(y, z, sample_weight=w),
        {**FLOATS, "w": ONES},
    ),
    "PairwiseAUC": (
        lambda y, z, w: losses.PairwiseAUC()(y, z, sample_weight=w),
        {**FLOATS, "w": ONES},
    ),
    "a Keras metric": (
        lambda y, z, w: metrics.keras.AveragePrecision().update_state(y, z, w),
        {**FLOATS, "w": ONES},
    ),
    "read_table": (lambda y: eq.read_table((np.c_[X, P], y)), {"y": Y}),
    "EquipoiseClassifier": (
        lambda x, y, w: eq.EquipoiseClassifier(strategy="logistic", folds=2).fit(
            x, y, sample_weight=w
        ),
        {"x": np.c_[X, P], "y": Y, "w": ONES},
    ),
}
ARGUMENTS = [(label, name) for label, (_, all_) in CALLS.items() for name in all_]


@pytest.mark.parametrize(("label", "name"), ARGUMENTS)
def test_masked_values_are_refused(label: str, name: str) -> None:
    function, arrays = CALLS[label]
    values = arrays[name]
    hidden = np.ma.array(values, mask=np.zeros(values.shape, bool))
    hidden[3] = np.ma.masked
    with pytest.raises(InputError, match=r"masked|missing"):
        function(**{**arrays, name: hidden})


@pytest.mark.parametrize("label", sorted({*CALLS} - {"EquipoiseClassifier"}))
def test_a_mask_that_hides_nothing_is_no_obstacle(label: str) -> None:
    function, arrays = CALLS[label]
    function(**{name: np.ma.array(values) for name, values in arrays.items()})


def test_masked_features_are_missing_ones() -> None:
    x = np.ma.array(np.c_[X, P], mask=np.c_[X > 1, X > 9])
    column = eq.read_table((x, Y)).columns[0].values
    assert np.array_equal(np.isnan(column), X > 1)
    texts = np.ma.array(np.where(X > 0, "a", "b"), mask=X > 1)
    with pytest.raises(InputError, match="missing"):
        eq.read_table((np.c_[X, P], texts))
