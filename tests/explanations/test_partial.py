# SPDX-License-Identifier: Apache-2.0
"""Partial dependence beside scikit-learn, and its intervals beside SciPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import InputError
from equipoise.explanations.partial import partial_dependence
from equipoise.priors import probability
from equipoise.table.table import Table
from equipoise.task import Task

TASK = Task("binary", ("no", "yes"))


def of(rows: Table) -> np.ndarray:
    x, flag = rows["x"].values, rows["flag"].values
    some = np.nan_to_num(rows["some"].values, nan=-1.0)
    city = np.where(rows["city"].values < 0, 2.5, rows["city"].values)
    days = rows["day"].values.astype("datetime64[D]").astype(float) / 400 - 49
    z = x * (1 + flag) + 0.5 * some - city + 0.3 * days
    return np.stack([probability(z), probability(-0.5 * z)], axis=1)


def test_the_means_are_those_of_scikit_learn(kinds: Callable[..., Table]) -> None:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.inspection import partial_dependence as theirs

    table = kinds(200, TASK).select(["x", "some", "flag"])
    x = np.stack([c.values for c in table.columns], axis=1)
    x[:, 1] = np.nan_to_num(x[:, 1])

    class Fitted(ClassifierMixin, BaseEstimator):
        classes_ = np.array([0, 1])

        def fit(self, x: np.ndarray, y: np.ndarray) -> Fitted:
            self.fitted_ = True
            return self

        def predict_proba(self, x: np.ndarray) -> np.ndarray:
            p = probability(x[:, 0] * (1 + x[:, 2]) + x[:, 1])
            return np.stack([1 - p, p], axis=1)

    expected = theirs(Fitted().fit(x, x), x, [2], kind="both")

    def same(rows: Table) -> np.ndarray:
        each = [np.nan_to_num(c.values) for c in rows.columns]
        return Fitted().predict_proba(np.stack(each, axis=1))[:, 1:]

    made = partial_dependence(same, table, "flag", ("yes",))
    assert made.values == ("0", "1")
    np.testing.assert_allclose(made.mean[:, 0], expected["average"][0])
    rows = expected["individual"][0]
    median = np.quantile(rows, 0.5, axis=0, method="inverted_cdf")
    np.testing.assert_allclose(made.quantiles[:, 0, 1], median)
    assert made.range[0] == pytest.approx(np.ptp(expected["average"][0]))


def test_intervals_are_t_intervals_over_rows(kinds: Callable[..., Table]) -> None:
    table = kinds(100, TASK)
    made = partial_dependence(of, table, "x", ("a", "b"), points=4)
    assert len(made.values) == 4
    point = float(made.values[1])
    ordered = np.sort(table["x"].values)
    exact = ordered[np.argmin(np.abs(ordered - point))]
    import dataclasses

    columns = tuple(
        dataclasses.replace(c, values=np.full(100, exact)) if c.name == "x" else c
        for c in table.columns
    )
    each = of(dataclasses.replace(table, columns=columns))
    low, high = stats.t.interval(0.95, 99, each[:, 1].mean(), stats.sem(each[:, 1]))
    assert made.low[1, 1] == pytest.approx(low)
    assert made.high[1, 1] == pytest.approx(high)
    moved = each[:, 0] - of(table)[:, 0]
    low, high = stats.t.interval(0.95, 99, moved.mean(), stats.sem(moved))
    assert made.effect[1, 0] == pytest.approx(moved.mean())
    assert made.effect_low[1, 0] == pytest.approx(low)
    assert made.effect_high[1, 0] == pytest.approx(high)
    np.testing.assert_allclose(made.average, of(table).mean(axis=0))


@pytest.mark.parametrize("column", ["x", "some", "city", "day", "flag"])
def test_each_kind_of_column_has_its_points(
    column: str, kinds: Callable[..., Table]
) -> None:
    table = kinds(300, TASK)
    made = partial_dependence(of, table, column, ("a", "b"), points=6)
    assert made.share.sum() == pytest.approx(1.0)
    assert (made.low <= made.mean).all()
    assert (made.mean <= made.high).all()
    assert (made.quantiles[..., 0] <= made.quantiles[..., 2]).all()
    missing = bool(table[column].missing().any())
    assert (made.values[-1] == "missing") == missing
    expected = {"x": 6, "some": 7, "city": 5, "day": 6, "flag": 2}[column]
    assert len(made.values) == expected
    if missing:
        assert made.share[-1] == pytest.approx(table[column].missing().mean())


def test_rare_categories_are_left_out(kinds: Callable[..., Table]) -> None:
    made = partial_dependence(of, kinds(300, TASK), "city", ("a", "b"), points=2)
    assert len(made.values) == 3
    assert made.share.sum() < 1


def test_clusters_and_weights(kinds: Callable[..., Table]) -> None:
    table = kinds(50, TASK)
    double = table.take(np.repeat(np.arange(50), 2))
    unit = np.repeat(np.arange(50), 2)
    one = partial_dependence(of, table, "flag", ("a", "b"))
    tied = partial_dependence(of, double, "flag", ("a", "b"), clusters=unit)
    np.testing.assert_allclose(one.low, tied.low)
    mass = np.arange(50.0)
    heavy = partial_dependence(of, table, "flag", ("a", "b"), weights=mass)
    np.testing.assert_allclose(
        heavy.average, np.average(of(table), axis=0, weights=mass)
    )
    single = partial_dependence(of, table.take([0]), "flag", ("a", "b"))
    assert np.isnan(single.low).all()


def test_many_rows_are_sampled(kinds: Callable[..., Table]) -> None:
    made = partial_dependence(of, kinds(1500, TASK), "flag", ("a", "b"))
    assert made.rows == 1000


def test_text_and_frame(kinds: Callable[..., Table]) -> None:
    made = partial_dependence(of, kinds(100, TASK), "city", ("a", "b"))
    rows = made.frame("pyarrow").to_pylist()
    assert len(rows) == 2 * len(made.values)
    assert rows[0]["probability"] == pytest.approx(made.mean[0, 0])
    lines = str(made).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("missing") for line in lines)


def test_bad_arguments_are_refused(kinds: Callable[..., Table]) -> None:
    table = kinds(30, TASK)
    with pytest.raises(InputError, match="column name"):
        partial_dependence(of, table, "absent", ("a", "b"))
    with pytest.raises(InputError, match="no rows"):
        partial_dependence(of, table.take(np.arange(0)), "x", ("a", "b"))
    with pytest.raises(InputError, match="points"):
        partial_dependence(of, table, "x", ("a", "b"), points=1)
    with pytest.raises(InputError, match="one per row"):
        partial_dependence(of, table, "x", ("a", "b"), weights=[1.0])
