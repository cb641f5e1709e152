# SPDX-License-Identifier: Apache-2.0
"""The estimator: scikit-learn's contract, and what it does to a rare class."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import io
import pickle
import pickletools
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

import equipoise as eq
from equipoise.errors import BundleError, InputError, InputTypeError, SplitError
from equipoise.workflows import estimator as module
from equipoise.workflows.estimator import EquipoiseClassifier
from equipoise.workflows.storage import load

EQUIVALENCE = {
    "check_sample_weight_equivalence_on_dense_data": (
        "Folds, mini-batches and quantiles see other rows where rows are repeated; "
        "test_estimator_weights.py holds the scores together statistically."
    )
}
TUNED = {
    "check_classifiers_train": (
        "The threshold is tuned, so it is not at probability 1/2; scikit-learn's "
        "TunedThresholdClassifierCV has the same entry."
    )
}
LIKELIER = eq.Goal(costs=(1, 1))
SMALL = {"strategy": "plain", "network": "small", "epochs": 20, "folds": 2}


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


@pytest.mark.parametrize("arm", [SMALL, {"strategy": "logistic"}], ids=["plain", "log"])
def test_every_check_passes_but_for_the_equivalence_of_weights(arm: dict) -> None:
    found = statuses(EquipoiseClassifier(**arm, goal=LIKELIER), EQUIVALENCE)
    assert "failed" not in found
    assert found["xfail"] == set(EQUIVALENCE)
    assert len(found["passed"]) >= 50
    assert found.get("skipped", set()) <= {"check_array_api_input"}


def test_a_tuned_threshold_fails_what_sklearn_s_own_fails() -> None:
    found = statuses(quick("logistic"), EQUIVALENCE | TUNED)
    assert "failed" not in found


@pytest.mark.slow
@pytest.mark.parametrize(
    "arm", ["plain", "trees", "extra_trees", "auto", "smote", "pairwise_auc", "bagging"]
)
def test_every_check_passes_for(arm: str) -> None:
    model = EquipoiseClassifier(arm, folds=2, network="small", goal=LIKELIER)
    assert "failed" not in statuses(model, EQUIVALENCE)


@pytest.mark.slow
def test_every_check_passes_for_the_default() -> None:
    assert "failed" not in statuses(EquipoiseClassifier(), EQUIVALENCE | TUNED)


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


@pytest.mark.parametrize(
    "names",
    [
        ("no", "yes"),
        ("yes", "no"),
        (False, True),
        (1, -1),
        (2.0, 7.0),
        (None, None),
    ],
    ids=str,
)
def test_labels_of_any_kind(data: tuple[np.ndarray, np.ndarray], names: tuple) -> None:
    """The rarer class is flagged; its place follows from the order of the labels."""
    X, y = data
    if names[0] is None:
        names, labels = (np.str_("a"), np.str_("b")), np.array(["a", "b"], object)[y]
    else:
        labels = np.array(names)[y]
    model = quick().fit(X, labels)
    assert model.positive_class_ == names[1]
    np.testing.assert_array_equal(model.classes_, np.unique(labels))
    p = model.predict_proba(X)[:, list(model.classes_).index(names[1])]
    assert roc_auc_score(y, p) > 0.7
    found = model.predict(X)
    assert found.dtype == labels.dtype
    flagged = model.model_.decide(model._rows(X)) == 1
    np.testing.assert_array_equal(found == names[1], flagged)
    assert model.score(X, labels) == np.mean(found == labels)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize(
    "goal", [None, "f2", LIKELIER, eq.Goal(recall_floor=0.9), eq.Goal(capacity=0.05)]
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
    if goal is LIKELIER:
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
    rule = dataclasses.replace(model.model_.rule, threshold=value)
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
    model = quick("logistic", random_state=4).fit(X, y)
    seed = np.random.RandomState(4).randint(np.iinfo(np.int32).max)
    verb = eq.fit((X, y), strategy="logistic", folds=2, repeats=1, seed=int(seed))
    np.testing.assert_array_equal(verb.predict_proba(X), model.predict_proba(X))
    assert verb.rule == model.model_.rule


def test_an_unfitted_model_says_so(data: tuple[np.ndarray, np.ndarray]) -> None:
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(EquipoiseClassifier(), method)(data[0])


# ---- data frames


def frame(rows: int = 240, seed: int = 0) -> tuple[dict[str, list], np.ndarray]:
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.25).astype(int)
    amount = np.round(random.normal(1.5 * y, 1.0), 3)
    city = random.choice(["Bonn", "Lima", "Oslo"], rows, p=[0.5, 0.3, 0.2])
    city = np.where((y == 1) & (random.random(rows) < 0.5), "Lima", city)
    days = random.integers(0, 2_000, rows) + 400 * y
    return {
        "amount": [None if random.random() < 0.1 else float(v) for v in amount],
        "city": [None if random.random() < 0.1 else str(c) for c in city],
        "paid": [bool(b) for b in random.random(rows) < 0.4 + 0.3 * y],
        "count": [int(n) for n in random.integers(0, 2, rows)],
        "when": [pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(d)) for d in days],
    }, y


def as_pandas(columns: dict[str, list]) -> pd.DataFrame:
    return pd.DataFrame(columns).astype({"city": "category"})


def as_polars(columns: dict[str, list]) -> pl.DataFrame:
    return pl.DataFrame(columns)


def as_arrow(columns: dict[str, list]) -> Any:
    return as_polars(columns).to_arrow()


@pytest.mark.parametrize("make", [as_pandas, as_polars, as_arrow])
def test_frames_are_taken_as_they_are(make: Callable[[dict], Any]) -> None:
    columns, y = frame()
    X = make(columns)
    model = quick().fit(X, y)
    assert model.feature_names_in_.tolist() == list(columns)
    kinds = {c.name: c.kind for c in model.model_.schema.columns}
    assert kinds == {
        "amount": "numeric",
        "city": "categorical",
        "paid": "boolean",
        "count": "numeric",
        "when": "datetime",
    }
    assert roc_auc_score(y, model.predict_proba(X)[:, 1]) > 0.85
    wanted = quick().fit(as_polars(columns), y).predict_proba(as_polars(columns))
    np.testing.assert_allclose(model.predict_proba(X), wanted, rtol=1e-9)


def test_labels_of_a_series_are_taken_by_their_place() -> None:
    columns, y = frame()
    X = as_pandas(columns)
    wanted = quick().fit(X, y).predict_proba(X)
    turned = pd.Series(y, index=np.arange(len(y))[::-1])
    np.testing.assert_array_equal(quick().fit(X, turned).predict_proba(X), wanted)
    series = pl.Series("y", y)
    np.testing.assert_array_equal(quick().fit(X, series).predict_proba(X), wanted)


def test_columns_must_be_those_of_the_fit() -> None:
    columns, y = frame()
    X = as_pandas(columns)
    model = quick().fit(X, y)
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(X[["city", "amount", "paid", "count", "when"]])
    with pytest.raises(ValueError, match=r"yet now missing:\n- city"):
        model.predict(X.drop(columns="city"))
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- more"):
        model.predict(X.assign(more=1))
    with pytest.raises(ValueError, match="'count'"):
        model.predict(X.assign(count="many"))


def test_unseen_categories_and_values_are_served_without_a_word() -> None:
    columns, y = frame()
    X = as_pandas(columns).astype({"city": str})
    model = quick().fit(X, y)
    new = X.assign(city="Rome", count=7, amount=np.nan)
    assert np.isfinite(model.predict_proba(new)).all()
    empty = X.assign(city=None, amount=None)
    assert np.isfinite(model.predict_proba(empty)).all()


def test_no_column_is_left_out() -> None:
    """Constants, identifiers and empty columns: the user has chosen them."""
    columns, y = frame()
    columns |= {
        "id": list(range(240)),
        "constant": [1.0] * 240,
        "empty": [None] * 240,
        "codes": ["007", "1"] * 120,
    }
    X = as_pandas(columns)
    model = quick().fit(X, y)
    assert model.model_.schema.names == tuple(columns)
    assert model.model_.schema["codes"].kind == "categorical"
    assert np.isfinite(model.predict_proba(X)).all()


def test_arrays_of_texts_and_lists_of_both() -> None:
    columns, y = frame()
    rows = [[a or 0.0, c or ""] for a, c in zip(columns["amount"], columns["city"])]  # noqa: B905
    model = quick().fit(rows, y)
    assert [c.kind for c in model.model_.schema.columns] == ["numeric", "categorical"]
    array = np.array(rows, dtype=object)
    np.testing.assert_array_equal(model.predict(array), model.predict(rows))


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


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(299), "shape"),
        (np.ones((300, 1)), "shape"),
        (np.zeros(300), "all zero"),
        (np.full(300, -1.0), "negative"),
        (np.full(300, np.nan), "NaN"),
        (np.where(np.arange(300) < 1, 1.0, 0.0), "one class only"),
        (0, "sample_weight=0"),
    ],
)
def test_odd_weights_are_refused(
    data: tuple[np.ndarray, np.ndarray], weights: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        quick().fit(*data, sample_weight=weights)


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


# ---- few rows


@pytest.mark.parametrize("rare", [3, 4, 5])
@pytest.mark.parametrize("folds", [2, 5, 20])
def test_few_rows_of_a_class_have_fewer_folds(rare: int, folds: int) -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(30, 3)), np.arange(30) < rare
    model = quick("prior", folds=folds).fit(X, y)
    used = model.model_.facts["folds"]
    assert used == (3 if (folds, rare) == (2, 3) else min(folds, rare))
    told = any(f"{used} folds instead of" in note for note in model.model_.notes)
    assert told == (used != folds)
    assert model.positive_class_


def test_equal_rows_are_divided_only_where_there_is_no_other_way() -> None:
    random = np.random.default_rng(0)
    for distinct, divided in ((2, True), (6, False)):
        rare = np.repeat(random.normal(size=(distinct, 4)), 3, axis=0)
        X = np.concatenate([random.normal(size=(300, 4)), rare])
        model = quick("prior").fit(X, np.arange(len(X)) >= 300)
        told = [n for n in model.model_.notes if "Equal rows were not kept" in n]
        assert bool(told) == divided


@pytest.mark.parametrize("rare", [1, 2])
def test_too_few_rows_of_a_class_are_an_error(rare: int) -> None:
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.arange(30) < rare
    with pytest.raises(SplitError, match=rf"{rare} rows? of a class.*at least 3"):
        quick("prior").fit(X, y)


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


def test_a_damaged_state_is_refused(fitted: EquipoiseClassifier) -> None:
    state = fitted.__getstate__()
    parts = state["_model_parts"]
    assert "model_" not in state
    assert hasattr(fitted, "model_")
    del parts["seen.json"]
    with pytest.raises(BundleError, match=r"seen\.json"):
        EquipoiseClassifier().__setstate__(state)


def test_text_of_the_estimator() -> None:
    assert repr(EquipoiseClassifier("plain")) == "EquipoiseClassifier(strategy='plain')"
    assert io.StringIO(EquipoiseClassifier()._repr_html_()).read(1)
