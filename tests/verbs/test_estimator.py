# SPDX-License-Identifier: Apache-2.0
"""The estimator: scikit-learn's contract, and what it does to a rare class."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import io
import pickle
import pickletools
from typing import Any

import imblearn.pipeline
import joblib
import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    balanced_accuracy_score,
    get_scorer,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import equipoise as eq
from equipoise.decision.costs import Costs
from equipoise.errors import InputError, InputTypeError, TableError
from equipoise.reading import arrays
from equipoise.verbs import estimator as module
from equipoise.verbs.estimator import EquipoiseClassifier
from equipoise.verbs.model import load

EQUIVALENCE = {
    "check_sample_weight_equivalence_on_dense_data": (
        "Folds, mini-batches and quantiles see other rows where rows are repeated; "
        "test_weights_are_copies_up_to_noise holds the scores together."
    )
}
EQUIVALENCE["check_sample_weight_equivalence_on_sparse_data"] = EQUIVALENCE[
    "check_sample_weight_equivalence_on_dense_data"
]
TUNED = {
    "check_classifiers_train": (
        "The threshold is tuned, so it is not at probability 1/2; scikit-learn's "
        "TunedThresholdClassifierCV has the same entry."
    )
}


def quick(strategy: Any = "logistic", **options: Any) -> EquipoiseClassifier:
    return EquipoiseClassifier(strategy, **{"folds": 2, "random_state": 0, **options})


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    """300 rows, a tenth of them positive."""
    return make_classification(
        300, 5, n_informative=4, n_redundant=0, weights=[0.9], random_state=3
    )


@pytest.fixture(scope="module")
def fitted(data: tuple[np.ndarray, np.ndarray]) -> EquipoiseClassifier:
    return quick().fit(*data)


# ---- scikit-learn's own checks


def statuses(model: EquipoiseClassifier, expected: dict[str, str]) -> dict[str, set]:
    """Return the names of the checks by what came of them."""
    found: dict[str, set] = {}
    for result in check_estimator(
        model, expected_failed_checks=expected, on_fail=None, on_skip=None
    ):
        found.setdefault(result["status"], set()).add(result["check_name"])
    return found


@pytest.mark.parametrize("form", ["csr_matrix", "csc_array", "coo_array", "dok_array"])
def test_a_sparse_matrix_gives_the_model_of_its_dense_form(form: str) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 4)) * (random.random((120, 4)) < 0.3)
    y = (X[:, 0] + 0.3 * random.normal(size=120) > 0.2).astype(int)
    new = getattr(sparse, form)(X)
    short: dict[str, Any] = {"folds": 2, "repeats": 1, "random_state": 0}
    dense = EquipoiseClassifier("logistic", **short).fit(X, y)
    model = EquipoiseClassifier("logistic", **short).fit(new, y)
    np.testing.assert_array_equal(model.predict_proba(new), dense.predict_proba(X))
    np.testing.assert_array_equal(dense.predict(new), dense.predict(X))
    assert model.n_features_in_ == 4
    with pytest.raises(ValueError, match="4 features"):
        model.predict(new.tocsr()[:, :3])


def test_a_sparse_matrix_that_is_too_large_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrays, "MOST_CELLS", 399)
    X, y = sparse.eye(100, 4, format="csr"), np.arange(100) % 2
    with pytest.raises(TableError, match=r"100 rows and 4 columns.*at most 399"):
        EquipoiseClassifier("logistic").fit(X, y)


def test_every_check_passes_but_for_the_equivalence_of_weights() -> None:
    model = EquipoiseClassifier("plain", network="small", epochs=20, folds=2)
    found = statuses(model, EQUIVALENCE)
    assert "failed" not in found
    assert found["xfail"] == set(EQUIVALENCE)
    assert len(found["passed"]) >= 50
    assert found.get("skipped", set()) <= {"check_array_api_input"}


def test_a_tuned_threshold_fails_what_sklearn_s_own_fails() -> None:
    found = statuses(quick("logistic", goal="f1"), EQUIVALENCE | TUNED)
    assert "failed" not in found


@pytest.mark.slow
@pytest.mark.parametrize(
    "arm",
    [
        "plain",
        "logistic",
        "trees",
        "extra_trees",
        "auto",
        "smote",
        "pairwise_auc",
        "bagging",
    ],
)
def test_every_check_passes_for(arm: str) -> None:
    model = EquipoiseClassifier(arm, folds=2, network="small")
    assert "failed" not in statuses(model, EQUIVALENCE)


@pytest.mark.slow
def test_every_check_passes_for_the_default() -> None:
    assert "failed" not in statuses(EquipoiseClassifier(), EQUIVALENCE)


# ---- arguments

ODD = {
    "strategy": eq.Strategy("mine", weights="sqrt"),
    "goal": eq.Goal(precision_floor=0.4),
    "positive": 0,
    "folds": 3,
    "repeats": 2,
    "minutes": 0.5,
    "calibration": "platt",
    "network": "linear",
    "epochs": 7,
    "random_state": 11,
}


def test_clone_keeps_every_argument() -> None:
    assert set(ODD) == set(inspect.signature(EquipoiseClassifier).parameters)
    model = EquipoiseClassifier(**ODD)
    again = clone(model)
    assert again is not model
    assert again.get_params() == ODD
    assert (
        clone(EquipoiseClassifier()).get_params() == EquipoiseClassifier().get_params()
    )


def test_every_argument_reaches_the_fit(
    data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def remember(table: Any, **options: Any) -> Any:
        seen.update(options, table=table)
        return whole(table, **{**options, "strategy": "prior", "repeats": 1})

    whole = module.fit
    monkeypatch.setattr(module, "fit", remember)
    model = clone(EquipoiseClassifier(**ODD)).fit(*data)
    for name in ("strategy", "goal", "folds", "repeats", "minutes", "calibration"):
        assert seen[name] == ODD[name], name
    assert seen["network"] == "linear"
    assert seen["training"].epochs == 7
    assert seen["table"].classes == ("1", "0")
    assert model.positive_class_ == 0
    other = EquipoiseClassifier(**{**ODD, "random_state": 12})
    first = seen["seed"]
    other.fit(*data)
    assert seen["seed"] != first


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"strategy": "plane"}, InputError, "Did you mean 'plain'"),
        ({"strategy": 3}, InputTypeError, "strategy=3"),
        ({"goal": "f7"}, InputError, "'f7'"),
        ({"goal": 0.5}, InputTypeError, "goal=0.5"),
        ({"folds": 1}, InputError, "folds=1"),
        ({"repeats": 0}, InputError, "repeats=0"),
        ({"repeats": "often"}, InputTypeError, "often"),
        ({"calibration": "plat"}, InputError, "platt"),
        ({"network": "large"}, InputError, "network='large'"),
        ({"epochs": 0}, InputError, "epochs=0"),
        ({"positive": "yes"}, InputError, "positive='yes'"),
        ({"random_state": "x"}, ValueError, "seed"),
    ],
)
def test_odd_arguments_are_refused_by_fit(
    data: tuple[np.ndarray, np.ndarray],
    options: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    model = quick(**{"strategy": "prior", **options})
    with pytest.raises(error, match=message):
        model.fit(*data)


def test_repeats_of_numpy_are_looked_ahead_at_like_any(
    data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    whole = module.possible_splits

    def remember(table: Any, folds: int, repeats: int, seed: int) -> Any:
        asked.append(repeats)
        return whole(table, folds, repeats, seed)

    monkeypatch.setattr(module, "possible_splits", remember)
    model = quick("prior", repeats=np.int64(3)).fit(*data)
    assert asked == [3]
    assert model.model_.facts["repeats"] == 3


def test_one_random_state_is_one_result(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    model = quick("plain", network="small", epochs=3)
    first, again = (clone(model).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    free = clone(model).set_params(random_state=None)
    assert not np.array_equal(free.fit(X, y).predict_proba(X), first)
    given = clone(model).set_params(random_state=np.random.RandomState(0))
    np.testing.assert_array_equal(given.fit(X, y).predict_proba(X), first)


# ---- classes, probabilities, decisions


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize(
    "goal", [None, "f2", eq.Goal(recall_floor=0.9), eq.Goal(capacity=0.05)]
)
def test_the_sign_of_the_decision_is_the_prediction(
    data: tuple[np.ndarray, np.ndarray], positive: int, goal: Any
) -> None:
    X, y = data
    model = quick(goal=goal, positive=positive).fit(X, y)
    decision, p = model.decision_function(X), model.predict_proba(X)
    np.testing.assert_array_equal(decision > 0, model.predict(X) == model.classes_[1])
    np.testing.assert_allclose(p.sum(axis=1), 1)
    order = np.argsort(decision)
    assert (np.diff(p[order, 1]) >= 0).all()
    if goal is None:
        np.testing.assert_array_equal(p.argmax(axis=1), model.predict(X))


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("threshold", [np.inf, -np.inf, "tie"])
def test_thresholds_at_the_ends_and_on_a_score(
    data: tuple[np.ndarray, np.ndarray], positive: int, threshold: Any
) -> None:
    X, y = data
    model = quick(positive=positive).fit(X, y)
    z = model.model_.log_odds(model._rows(X))
    value = float(np.sort(z)[50]) if threshold == "tie" else threshold
    rule = dataclasses.replace(model.model_.rule, threshold_log_odds=value)
    model.model_ = dataclasses.replace(model.model_, rule=rule)
    decision = model.decision_function(X)
    assert np.isfinite(decision).all()
    flagged = (z >= value) & (value < np.inf)
    np.testing.assert_array_equal(model.predict(X) == model.positive_class_, flagged)
    np.testing.assert_array_equal(decision > 0, flagged == (positive == 1))


def test_probabilities_are_the_model_s_own(
    data: tuple[np.ndarray, np.ndarray], fitted: EquipoiseClassifier, tmp_path: Any
) -> None:
    X, _ = data
    again = load(fitted.model_.save(tmp_path / "m.equipoise"))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert "logistic" in fitted.model_.card()
    assert fitted.model_.facts["repeats"] == 1
    assert fitted.model_.facts["folds"] == 2


def test_equal_to_the_verb(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Nothing but `fit` stands behind it."""
    X, y = data
    model = quick("logistic", goal=eq.Goal(), random_state=4).fit(X, y)
    seed = np.random.RandomState(4).randint(np.iinfo(np.int32).max)
    verb = eq.fit((X, y), strategy="logistic", folds=2, repeats=1, seed=int(seed))
    np.testing.assert_array_equal(verb.predict_proba(X), model.predict_proba(X))
    assert verb.rule == model.model_.rule


