# SPDX-License-Identifier: Apache-2.0
"""Reasons for single rows: exact, sampled, and as words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from equipoise.errors import InputError, UnsupportedError
from equipoise.explanations.fold_models import FoldModels, ModelPart
from equipoise.explanations.reasons import explain_scores, value_text
from equipoise.learners.prior import PriorScorer
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.trials.fold_scores import fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol

BINARY = Task("binary", ("no", "yes"))
SEVERAL = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("p", "q"))


def models_of(table: Table, *learners: str) -> FoldModels:
    strategies = tuple(Strategy(name=name, learner=name) for name in learners)
    plan = TrialPlan(table, strategies, Protocol(folds=2), keep=True)
    scorers = fit_parts(plan, plan.parts([0])).scorers
    parts = tuple(ModelPart(n, 1 / len(learners), scorers[n]) for n in learners)
    return FoldModels(table.task, parts)


@pytest.mark.parametrize("task", [BINARY, SEVERAL, LABELS], ids=lambda t: t.kind)
def test_exact_values_add_up(task: Task, kinds: Callable[..., Table]) -> None:
    table = kinds(200, task)
    models = models_of(table, "logistic", "trees")
    made = explain_scores(models, table, method="exact")
    assert made.exact
    assert not made.errors.any()
    missed = np.abs(made.base + made.contributions.sum(axis=1) - made.scores)
    assert missed.max() == pytest.approx(made.gap)
    assert "differs from it by up to" in made.method
    if task is SEVERAL:
        np.testing.assert_allclose(made.contributions.sum(axis=-1), 0, atol=1e-12)
        assert set(made.shown) == {0, 1, 2}


def test_sampled_values_go_to_the_definition(
    kinds: Callable[..., Table], brute: Callable[..., np.ndarray]
) -> None:
    table = kinds(200, BINARY)
    rows, background = table.take(np.arange(3)), table.take(np.arange(30, 40))
    models = models_of(table, "logistic", "extra_trees")
    made = explain_scores(models, rows, background, draws=400, seed=2)
    assert not made.exact
    assert made.gap < 1e-9
    expected = brute(lambda t: models.whole(t)[0], rows, background)
    assert (np.abs(made.contributions - expected) <= 4.5 * made.errors + 1e-9).all()
    assert "computed exactly" in made.method


def test_what_is_exact_for_a_part_makes_the_rest_surer(
    kinds: Callable[..., Table],
) -> None:
    """The mean of log-odds is nearly the log-odds of the mean."""
    table = kinds(200, BINARY)
    rows = table.take(np.arange(20))
    models = models_of(table, "logistic", "trees")
    made = explain_scores(models, rows, table, method="sampled", draws=10)
    exact = explain_scores(models, rows, table, method="exact")
    assert made.errors.mean() < 0.15 * np.abs(exact.contributions).mean()
    assert made.gap < 1e-9 < 0.25 < exact.gap
    assert not explain_scores(models, rows, table, draws=2).exact  # auto


def test_a_single_model_has_no_gap(kinds: Callable[..., Table]) -> None:
    table = kinds(200, BINARY)
    one = models_of(table, "trees").parts[0].scorers[:1]
    made = explain_scores(FoldModels(BINARY, (ModelPart("one", 1.0, one),)), table)
    assert made.gap < 1e-9


def test_reasons_name_the_largest_contributions(kinds: Callable[..., Table]) -> None:
    table = kinds(200, BINARY)
    made = explain_scores(models_of(table, "logistic"), table, method="exact")
    reasons = made.reasons(2)
    row = int(np.argmax(np.abs(made.contributions[:, 0, 0])))
    place = int(np.argmax(np.abs(made.contributions[row, :, 0])))
    name = table.names[place]
    assert reasons[row][0].startswith(f"{name} = ")
    assert f"({made.contributions[row, place, 0]:+.2f})" in reasons[row][0]
    assert len(made.reasons(9)[0]) == 9
    assert made.reasons(9)[0][-1] == ""


def test_what_is_within_its_error_is_no_reason(kinds: Callable[..., Table]) -> None:
    import dataclasses

    table = kinds(40, BINARY)
    made = explain_scores(models_of(table, "logistic"), table, method="exact")
    unsure = dataclasses.replace(made, errors=np.full_like(made.errors, 99.0))
    assert set(unsure.reasons()) == {("", "", "")}
    assert "no column stands out" in str(unsure)


def test_labels_have_reasons_each(kinds: Callable[..., Table]) -> None:
    table = kinds(200, LABELS)
    made = explain_scores(models_of(table, "logistic"), table, method="exact")
    each = [made.reasons(1, np.full(200, k)) for k in range(2)]
    assert each[0] != each[1]


def test_frame_and_text(kinds: Callable[..., Table]) -> None:
    table = kinds(30, SEVERAL)
    made = explain_scores(models_of(table, "logistic"), table, method="exact")
    rows = made.frame("pyarrow").to_pylist()
    assert len(rows) == 30 * 5 * 3
    total = sum(r["contribution"] for r in rows if r["row"] == 0 and r["class"] == "b")
    assert total + made.base[1] == pytest.approx(made.scores[0, 1], abs=made.gap + 1e-9)
    text = str(made)
    assert max(map(len, text.splitlines())) <= 80
    assert "and 25 more rows" in text


def test_values_in_words() -> None:
    days = np.array(["2024-01-02T03:04", "NaT"], "datetime64[us]")
    assert value_text(Column("d", "datetime", days), 0) == "2024-01-02 03:04:00"
    assert value_text(Column("d", "datetime", days), 1) == "missing"
    city = Column("c", "categorical", np.array([0, -1], np.int32), ("Bonn",))
    assert (value_text(city, 0), value_text(city, 1)) == ("Bonn", "missing")


def test_bad_arguments_are_refused(kinds: Callable[..., Table]) -> None:
    table = kinds(60, BINARY)
    prior = FoldModels(BINARY, (ModelPart("prior", 1.0, (PriorScorer(0.0),)),))
    with pytest.raises(InputError, match="no background"):
        explain_scores(prior, table.take(np.arange(3)))
    with pytest.raises(InputError, match="without rows"):
        explain_scores(prior, table, table.take(np.arange(0)))
    with pytest.raises(InputError, match="method"):
        explain_scores(prior, table, method="magic")
    with pytest.raises(UnsupportedError, match="boosted trees and linear"):
        explain_scores(models_of(table, "extra_trees"), table, method="exact")


def test_categories_of_two_sources_are_united(kinds: Callable[..., Table]) -> None:
    table = kinds(200, BINARY)
    models = models_of(table, "logistic")
    city = table["city"]
    turned = Column(
        "city",
        "categorical",
        np.where(city.values < 0, -1, 3 - city.values).astype(np.int32),
        city.categories[::-1],
    )
    columns = tuple(turned if c.name == "city" else c for c in table.columns)
    other = Table(columns, table.y, BINARY)
    made = explain_scores(models, table.take(np.arange(10)), other)
    same = explain_scores(models, table.take(np.arange(10)), table)
    np.testing.assert_allclose(made.contributions, same.contributions, atol=1e-12)
