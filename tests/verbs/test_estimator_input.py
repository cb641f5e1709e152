# SPDX-License-Identifier: Apache-2.0
"""What the estimator takes: arrays, frames, labels, weights, and few rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score

from equipoise.errors import InputError, InputTypeError, SplitError
from equipoise.verbs.estimator import EquipoiseClassifier


def quick(strategy: Any = "logistic", **options: Any) -> EquipoiseClassifier:
    return EquipoiseClassifier(strategy, **{"folds": 2, "random_state": 0, **options})


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    """300 rows, a tenth of them positive."""
    return make_classification(
        300, 5, n_informative=4, n_redundant=0, weights=[0.9], random_state=3
    )


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


def test_infinite_and_nested_values_are_refused_by_their_column() -> None:
    columns, y = frame()
    X = as_pandas(columns)
    with pytest.raises(ValueError, match="infinity in 'amount'"):
        quick().fit(X.assign(amount=np.where(np.arange(240) == 3, np.inf, 0.0)), y)
    model = quick().fit(X, y)
    with pytest.raises(ValueError, match="infinity in 'amount'"):
        model.predict(X.assign(amount=-np.inf))
    with pytest.raises(ValueError, match="infinity"):
        quick().fit(np.full((240, 2), np.inf), y)
    nested = pl.DataFrame({"x": [[1.0, 2.0]] * 240})
    with pytest.raises(InputTypeError, match="column 'x' of type large_list"):
        quick().fit(nested, y)
    pairs = pd.DataFrame({"x": [(1, 2)] * 240}).astype("category")
    with pytest.raises(InputTypeError, match=r"'x' of type list.*as strings"):
        quick().fit(pairs, y)
    intervals = pd.DataFrame({"x": pd.cut(np.arange(240.0), 3)})
    assert quick().fit(intervals, y).predict_proba(intervals).shape == (240, 2)
    twice = pd.DataFrame(np.ones((240, 2)), columns=["x", "x"])
    with pytest.raises(InputError, match="'x'"):
        quick().fit(twice, y)


def test_empty_frames_are_refused_as_empty_arrays_are() -> None:
    columns, y = frame()
    X = as_pandas(columns)
    model = quick().fit(X, y)
    with pytest.raises(ValueError, match=r"0 sample\(s\) \(shape=\(0, 5\)\)"):
        model.predict(X.iloc[:0])
    with pytest.raises(ValueError, match=r"0 feature\(s\)"):
        quick().fit(X[[]], y)


def test_an_array_without_names_goes_by_place() -> None:
    """scikit-learn warns where names are there once and absent once."""
    columns, y = frame()
    X = as_pandas(columns)[["amount", "count"]].astype(float)
    model = quick().fit(X, y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        found = model.predict_proba(X.to_numpy())
    np.testing.assert_array_equal(found, model.predict_proba(X))
    numbered = X.rename(columns={"amount": 7, "count": 3})
    model = quick().fit(numbered, y)
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_array_equal(found, model.predict_proba(numbered))


def test_a_column_may_be_called_like_the_target() -> None:
    columns, y = frame()
    X = as_polars(columns).rename({"amount": "target", "count": "target_2"})
    model = quick().fit(X, y)
    assert model.model_.schema.target == "target_3"
    wanted = quick().fit(as_polars(columns), y).predict_proba(as_polars(columns))
    np.testing.assert_allclose(model.predict_proba(X), wanted)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y"),
        (np.linspace(0, 1, 300), "continuous"),
        (np.ones(300), r"one class only, '1\.0'"),
        (np.where(np.arange(300) < 9, np.nan, 1.0), "NaN"),
        (np.array(["a", None] * 150, object), "missing"),
        (np.ones(299), "inconsistent"),
        (np.zeros((300, 2, 2)), "dim 3"),
    ],
)
def test_odd_labels_are_refused(
    data: tuple[np.ndarray, np.ndarray], y: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        quick().fit(data[0], y)


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
