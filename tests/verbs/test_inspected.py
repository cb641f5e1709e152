# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's tools take a fitted model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.metrics import average_precision_score

from equipoise.errors import UnsupportedError
from equipoise.verbs.model import FittedModel


def test_permutation_importance_is_the_drop_of_the_metric(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    frame = make_rows(200, seed=7).to_pandas()
    y = frame.pop("fraud").to_numpy()
    frame["city"] = "Bonn"  # shuffled, it is what it was
    shown = permutation_importance(
        linear, frame, y == "yes", scoring=_precision, n_repeats=2, random_state=0
    )
    assert shown.importances.shape == (4, 2)
    assert shown.importances_mean[0] > 0
    assert shown.importances[list(frame).index("city")].tolist() == [0, 0]
    named = permutation_importance(linear, frame, y, n_repeats=1, random_state=0)
    assert named.importances.shape == (4, 1)  # by `score`


def _precision(model: FittedModel, rows: Any, y: Any) -> float:
    return float(average_precision_score(y, model.predict_proba(rows)[:, 1]))


def test_partial_dependence_is_the_mean_at_each_value(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    frame = make_rows(80, seed=8).to_pandas().drop(columns="fraud")
    frame["amount"] = frame["amount"].fillna(0.0)
    shown = partial_dependence(linear, frame, ["amount"], grid_resolution=5)
    for value, mean in zip(shown["grid_values"][0], shown["average"][0], strict=True):
        at = linear.predict_proba(frame.assign(amount=value))[:, 1].mean()
        assert mean == pytest.approx(at, abs=1e-12)


def test_its_score_is_accuracy_and_it_is_not_fitted_again(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    frame = make_rows(60, seed=9).to_pandas()
    y = frame.pop("fraud").to_numpy()
    assert linear.classes_.tolist() == ["no", "yes"]
    assert linear.score(frame, y) == (linear.predict(frame) == y).mean()
    with pytest.raises(UnsupportedError, match=r"equipoise\.fit"):
        linear.fit(frame, y)
