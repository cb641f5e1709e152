# SPDX-License-Identifier: Apache-2.0
"""The estimator for several classes and for matrices of labels."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    get_scorer,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import equipoise as eq
from equipoise.decision.costs import Costs
from equipoise.errors import (
    EquipoiseError,
    InputError,
    InputTypeError,
    SplitError,
    TableWarning,
    TargetError,
)
from equipoise.verbs.estimator import EquipoiseClassifier
from equipoise.verbs.estimator_target import (
    EstimatorLabels,
    goal_in_words,
    positive_of,
    read_labels,
    target_of,
)
from equipoise.verbs.model import load


def quick(strategy: Any = "logistic", **options: Any) -> EquipoiseClassifier:
    return EquipoiseClassifier(strategy, **{"folds": 2, "random_state": 0, **options})


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    """500 rows of four classes; the rarest has a twentieth of them."""
    return make_classification(
        500,
        6,
        n_informative=5,
        n_redundant=0,
        n_classes=4,
        n_clusters_per_class=1,
        class_sep=1.0,
        weights=[0.6, 0.25, 0.1, 0.05],
        flip_y=0.02,
        random_state=2,
    )


@pytest.fixture(scope="module")
def matrix() -> tuple[np.ndarray, np.ndarray]:
    """300 rows of three labels."""
    return make_multilabel_classification(300, 8, n_classes=3, random_state=0)


# ---- several classes


@pytest.mark.parametrize(
    "names",
    [
        np.array(["d", "b", "a", "c"]),
        np.array(["d", "b", "a", "c"], object),
        np.array([7, -1, 30, 2], np.int16),
        np.array([5.0, 2.0, -1.0, 10.0]),
        np.array(["with space", "ä/ö", "x" * 50, "1"]),
    ],
    ids=lambda names: str(names.dtype),
)
def test_classes_of_any_kind_come_back(
    data: tuple[np.ndarray, np.ndarray], names: np.ndarray
) -> None:
    X, y = data
    labels = names[y]
    model = quick().fit(X, labels)
    np.testing.assert_array_equal(model.classes_, np.unique(labels))
    assert model.classes_.dtype == labels.dtype
    assert model.positive_class_ is None
    assert model.label_names_ is None
    predicted = model.predict(X)
    assert predicted.dtype == labels.dtype
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], predicted)
    place = np.searchsorted(model.classes_, labels)
    assert np.mean(p[np.arange(500), place]) > 0.6
    assert model.score(X, labels) == np.mean(predicted == labels)
    np.testing.assert_array_equal(
        model.decide(X), np.searchsorted(model.classes_, predicted)
    )


def test_equal_to_the_verb(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    model = quick(goal=eq.Goal(), random_state=4).fit(X, y)
    seed = np.random.RandomState(4).randint(np.iinfo(np.int32).max)
    verb = eq.fit((X, y), strategy="logistic", folds=2, repeats=1, seed=int(seed))
    np.testing.assert_array_equal(verb.predict_proba(X), model.predict_proba(X))
    assert verb.rule == model.model_.rule
    assert verb.predict(X).astype(int).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize(
    "goal",
    [
        None,
        "f1",
        "macro_f1",
        "balanced_accuracy",
        "accuracy",
        eq.Goal(floors={3: {"recall": 0.95}}),
        eq.Goal(costs=(1 - np.eye(4)) * np.array([[1.0], [2.0], [4.0], [30.0]])),
    ],
    ids=["none", "f1", "macro", "balanced", "accuracy", "floor", "costs"],
)
def test_the_largest_value_is_the_prediction(
    data: tuple[np.ndarray, np.ndarray], goal: Any
) -> None:
    X, y = data
    model = quick(goal=goal).fit(X, y)
    values = model.decision_function(X)
    assert values.shape == (500, 4)
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values.argmax(axis=1), model.predict(X))
    if goal is None:
        np.testing.assert_array_equal(
            model.predict_proba(X).argmax(axis=1), model.predict(X)
        )


def test_a_goal_moves_the_decisions(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    balanced = quick(goal="balanced_accuracy").fit(X, y).predict(X)
    assert balanced_accuracy_score(y, balanced) > balanced_accuracy_score(
        y, quick().fit(X, y).predict(X)
    )
    floor = quick(goal=eq.Goal(floors={3: {"recall": 0.95}})).fit(X, y).predict(X)
    assert np.mean(floor[y == 3] == 3) >= 0.9


def test_costs_are_named_by_the_labels_or_in_their_order(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = data
    matrix = (1 - np.eye(4)) * np.array([[1.0], [2.0], [4.0], [30.0]])
    labels = np.array([30, 10, 20, 40])[y]
    order = np.argsort([30, 10, 20, 40])
    named = {
        truth: dict(zip((30, 10, 20, 40), row, strict=True))
        for truth, row in zip((30, 10, 20, 40), matrix.tolist(), strict=True)
    }
    by_name = quick(goal=eq.Goal(costs=named)).fit(X, labels)
    by_place = quick(goal=eq.Goal(costs=matrix[np.ix_(order, order)])).fit(X, labels)
    np.testing.assert_array_equal(by_name.predict(X), by_place.predict(X))
    p = by_name.predict_proba(X)
    expected = p @ matrix[np.ix_(order, order)]
    np.testing.assert_array_equal(
        by_name.predict(X), by_name.classes_[expected.argmin(axis=1)]
    )
    np.testing.assert_allclose(by_name.decision_function(X), -expected)


def test_undecided_rows_get_the_cheapest_class(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = data
    costs = Costs.matrix(("0", "1", "2", "3"), 1 - np.eye(4), abstain=0.05)
    model = quick(goal=eq.Goal(costs=costs)).fit(X, y)
    decided = model.decide(X)
    assert set(decided) >= {-1, 0}
    expected = model.predict_proba(X) @ (1 - np.eye(4))
    np.testing.assert_array_equal(decided == -1, expected.min(axis=1) > 0.05)
    np.testing.assert_array_equal(model.predict(X), expected.argmin(axis=1))
    np.testing.assert_array_equal(
        model.decision_function(X).argmax(axis=1), model.predict(X)
    )


def test_probabilities_are_those_of_the_saved_model(
    data: tuple[np.ndarray, np.ndarray], tmp_path: Any
) -> None:
    X, y = data
    model = quick(goal="f1").fit(X, y)
    again = load(model.model_.save(tmp_path / "m.equipoise"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    pickled = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(pickled.predict(X), model.predict(X))
    np.testing.assert_array_equal(pickled.classes_, model.classes_)
    assert not hasattr(clone(model), "model_")


def test_one_estimator_serves_one_task_after_the_other(
    data: tuple[np.ndarray, np.ndarray], matrix: tuple[np.ndarray, np.ndarray]
) -> None:
    X, y = data
    model = quick().fit(X, y == 3)
    assert model.positive_class_
    assert model.decision_function(X).shape == (500,)
    assert model.fit(X, y).positive_class_ is None
    assert model.fit(*matrix).label_names_ == ("label_0", "label_1", "label_2")
    assert model.fit(X, y).label_names_ is None


def test_rows_of_weight_zero_are_not_there(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    """Neither is a class that has no other rows."""
    X, y = data
    weights = np.where((np.arange(500) % 4 == 0) | (y == 2), 0.0, 1.0)
    left = weights > 0
    model = quick().fit(X, y, sample_weight=weights)
    other = quick().fit(X[left], y[left], sample_weight=np.ones(left.sum()))
    np.testing.assert_array_equal(model.classes_, [0, 1, 3])
    np.testing.assert_array_equal(model.predict_proba(X), other.predict_proba(X))


def test_weights_are_copies_up_to_noise() -> None:
    """Weight k against the row k times, by the mean probabilities over seeds."""
    random = np.random.default_rng(0)

    def population(rows: int) -> tuple[np.ndarray, np.ndarray]:
        y = random.choice(3, rows, p=[0.5, 0.3, 0.2])
        X = random.normal(size=(rows, 3))
        X[:, 0] += 1.5 * (y == 1)
        X[:, 1] -= (y == 2) * random.normal(1, 1, rows)
        return X, y

    X, y = population(500)
    times = np.where(X[:, 0] > 0.5, random.integers(2, 6, 500), 1) * (1 + y)
    copies = np.repeat(np.arange(500), times)
    new, _ = population(400)

    def mean(*rows: Any, **more: Any) -> np.ndarray:
        models = (quick(folds=5, random_state=seed) for seed in range(4))
        fits = (model.fit(*rows, **more) for model in models)
        return np.mean([np.log(model.predict_proba(new)) for model in fits], axis=0)

    weighted, repeated = mean(X, y, sample_weight=times), mean(X[copies], y[copies])
    effect = np.sqrt(np.mean((mean(X, y) - repeated) ** 2))
    assert np.sqrt(np.mean((weighted - repeated) ** 2)) < 0.4 * effect


def test_groups_stay_together(
    data: tuple[np.ndarray, np.ndarray], matrix: tuple[np.ndarray, np.ndarray]
) -> None:
    for X, y in (data, matrix):
        groups = np.arange(len(X)) // 5
        assert quick("prior").fit(X, y, groups=groups).model_.facts["by"] == "group"


# ---- scikit-learn


@pytest.mark.parametrize(
    "strategy", [pytest.param("plain", marks=pytest.mark.slow), "logistic"]
)
def test_every_check_passes_with_several_classes_and_labels(strategy: str) -> None:
    """The default checks ask for two, three classes and matrices by the tags."""
    tags = quick().__sklearn_tags__().classifier_tags
    assert (tags.multi_class, tags.multi_label) == (True, True)
    weights = "check_sample_weight_equivalence_on_"
    failed, names = {}, set()
    model = quick(strategy, network="small", epochs=20)
    for result in check_estimator(model, on_fail=None, on_skip=None):
        names.add(result["check_name"])
        if result["status"] == "failed":
            failed[result["check_name"]] = str(result["exception"])
    for form in ("dense", "sparse"):  # as for two classes
        failed.pop(f"{weights}{form}_data", None)
    assert not failed
    assert {
        "check_classifiers_train",
        "check_classifiers_multilabel_output_format_predict",
        "check_classifiers_multilabel_output_format_predict_proba",
        "check_classifiers_multilabel_output_format_decision_function",
        "check_classifiers_multilabel_representation_invariance",
    } <= names


@pytest.mark.parametrize(
    ("scoring", "least"),
    [
        ("roc_auc_ovr", 0.85),
        ("roc_auc_ovo_weighted", 0.85),
        ("balanced_accuracy", 0.5),
        ("f1_macro", 0.5),
        ("neg_log_loss", -0.8),
        ("top_k_accuracy", 0.85),
    ],
)
def test_scores_of_several_classes(
    data: tuple[np.ndarray, np.ndarray], scoring: str, least: float
) -> None:
    assert cross_val_score(quick(), *data, cv=3, scoring=scoring).min() > least


@pytest.mark.parametrize("labels", [2, 3, 5])
@pytest.mark.parametrize(
    "scoring", ["average_precision", "roc_auc", "roc_auc_ovr", "f1_macro", "accuracy"]
)
def test_scores_of_labels(labels: int, scoring: str) -> None:
    """Two labels are not taken for two classes."""
    X, Y = make_multilabel_classification(240, 8, n_classes=labels, random_state=0)
    score = get_scorer(scoring)(quick().fit(X[:160], Y[:160]), X[160:], Y[160:])
    model = quick().fit(X[:160], Y[:160])
    p = model.predict_proba(X[160:])
    reference = {
        "average_precision": lambda: average_precision_score(
            Y[160:], model.decision_function(X[160:])
        ),
        "roc_auc": lambda: roc_auc_score(Y[160:], p),
        "roc_auc_ovr": lambda: roc_auc_score(Y[160:], p),
        "f1_macro": lambda: score,
        "accuracy": lambda: np.mean((model.predict(X[160:]) == Y[160:]).all(axis=1)),
    }
    assert score == pytest.approx(reference[scoring]())
    assert score > (0.1 if scoring == "accuracy" else 0.35)


def test_among_the_tools_of_scikit_learn(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    labels = np.array(["a", "b", "c", "d"])[y]
    chain = make_pipeline(StandardScaler(), quick())
    grid = {"equipoiseclassifier__goal": [None, "balanced_accuracy"]}
    search = GridSearchCV(chain, grid, cv=2, scoring="balanced_accuracy")
    search.fit(X, labels)
    goal = search.best_params_["equipoiseclassifier__goal"]
    assert goal == "balanced_accuracy"
    assert set(search.predict(X)) == set("abcd")
    for method, width in (("predict_proba", 4), ("decision_function", 4)):
        scores = cross_val_predict(quick(), X, labels, cv=3, method=method)
        assert scores.shape == (500, width)
        assert roc_auc_score(y == 3, scores[:, 3]) > 0.9
    calibrated = CalibratedClassifierCV(quick(), cv=2).fit(X, labels)
    assert roc_auc_score(labels, calibrated.predict_proba(X), multi_class="ovr") > 0.9
    temperature = CalibratedClassifierCV(quick(), method="temperature", cv=2)
    assert temperature.fit(X, labels).score(X, labels) > 0.8
    rest = OneVsRestClassifier(quick()).fit(X, labels)
    assert rest.predict_proba(X).shape == (500, 4)


def test_labels_have_the_shapes_of_an_mlp(
    matrix: tuple[np.ndarray, np.ndarray],
) -> None:
    X, Y = matrix
    model = quick().fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = MLPClassifier((4,), max_iter=5, random_state=0).fit(X, Y)
    for method in ("predict", "predict_proba"):
        ours, theirs = (getattr(m, method)(X) for m in (model, reference))
        assert ours.shape == theirs.shape == (300, 3)
        assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(model.classes_, [[0, 1]] * 3)
    for method in ("predict_proba", "decision_function", "predict"):
        scores = cross_val_predict(quick(), X, Y, cv=3, method=method)
        assert scores.shape == (300, 3)
        assert roc_auc_score(Y, scores) > (0.6 if method == "predict" else 0.8)


# ---- matrices of labels


@pytest.mark.parametrize(
    "goal",
    [
        None,
        "f1",
        "micro_f1",
        "balanced_accuracy",
        eq.Goal(costs=Costs(fp=1, fn=10, abstain=0.3)),
    ],
)
def test_the_sign_of_a_decision_is_the_label(
    matrix: tuple[np.ndarray, np.ndarray], goal: Any
) -> None:
    X, Y = matrix
    model = quick(goal=goal).fit(X, Y)
    predicted, p = model.predict(X), model.predict_proba(X)
    np.testing.assert_array_equal(model.decision_function(X) > 0, predicted)
    np.testing.assert_array_equal(model.decide(X) == 1, predicted)
    if goal is None:
        np.testing.assert_array_equal(p > 0.5, predicted)
    if isinstance(goal, eq.Goal):
        assert -1 in model.decide(X)


@pytest.mark.parametrize("kind", ["int", "bool", "float", "int8", "list", "frame"])
def test_label_matrices_of_any_type(
    matrix: tuple[np.ndarray, np.ndarray], kind: str
) -> None:
    X, Y = matrix
    reference = quick().fit(X, Y).predict_proba(X)
    given: Any = Y
    if kind == "list":
        given = Y.tolist()
    elif kind == "frame":
        given = pl.DataFrame(Y, schema=["wet", "cold", "late"])
    else:
        given = Y.astype(kind)
    model = quick().fit(X, given)
    np.testing.assert_array_equal(model.predict_proba(X), reference)
    names = ("wet", "cold", "late") if kind == "frame" else model.label_names_
    assert model.label_names_ == model.model_.task.classes == names
    wanted = "int64" if kind in {"int", "list", "frame"} else kind
    assert model.predict(X).dtype == np.dtype(wanted)


def test_words_and_frames_of_several_types(
    matrix: tuple[np.ndarray, np.ndarray],
) -> None:
    X, Y = matrix
    frame = pd.DataFrame(
        {"a": np.where(Y[:, 0], "yes", "no"), "b": Y[:, 1] == 1, "c": Y[:, 2]}
    )
    model = quick().fit(X, frame)
    np.testing.assert_array_equal(
        model.predict_proba(X), quick().fit(X, Y).predict_proba(X)
    )
    assert model.predict(X).dtype == np.int64


@pytest.mark.parametrize("unknown", [np.nan, -1])
def test_unknown_labels_weigh_nothing(
    matrix: tuple[np.ndarray, np.ndarray], unknown: float
) -> None:
    X, Y = matrix
    holes = Y.astype(float)
    holes[np.random.default_rng(0).random(Y.shape) < 0.2] = unknown
    model = quick().fit(X, holes)
    assert set(np.unique(model.predict(X))) == {0, 1}
    assert roc_auc_score(Y, model.predict_proba(X)) > 0.85
    wrong = np.where(np.isnan(holes) | (holes == -1), 0, holes)
    assert not np.array_equal(
        quick().fit(X, wrong).predict_proba(X), model.predict_proba(X)
    )


def test_constant_labels_are_predicted_as_they_are(
    matrix: tuple[np.ndarray, np.ndarray],
) -> None:
    """200 labels, 50 of them the same in all rows."""
    X, Y = matrix
    random = np.random.default_rng(0)
    many = (random.random((300, 200)) < 0.3).astype(int)
    many[:, [3, 7, 11]] = Y
    never, always = np.arange(100, 130), np.arange(150, 170)
    many[:, never], many[:, always] = 0, 1
    with pytest.warns(TableWarning) as caught:
        model = quick("prior").fit(X, many)
    texts = " ".join(str(w.message) for w in caught)
    assert "30 labels, 'label_100'" in texts
    assert "20 labels, 'label_150'" in texts
    assert "1 is predicted for every row" in texts
    assert texts.split(". ")[0] in " ".join(model.model_.notes)
    assert len(model.model_.task.classes) == 150
    predicted, p = model.predict(X), model.predict_proba(X)
    assert predicted.shape == p.shape == (300, 200)
    assert not predicted[:, never].any()
    assert not p[:, never].any()
    assert predicted[:, always].all()
    assert (p[:, always] == 1).all()
    np.testing.assert_array_equal(model.decision_function(X) > 0, predicted)
    np.testing.assert_array_equal(model.decide(X)[:, always], 1)
    learned = np.setdiff1d(np.arange(200), np.r_[never, always])
    np.testing.assert_array_equal(p[:, learned], model.model_.predict_proba(X))


def test_labels_that_are_constant_among_the_rows_that_count(
    matrix: tuple[np.ndarray, np.ndarray],
) -> None:
    X, Y = matrix
    weights = (Y[:, 1] == 0).astype(float)
    with pytest.warns(TableWarning, match="'label_1' not learned because"):
        model = quick().fit(X, Y, sample_weight=weights)
    assert not model.predict_proba(X)[:, 1].any()


def test_one_learned_label_of_two(matrix: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = matrix
    two = np.c_[Y[:, 0], np.zeros(300, int)]
    with pytest.warns(TableWarning, match="'label_1'"):
        model = quick().fit(X, two)
    assert model.predict_proba(X).shape == (300, 2)
    assert roc_auc_score(two[:, 0], model.predict_proba(X)[:, 0]) > 0.8


def test_rows_without_any_label_are_rows(
    matrix: tuple[np.ndarray, np.ndarray],
) -> None:
    X, Y = matrix
    none = Y.copy()
    none[:50] = 0
    assert quick().fit(X, none).predict_proba(X).shape == (300, 3)
    unknown = Y.astype(float)
    unknown[:50] = np.nan
    assert np.isfinite(quick().fit(X, unknown).predict_proba(X)).all()


# ---- bad input


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(900).reshape(300, 3) % 3, r"'label_2' of y with '2' in 300 rows"),
        (np.full((300, 2), 0.5), "'label_0' of y with '0.5' in 300 rows"),
        (np.full((300, 2), np.inf), "'label_0' of y with 'inf'"),
        (np.array([["a", "b"]] * 300), "'label_0' of y with 'a'"),
        (np.zeros((300, 2)), "2 labels, all the same in all rows"),
        (np.ones((300, 4)), "4 labels, all the same in all rows"),
        (
            np.c_[np.arange(300) % 2, np.full(300, np.nan)],
            "the label 'label_1', known in no row",
        ),
        (np.arange(300), "'y' with 300 classes in 300 rows"),
        (np.ones((299, 2)), "inconsistent"),
        (np.zeros((300, 0)), "0 feature"),
    ],
)
def test_odd_matrices_and_classes_are_refused(
    matrix: tuple[np.ndarray, np.ndarray], y: Any, message: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # many unique classes
        with pytest.raises(ValueError, match=message):
            quick().fit(matrix[0], y)


def test_five_thousand_classes_are_refused() -> None:
    X = np.random.default_rng(0).normal(size=(20_000, 1))
    with pytest.raises(TargetError, match=r"'y' with 5,000 classes.*at most 1,000"):
        quick().fit(X, np.arange(20_000) % 5_000)


def test_a_sparse_matrix_is_refused(matrix: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = matrix
    with pytest.raises(InputTypeError, match=r"y\.toarray"):
        quick().fit(X, csr_matrix(Y))


def test_labels_that_are_features_too_are_refused(
    matrix: tuple[np.ndarray, np.ndarray],
) -> None:
    X, Y = matrix
    frame = pd.DataFrame(X).add_prefix("x").assign(wet=Y[:, 0])
    with pytest.raises(TargetError, match="both have the column 'wet'"):
        quick().fit(frame, pd.DataFrame(Y, columns=["wet", "cold", "late"]))


def test_classes_that_differ_by_case_are_kept_and_named(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = data
    labels = np.array(["sick", "Sick", " well", "well"])[y]
    with pytest.warns(TableWarning, match="' well', 'Sick', 'sick', 'well' differ by"):
        model = quick().fit(X, labels)
    assert model.classes_.tolist() == [" well", "Sick", "sick", "well"]
    assert set(model.predict(X)) == set(labels)
    assert any("write them alike" in note for note in model.model_.notes)


def test_one_row_per_class_is_refused(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, _ = data
    labels = np.array([f"c{i}" for i in range(40)])
    with (
        pytest.warns(UserWarning, match="number of unique classes"),
        pytest.raises(TargetError, match="40 classes in 40 rows"),
    ):
        quick().fit(X[:40], labels)


def test_a_class_of_one_row_is_trained_on(data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    labels = y.copy()
    labels[0] = 9
    model = quick().fit(X, labels)
    assert model.classes_.tolist() == [0, 1, 2, 3, 9]
    assert model.predict_proba(X).shape == (500, 5)
    assert any("trained on but not scored: '9'" in n for n in model.model_.notes)


def test_no_class_that_can_be_judged_is_an_error() -> None:
    X = np.random.default_rng(0).normal(size=(6, 2))
    with pytest.raises(SplitError):
        quick("prior").fit(X, [0, 0, 1, 1, 2, 2])


@pytest.mark.parametrize("positive", [1, "label_0"])
def test_a_positive_class_is_one_of_two(
    data: tuple[np.ndarray, np.ndarray],
    matrix: tuple[np.ndarray, np.ndarray],
    positive: Any,
) -> None:
    for X, y in (data, matrix):
        with pytest.raises(TargetError, match=r"positive=.*y == CLASS"):
            quick(positive=positive).fit(X, y)


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        (eq.Goal(floors={9: {"recall": 0.9}}), "class=9"),
        (eq.Goal(costs=np.ones((3, 3))), "3 by 3|4 by 4|shape"),
        (eq.Goal(precision_floor=0.5), "precision_floor"),
        (eq.Goal(costs=(1, 5)), "costs of two classes for 4 classes"),
        ("subset_accuracy", "multiclass"),
    ],
)
def test_goals_that_do_not_fit_the_classes(
    data: tuple[np.ndarray, np.ndarray], goal: Any, message: str
) -> None:
    with pytest.raises(EquipoiseError, match=message):
        quick("prior", goal=goal).fit(*data)


# ---- the pieces


def test_of_two_equal_classes_the_second_is_positive() -> None:
    classes = np.array(["a", "b"])
    assert positive_of(None, classes, [5, 5]) == 1
    assert positive_of(None, classes, [4, 5]) == 0
    assert positive_of(None, classes, [5, 4]) == 1
    with pytest.raises(InputError, match="positive='c'"):
        positive_of("c", classes, [1, 1])


def test_what_is_learned_of_labels() -> None:
    labels = read_labels([[0, 1, 1], [1, 1, -1], [0, 1, 0]], "it")
    target, y = target_of(labels, None, None, ("x",))
    assert target.task.classes == ("label_0", "label_2")
    np.testing.assert_array_equal(y, [[0, 1], [1, -1], [0, 0]])
    np.testing.assert_array_equal(
        target.all_labels(np.array([[0.2, 0.3]]), 0.0, 1.0), [[0.2, 1.0, 0.3]]
    )
    one = labels.take(np.array([0, 2]))
    assert len(one) == 2
    assert one.names == labels.names


def test_goals_by_name() -> None:
    target, _ = target_of(
        EstimatorLabels(np.array([True, False, True])), None, None, ()
    )
    goal = eq.Goal(floors={True: {"recall": 0.5}})
    assert goal_in_words(goal, target).floors == {"True": {"recall": 0.5}}
    assert goal_in_words(eq.Goal("f1"), target) == eq.Goal("f1")
