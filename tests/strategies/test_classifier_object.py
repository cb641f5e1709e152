# SPDX-License-Identifier: Apache-2.0
"""Classifiers with scikit-learn's interface as strategies."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.classifier_object import (
    Classified,
    classified,
    is_classifier_object,
    parameter_text,
    takes_weights,
)
from equipoise.strategies.strategy import Strategy


class Bare:
    """A classifier that is nothing of scikit-learn's."""

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Bare:
        return self

    def predict(self, x: Any) -> Any:
        return np.zeros(len(x))

    def predict_proba(self, x: Any) -> Any:
        return np.full((len(x), 2), 0.5)


def test_objects_and_pairs_stand_beside_names() -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    arms = as_strategies(["plain", GaussianNB(), ("mine", pipeline), pipeline, Bare()])
    assert [arm.name for arm in arms] == [
        "plain",
        "GaussianNB",
        "mine",
        "StandardScaler+LogisticRegression",
        "Bare",
    ]
    assert all(isinstance(arm, Classified) for arm in arms[1:])
    (alone,) = as_strategies(pipeline)
    assert alone.name == "StandardScaler+LogisticRegression"
    assert classified(GaussianNB(), "x", weights="sqrt").name == "x"
    assert classified(GaussianNB(), weights="sqrt").name == "GaussianNB+sqrt"


def test_two_of_one_class_need_names() -> None:
    with pytest.raises(InputError, match=r"\(name, classifier\)"):
        as_strategies([LogisticRegression(C=1), LogisticRegression(C=2)])


@pytest.mark.parametrize(
    ("item", "error", "says"),
    [
        (GaussianNB, InputTypeError, "the class GaussianNB"),
        (RandomForestRegressor(), InputError, "the regressor RandomForestRegressor"),
        (make_pipeline(RandomForestRegressor()), InputError, "the regressor"),
        (
            VotingClassifier([("one", GaussianNB())]),
            UnsupportedError,
            "neither predict_proba nor decision_function",
        ),
        (StandardScaler(), InputTypeError, r"fit\(X, y\) and predict"),
        (3, InputTypeError, r"fit\(X, y\) and predict"),
    ],
)
def test_what_gives_no_scores_of_classes_is_refused(
    item: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        classified(item)


def test_a_keras_model_is_told_where_it_belongs() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    with pytest.raises(InputTypeError, match="model=, a function"):
        as_strategies([model])


def test_weights_need_a_classifier_that_takes_them() -> None:
    neighbours = KNeighborsClassifier()
    for item in (neighbours, make_pipeline(StandardScaler(), neighbours)):
        assert not takes_weights(item)
        with pytest.raises(UnsupportedError, match="takes no sample_weight"):
            classified(item, weights="balanced")
    assert takes_weights(make_pipeline(StandardScaler(), GaussianNB()))
    assert takes_weights(Bare())


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"weights": "balanced"}, "weighted by inverse frequency"),
        ({"sampling": "undersample"}, "on rows drawn once, with negatives cut"),
        ({}, "The classifier GaussianNB() on all rows; scores need a calibrator"),
    ],
)
def test_the_description_says_what_it_does(parts: dict[str, str], says: str) -> None:
    text = classified(GaussianNB(), **parts).describe([90, 10])
    assert says in text
    assert "minimising" not in text


def test_the_correction_knows_the_weights_and_the_draws() -> None:
    balanced = classified(LogisticRegression(), weights="balanced")
    correction = balanced.correction([900, 100])
    assert correction.kind == "calibrate"
    assert correction.offset[0] == pytest.approx(-np.log(9))
    drawn = classified(LogisticRegression(), sampling="undersample")
    assert drawn.correction([900, 100]).offset[0] == pytest.approx(-np.log(9))


def times(factor: float) -> Callable[[Any], Any]:
    return lambda x: x * factor


def test_plain_data_differs_whenever_a_parameter_does() -> None:
    texts = {
        classified(item, "same").to_dict()["classifier"]
        for item in (
            LogisticRegression(),
            LogisticRegression(C=2),
            LogisticRegression(class_weight={0: 1, 1: 2}),
            LogisticRegression(class_weight={0: 1, 1: 3}),
            make_pipeline(StandardScaler(), LogisticRegression()),
            make_pipeline(StandardScaler(with_mean=False), LogisticRegression()),
            make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()),
            make_pipeline(FunctionTransformer(np.sqrt), LogisticRegression()),
            *(
                make_pipeline(FunctionTransformer(function), LogisticRegression())
                for function in (
                    lambda x: x * 2,
                    lambda x: x * 3,
                    lambda x: np.sqrt(x * 3),
                    lambda x: np.cbrt(x * 3),
                    lambda x, by=2: x * by,
                    lambda x, by=3: x * by,
                    times(2),
                    times(3),
                    functools.partial(np.clip, a_min=0),
                    functools.partial(np.clip, a_min=1),
                )
            ),
            GaussianNB(priors=np.array([0.5, 0.5])),
            GaussianNB(priors=np.array([0.4, 0.6])),
            HistGradientBoostingClassifier(categorical_features=list(range(300))),
            HistGradientBoostingClassifier(categorical_features=list(range(301))),
        )
    }
    assert len(texts) == 22


def test_the_text_of_an_object_is_the_same_in_every_run() -> None:
    assert parameter_text(Bare()) == parameter_text(Bare())
    assert "0x" not in parameter_text(Bare())
    assert parameter_text(LogisticRegression()) == parameter_text(LogisticRegression())


def test_a_strategy_comes_back_with_its_text() -> None:
    strategy = classified(LogisticRegression(C=3), "mine", weights="sqrt")
    again = Classified.from_dict(strategy.to_dict())
    assert again.to_dict() == strategy.to_dict()
    assert again.weights == "sqrt"
    assert "C=3" in again.describe()


def test_no_name_stands_for_a_classifier_alone() -> None:
    with pytest.raises(InputError, match="learner='classifier'"):
        Strategy(learner="classifier")


def test_what_is_a_classifier_object() -> None:
    assert is_classifier_object(Bare())
    assert not is_classifier_object("trees")
    assert not is_classifier_object(StandardScaler())


def test_weights_may_be_named_by_classes() -> None:
    strategy = classified(GaussianNB(), weights={"a": 1.0, "b": 5.0})
    assert strategy.name == "GaussianNB+weights"
