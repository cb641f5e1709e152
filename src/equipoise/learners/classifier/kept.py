# SPDX-License-Identifier: Apache-2.0
"""Fitted classifiers as plain arrays, for those kinds of which it is possible."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import UnsupportedError
from equipoise.learners.linear.logistic import LogisticScorer
from equipoise.learners.trees.forest import Forest, forest_of
from equipoise.learners.trees.histogram import TreesScorer
from equipoise.strategies.classifier_object import Classified
from equipoise.strategies.strategy import Strategy


@dataclass(frozen=True, eq=False)
class KeptTrees:
    """Raw scores of boosted trees.

    Attributes:
        forests: One for two classes, else one for each.
    """

    forests: tuple[Forest, ...]

    def raw(self, matrix: FloatArray) -> FloatArray:
        """Return `[rows, outputs]`."""
        return np.stack([forest.raw(matrix) for forest in self.forests], axis=1)


@dataclass(frozen=True, eq=False)
class KeptLines:
    """Raw scores that are linear in the columns.

    Attributes:
        coefficients: `[columns, outputs]`.
        intercept: `[outputs]`.
    """

    coefficients: FloatArray
    intercept: FloatArray

    def raw(self, matrix: FloatArray) -> FloatArray:
        """Return `[rows, outputs]`."""
        return np.asarray(matrix @ self.coefficients + self.intercept)


Kept = KeptTrees | KeptLines


class KeptScorer:
    """What the fitted model of a classifier is rebuilt as."""

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TreesScorer | LogisticScorer:
        """Rebuild it from the state of trees, or of a linear model.

        Raises:
            InputError: The arrays do not fit the encoding.
        """
        if "forests" in state:
            return TreesScorer.from_state(state)
        return LogisticScorer.from_state(state)


def _lightgbm(model: Any, columns: int) -> Kept | None:
    from equipoise.learners.boosting.lightgbm import lightgbm_forests

    text = model.booster_.model_to_string()
    head = text.split("\nTree=")[0]
    objectives = ("objective=binary sigmoid:1\n", "objective=multiclass num_class")
    sums = "average_output" not in head and "is_linear=1" not in text
    if not sums or not any(objective in head for objective in objectives):
        return None
    return KeptTrees(lightgbm_forests(text))


def _xgboost(model: Any, columns: int) -> Kept | None:
    from equipoise.learners.boosting.xgboost import xgboost_forests

    document = json.loads(model.get_booster().save_raw("json"))
    learner = document["learner"]
    served = learner["objective"]["name"] in ("binary:logistic", "multi:softprob")
    if not served or learner["gradient_booster"]["name"] != "gbtree":
        return None
    return KeptTrees(xgboost_forests(document))


def _catboost(model: Any, columns: int) -> Kept | None:
    from equipoise.learners.boosting.catboost import catboost_forests

    parameters = model.get_all_params()
    served = parameters.get("loss_function") in ("Logloss", "MultiClass")
    symmetric = parameters.get("grow_policy", "SymmetricTree") == "SymmetricTree"
    if not served or not symmetric:
        return None
    return KeptTrees(catboost_forests(model, 0, columns))


def _histogram(model: Any, columns: int) -> Kept | None:
    outputs = 1 if len(model.classes_) == 2 else len(model.classes_)
    if model.is_categorical_ is not None:
        return None  # the encoded columns are numbers
    each = (forest_of(model, model.n_iter_, place) for place in range(outputs))
    return KeptTrees(tuple(each))


def _linear(model: Any, columns: int) -> Kept | None:
    coefficients = np.atleast_2d(np.asarray(model.coef_, np.float64)).T
    intercept = np.asarray(model.intercept_, np.float64).ravel()
    if coefficients.shape[0] != columns:
        return None
    intercept = np.broadcast_to(intercept, (coefficients.shape[1],)).copy()
    return KeptLines(coefficients, intercept)


_KEEPERS: dict[str, Callable[[Any, int], Kept | None]] = {
    "lightgbm.LGBMClassifier": _lightgbm,
    "xgboost.XGBClassifier": _xgboost,
    "catboost.CatBoostClassifier": _catboost,
    "sklearn.HistGradientBoostingClassifier": _histogram,
    "sklearn.LogisticRegression": _linear,
    "sklearn.RidgeClassifier": _linear,
    "sklearn.RidgeClassifierCV": _linear,
    "sklearn.SGDClassifier": _linear,
    "sklearn.LinearSVC": _linear,
    "sklearn.LinearDiscriminantAnalysis": _linear,
}
"""By package and class, what reads the arrays of a fitted classifier."""


def keeper(classifier: Any) -> Callable[[Any, int], Kept | None] | None:
    """Return what reads a fitted classifier's arrays; None if nothing does.

    Args:
        classifier: Fitted or not.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> keeper(KNeighborsClassifier()) is None, keeper(LogisticRegression()) is None
        (True, False)
    """
    kind = type(classifier)
    return _KEEPERS.get(f"{kind.__module__.split('.')[0]}.{kind.__name__}")


def require_kept(strategies: Iterable[Strategy]) -> None:
    """Check that the fitted models of all classifiers can be kept as plain numbers.

    Args:
        strategies: What is to be fitted.

    Raises:
        UnsupportedError: One cannot; the message says which can.
    """
    for strategy in strategies:
        if not isinstance(strategy, Classified) or keeper(strategy.classifier):
            continue
        able = [path.split(".")[1] for path in _KEEPERS]
        raise UnsupportedError(
            sentence(
                f"fit with {strategy.name!r}, a {type(strategy.classifier).__name__}",
                f"a classifier that can be kept as plain numbers: {listing(able, 20)}",
                "Use compare(...), which serves every classifier.",
            )
        )


def raw_scores(model: Any, matrix: FloatArray) -> FloatArray:
    """Return a fitted classifier's own raw scores, `[rows, outputs]`.

    Args:
        model: Of one of the kinds that `keeper` knows.
        matrix: `[rows, columns]`.
    """
    kind = type(model).__name__
    if kind == "LGBMClassifier":
        values = model.predict(matrix, raw_score=True)
    elif kind == "XGBClassifier":
        values = model.predict(matrix, output_margin=True)
    elif kind == "CatBoostClassifier":
        values = model.predict(matrix, prediction_type="RawFormulaVal")
    else:
        values = model.decision_function(matrix)
    return np.reshape(np.asarray(values, np.float64), (len(matrix), -1))