def test_an_unfitted_model_says_so(data: tuple[np.ndarray, np.ndarray]) -> None:
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(EquipoiseClassifier(), method)(data[0])


# ---- weights, groups, samplers


def test_a_weight_of_zero_is_a_row_that_is_not_there(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = data
    for model in (quick(), quick("plain", network="small", epochs=3)):
        weights = np.where(np.arange(300) % 4 == 0, 0.0, 1.0)
        found = clone(model).fit(X, y, sample_weight=weights)
        kept = weights > 0
        wanted = clone(model).fit(X[kept], y[kept], sample_weight=np.ones(225))
        np.testing.assert_array_equal(found.predict_proba(X), wanted.predict_proba(X))
        np.testing.assert_array_equal(found.predict(X), wanted.predict(X))


def test_the_rarer_class_is_the_lighter_one(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = data
    heavy = np.where(y == 1, 100.0, 1.0)
    assert quick("prior").fit(X, y).positive_class_ == 1
    assert quick("prior").fit(X, y, sample_weight=heavy).positive_class_ == 0


def test_groups_stay_together(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    groups = np.random.default_rng(0).integers(0, 40, 300).astype(str)
    model = quick().fit(X, y, groups=groups)
    assert model.model_.facts["by"] == "group"
    with pytest.raises(InputError, match="groups of shape"):
        quick().fit(X, y, groups=groups[:9])


def test_a_sampler_object_is_a_strategy(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    model = quick(eq.resampled(RandomOverSampler(), learner="logistic")).fit(X, y)
    assert roc_auc_score(y, model.predict_proba(X)[:, 1]) > 0.8
    bare = quick(SMOTE()).set_params(strategy__k_neighbors=3)
    assert clone(bare).get_params()["strategy__k_neighbors"] == 3
    (component,) = bare.fit(X, y).model_.components
    assert component.strategy.name == "SMOTE+trees"
    assert bare.strategy.random_state is None
    again = pickle.loads(pickle.dumps(bare))
    np.testing.assert_array_equal(again.predict_proba(X), bare.predict_proba(X))


def test_several_strategies_are_averaged(data: tuple[np.ndarray, np.ndarray]) -> None:
    model = quick(["logistic", eq.Strategy("heavy", "logistic", weights="balanced")])
    names = {c.strategy.name for c in model.fit(*data).model_.components}
    assert names <= {"logistic", "heavy"}


# ---- pickling


@pytest.mark.parametrize(
    "arm",
    [
        {"strategy": "logistic"},
        {"strategy": "plain", "network": "small", "epochs": 2},
        {"strategy": "trees"},
    ],
    ids=lambda arm: arm["strategy"],
)
def test_a_pickle_holds_plain_bytes_and_gives_the_same_model(
    data: tuple[np.ndarray, np.ndarray], arm: dict[str, Any], tmp_path: Any
) -> None:
    X, y = data
    model = quick(**arm).fit(X, y)
    text = pickle.dumps(model)
    loaded = {
        " ".join(str(argument).split()[:1])
        for code, argument, _ in pickletools.genops(text)
        if code.name in {"SHORT_BINUNICODE", "GLOBAL", "BINUNICODE"}
        and str(argument).partition(".")[0] in {"tensorflow", "keras", "sklearn"}
    }
    assert not loaded
    joblib.dump(model, tmp_path / "model.joblib")
    for again in (
        pickle.loads(text),
        copy.deepcopy(model),
        joblib.load(tmp_path / "model.joblib"),
    ):
        assert again.get_params() == model.get_params()
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again.model_.card() == model.model_.card()
        np.testing.assert_array_equal(again.classes_, model.classes_)


def test_an_unfitted_model_pickles() -> None:
    model = EquipoiseClassifier(**ODD)
    assert pickle.loads(pickle.dumps(model)).get_params() == ODD


def test_text_of_the_estimator() -> None:
    assert repr(EquipoiseClassifier("plain")) == "EquipoiseClassifier(strategy='plain')"
    assert io.StringIO(EquipoiseClassifier()._repr_html_()).read(1)


# ---- weights


def population(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.3).astype(int)
    X = random.normal(size=(rows, 3))
    X[:, 0] += 1.5 * y
    X[:, 1] -= y * random.normal(1, 1, rows)
    return X, y


@pytest.mark.parametrize(
    ("arm", "seeds"),
    [
        ("logistic", 4),
        ("plain", 3),
        pytest.param("plain", 8, marks=pytest.mark.slow),
        pytest.param("class_weight", 6, marks=pytest.mark.slow),
        pytest.param("oversample", 6, marks=pytest.mark.slow),
        pytest.param("trees", 6, marks=pytest.mark.slow),
        pytest.param("extra_trees", 6, marks=pytest.mark.slow),
        pytest.param("auto", 4, marks=pytest.mark.slow),
    ],
)
def test_weights_are_copies_up_to_noise(arm: str, seeds: int) -> None:
    """Weight k against the row k times, by the mean log-odds over seeds.

    The weights depend on a feature and on the class, so whoever leaves them out
    learns another population.
    """
    X, y = population(400, 0)
    times = np.where(X[:, 0] > 0.5, np.random.default_rng(1).integers(2, 6, 400), 1)
    times *= 1 + y
    copies = np.repeat(np.arange(400), times)
    new, _ = population(400, 9)

    def log_odds(*rows: Any, **more: Any) -> np.ndarray:
        found = []
        for seed in range(seeds):
            model = quick(arm, network="small", random_state=seed)
            found.append(model.fit(*rows, **more).model_.log_odds(new))
        return np.array(found)

    weighted = log_odds(X, y, sample_weight=times)
    repeated = log_odds(X[copies], y[copies])
    without = log_odds(X, y)
    apart = weighted.mean(axis=0) - repeated.mean(axis=0)
    effect = without.mean(axis=0) - repeated.mean(axis=0)
    distance = float(np.sqrt(np.mean(apart**2)))
    assert distance < 0.15 * np.sqrt(np.mean(effect**2))
    assert abs(apart.mean()) < 0.1 * abs(effect.mean())
    assert distance < 2.5 * np.sqrt(np.mean(noise(weighted) + noise(repeated)))
    levels = noise(weighted.mean(axis=1)) + noise(repeated.mean(axis=1))
    assert abs(apart.mean()) < 4 * np.sqrt(levels)


def noise(found: np.ndarray) -> np.ndarray:
    """Return the variance of the mean over seeds."""
    return np.var(found, axis=0, ddof=1) / len(found)


# ---- among scikit-learn's tools


@pytest.fixture
def routed() -> Any:
    with config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def weights_seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The weights and the groups of every fit."""
    seen: list[Any] = []
    whole = module.fit

    def remember(table: Any, **options: Any) -> Any:
        seen.append((options["weights"], table.groups))
        return whole(table, **options)

    monkeypatch.setattr(module, "fit", remember)
    return seen


@pytest.mark.usefixtures("routed")
def test_weights_and_groups_are_routed(
    data: tuple[np.ndarray, np.ndarray], weights_seen: list[Any]
) -> None:
    X, y = data
    weights, groups = np.linspace(1, 2, 300), np.arange(300) // 2
    model = quick().set_fit_request(sample_weight=True, groups=True)
    model.set_score_request(sample_weight=True)
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    chain = make_pipeline(scaler, model)
    chain.fit(X, y, sample_weight=weights, groups=groups)
    np.testing.assert_array_equal(weights_seen[0][0], weights)
    np.testing.assert_array_equal(weights_seen[0][1], groups)
    weights_seen.clear()
    params = {"sample_weight": weights, "groups": groups}
    cross_validate(chain, X, y, cv=GroupKFold(2), params=params)
    assert [len(own) for own, _ in weights_seen] == [150, 150]
    assert all(set(own) <= set(weights) for own, _ in weights_seen)
    weights_seen.clear()
    grid = {"equipoiseclassifier__strategy": ["logistic", "prior"]}
    scoring = get_scorer("average_precision").set_score_request(sample_weight=True)
    search = GridSearchCV(chain, grid, cv=2, scoring=scoring)
    search.fit(X, y, sample_weight=weights, groups=groups)
    assert [len(own) for own, _ in weights_seen] == [150] * 4 + [300]
    assert search.best_params_["equipoiseclassifier__strategy"] == "logistic"


@pytest.mark.usefixtures("routed")
def test_weights_that_were_not_asked_for_are_refused(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        cross_validate(quick(), *data, params={"sample_weight": np.ones(300)}, cv=2)


@pytest.mark.usefixtures("routed")
def test_weights_that_were_declined_do_not_arrive(
    data: tuple[np.ndarray, np.ndarray], weights_seen: list[Any]
) -> None:
    model = quick().set_fit_request(sample_weight=False)
    params = {"sample_weight": np.ones(300)}
    scaler = StandardScaler().set_fit_request(sample_weight=True)
    scoring = get_scorer("roc_auc").set_score_request(sample_weight=False)
    chain = make_pipeline(scaler, model)
    cross_validate(chain, *data, params=params, cv=2, scoring=scoring)
    assert [own for own, _ in weights_seen] == [None, None]


def test_a_search_over_strategies_and_goals(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = data
    grid = {
        "strategy": ["logistic", eq.Strategy("heavy", "logistic", weights="balanced")],
        "goal": [None, "f2", eq.Goal(costs=(1, 20))],
    }
    search = GridSearchCV(quick(), grid, cv=2, scoring="recall").fit(X, y)
    assert len(search.cv_results_["params"]) == 6
    by_goal = {str(goal): [] for goal in grid["goal"]}
    for params, recall in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        by_goal[str(params["goal"])].append(recall)
    assert min(by_goal[str(grid["goal"][2])]) > max(by_goal["None"])
    assert search.best_estimator_.goal == grid["goal"][2]


def test_log_probabilities(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    found = cross_val_predict(quick(), X, y, cv=3, method="predict_log_proba")
    p = cross_val_predict(quick(), X, y, cv=3, method="predict_proba")
    np.testing.assert_array_equal(np.exp(found).round(12), p.round(12))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict(data: tuple[np.ndarray, np.ndarray], method: str) -> None:
    X, y = data
    found = cross_val_predict(quick(), X, y, cv=3, method=method)
    assert found.shape == ((300, 2) if method == "predict_proba" else (300,))
    score = found[:, 1] if method == "predict_proba" else found
    assert roc_auc_score(y, score) > (0.6 if method == "predict" else 0.8)


def test_work_in_other_processes_gives_the_same(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = data
    one, two = (
        cross_val_predict(quick(), X, y, cv=2, method="predict_proba", n_jobs=jobs)
        for jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibrated_by_scikit_learn(
    data: tuple[np.ndarray, np.ndarray], fitted: EquipoiseClassifier, method: str
) -> None:
    X, y = data
    for model in (quick(), FrozenEstimator(fitted)):
        found = CalibratedClassifierCV(model, method=method, cv=2).fit(X, y)
        p = found.predict_proba(X)[:, 1]
        assert p.mean() == pytest.approx(y.mean(), abs=0.03)
        assert roc_auc_score(y, p) > 0.8


def test_a_threshold_tuned_by_scikit_learn(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    for response in ("predict_proba", "decision_function"):
        tuned = TunedThresholdClassifierCV(
            quick(), scoring="balanced_accuracy", cv=2, response_method=response
        ).fit(X, y)
        assert balanced_accuracy_score(y, tuned.predict(X)) > 0.75
    fixed = FixedThresholdClassifier(quick(), threshold=0.02).fit(X, y)
    assert recall_score(y, fixed.predict(X)) > 0.9


@pytest.mark.parametrize("library", ["default", "pandas", "polars"])
def test_after_transformers_of_any_output(library: str) -> None:
    random = np.random.default_rng(0)
    y = np.arange(200) % 5 == 0
    X = pd.DataFrame(
        {
            "number": random.normal(size=200) + 2 * y,
            "text": np.where(random.random(200) < 0.2, "a", np.where(y, "b", "c")),
        }
    )
    columns = make_column_transformer(
        (StandardScaler(), ["number"]),
        (OneHotEncoder(sparse_output=False), ["text"]),
    ).set_output(transform=library)
    chain = make_pipeline(columns, quick()).fit(X, y)
    named = hasattr(chain[-1], "feature_names_in_")
    assert named == (library != "default")
    assert roc_auc_score(y, chain.predict_proba(X)[:, 1]) > 0.9
    np.testing.assert_array_equal(chain.classes_, [False, True])
    passed = make_column_transformer(
        ("passthrough", ["text", "number"]), verbose_feature_names_out=False
    ).set_output(transform="pandas" if library == "default" else library)
    chain = make_pipeline(passed, quick()).fit(X, y)
    assert chain[-1].model_.schema["text"].kind == "categorical"


def test_behind_a_sampler_of_imbalanced_learn(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = data
    chain = imblearn.pipeline.make_pipeline(RandomOverSampler(random_state=0), quick())
    found = cross_val_predict(chain, X, y, cv=3, method="predict_proba")[:, 1]
    assert roc_auc_score(y, found) > 0.8
    # The shares of the classes are those that the sampler made.
    assert found.mean() > 0.25


def test_in_ensembles_of_scikit_learn(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    both = [("ours", quick()), ("prior", quick("prior"))]
    for whole in (
        VotingClassifier(both, voting="soft"),
        StackingClassifier(both, LogisticRegression(), cv=2),
        BaggingClassifier(quick(), 2, random_state=0),
    ):
        assert roc_auc_score(y, whole.fit(X, y).predict_proba(X)[:, 1]) > 0.8


def test_permuted_columns_matter(
    data: tuple[np.ndarray, np.ndarray], fitted: EquipoiseClassifier
) -> None:
    X, y = data
    found = permutation_importance(
        fitted, X, y, scoring="average_precision", n_repeats=2, random_state=0
    )
    assert found.importances_mean.max() > 0.1


def test_rows_left_undecided_are_no_third_class() -> None:
    """`predict` knows two answers, `decide` three; figures are of the deployed rule."""
    x, y = make_classification(400, weights=[0.8], random_state=1)
    times = 1.0 + np.arange(400) % 2
    goal = eq.Goal(costs=Costs(fp=1, fn=12, abstain=0.3))
    model = quick(goal=goal).fit(x, y, sample_weight=times)
    made = model.decide(x)
    assert set(made) == {-1, 0, 1}
    assert np.array_equal(model.predict(x) == 1, made == 1)
    assert np.array_equal(model.decision_function(x) > 0, made == 1)
    e = model.model_.evaluation
    assert e.prevalence == pytest.approx(np.average(y, weights=times))
    assert e["undecided"].value == pytest.approx(
        e.confusion.undecided / times.sum(), abs=1e-9
    )
    assert model.model_.rule.tally.abstained == pytest.approx(e["undecided"].value)
