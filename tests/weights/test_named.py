# SPDX-License-Identifier: Apache-2.0
"""Class weights by name within a strategy."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, InputTypeError
from equipoise.strategies.blended import Blend
from equipoise.strategies.strategy import Strategy
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.generators import gaussian_shift
from equipoise.task import Task
from equipoise.weights.named import NamedWeights, named_scheme

ABC = Task("multiclass", ("a", "b", "c"))
PAIR = Task("binary", ("no", "yes"))
LABELS = Task("multilabel", ("wet", "cold"))


def test_weights_are_those_named_with_mean_one() -> None:
    heavy = Strategy(weights={"c": 8, "b": 0.5})
    weights = heavy.with_classes(ABC).class_weights([70, 20, 10])
    np.testing.assert_allclose(weights / weights[0], [1, 0.5, 8])
    assert weights @ [70, 20, 10] == pytest.approx(100)
    binary = Strategy(weights={"yes": 9}).with_classes(PAIR)
    same = Strategy(weights="fixed", options={"positive_weight": 9.0})
    np.testing.assert_array_equal(
        binary.class_weights([90, 10]), same.class_weights([90, 10])
    )
    assert binary.correction([90, 10]) == same.correction([90, 10])


def test_the_offsets_are_exact() -> None:
    heavy = Strategy(weights={"c": 8}).with_classes(ABC)
    offset = np.array(heavy.correction([70, 20, 10]).offset)
    np.testing.assert_allclose(offset, [0, 0, -np.log(8)])
    labels = Strategy(weights={"cold": 5}).with_classes(LABELS)
    offset = np.array(labels.correction([[90, 10], [80, 20]]).offset)
    np.testing.assert_allclose(offset, [0, -np.log(5)])


def test_labels_are_weighted_one_by_one() -> None:
    weights = Strategy(weights={"cold": 5}).with_classes(LABELS)
    each = weights.class_weights([[90, 10], [80, 20]])
    np.testing.assert_allclose(each[0], [1, 1])
    np.testing.assert_allclose(each[1, 1] / each[1, 0], 5)
    assert each[1] @ [80, 20] == pytest.approx(100)


def test_absent_classes_count_one() -> None:
    heavy = Strategy(weights={"c": 8, "a": 2}).with_classes(ABC)
    weights = heavy.class_weights([30, 0, 10])
    np.testing.assert_allclose(weights, [2 * 40 / 140, 1, 8 * 40 / 140])
    np.testing.assert_array_equal(heavy.class_weights([30, 0, 0]), [1, 1, 1])


@pytest.mark.parametrize("task", [None, ABC, Task("multilabel", ("b", "c", "x"))])
def test_the_record_stays_a_record(task: Task | None) -> None:
    one, two = (
        Strategy("mine", weights=w) for w in ({"b": 2, "c": 3}, {"c": 3, "b": 2.0})
    )
    assert one == two
    assert hash(one) == hash(two)
    assert len({one, two, Strategy("mine", weights={"b": 2})}) == 2
    made = one if task is None else one.with_classes(task)
    assert repr(made) == "Strategy('mine', weights={'b': 2.0, 'c': 3.0})"
    plain = json.loads(json.dumps(made.to_dict()))
    again = Strategy.from_dict(plain)
    assert again == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert dataclasses.replace(made, name="other").weights == made.weights
    if task is not None:
        totals = [[9, 1], [8, 2], [7, 3]] if task.kind == "multilabel" else [9, 5, 2]
        np.testing.assert_array_equal(
            again.class_weights(totals), made.class_weights(totals)
        )


def test_it_says_what_it_does() -> None:
    heavy = Strategy(weights={"c": 8, "b": 0.5})
    assert heavy.name == "named"
    assert "rows weighted by class: b 0.5, c 8, others 1" in heavy.describe()
    heavy = heavy.with_classes(ABC)
    assert "known shift of each class's logit" in heavy.describe([70, 20, 10])
    everyone = Strategy(weights={"no": 1, "yes": 9}).with_classes(PAIR)
    assert "by class: no 1, yes 9, minimising" in everyone.describe([90, 10])
    assert "elkan2001" in heavy.citation()
    many = NamedWeights.read({f"c{k}": 2 for k in range(20)})
    assert "12 more, others 1" in many.describe()
    braces = Strategy(weights={"{x}": 2})
    assert "{x} 2" in braces.describe()


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ({}, InputError, "weights={}"),
        ({"a": 0}, InputError, "the weight of the class 'a'"),
        ({"a": float("nan")}, InputError, "the weight of the class 'a'"),
        ({"a": 1e300}, InputError, "the weight of the class 'a'=1e.300.*divide all"),
        ({"a": 1e-300}, InputError, "the weight of the class 'a'=1e-300"),
        ({"a": "heavy"}, InputTypeError, "the weight of the class 'a'"),
        ({"1": 2, 1: 3}, InputError, "two weights of the class '1'"),
        ({None: 2}, InputTypeError, "the class None"),
    ],
)
def test_odd_weights_are_refused(
    weights: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Strategy(weights=weights)


def test_unknown_classes_are_refused_once_the_table_is_known() -> None:
    heavy = Strategy(weights={"POX": 20})
    with pytest.raises(InputError, match=r"weight of the class 'POX'.*'Pox'"):
        heavy.with_classes(Task("multiclass", ("a", "Pox", "c")))
    with pytest.raises(InputError, match="weight of the label 'POX'"):
        heavy.with_classes(LABELS)
    table = make_classes(120, counts=[80, 25, 15]).table
    logistic = Strategy(learner="logistic", weights={"c9": 2})
    for verb in (
        lambda: eq.fit(table, strategy=logistic),
        lambda: eq.compare(table, strategies=logistic),
    ):
        with pytest.raises(InputError, match=r"weight of the class 'c9'.*'c0'"):
            verb()


def test_totals_without_names_are_refused() -> None:
    with pytest.raises(InputError, match=r"with_classes\(table.task\)"):
        Strategy(weights={"a": 2}).class_weights([9, 1])
    bound = named_scheme(NamedWeights.read({"a": 2}).of(ABC))
    with pytest.raises(InputError, match="for weights of the multiclass task"):
        bound.task_weights([9, 1])


def test_numbers_name_classes_too() -> None:
    weights = {1: 2, np.int64(2): 3, 3.0: 4}
    assert NamedWeights.read(weights).by_name == (("1", 2.0), ("2", 3.0), ("3", 4.0))


@pytest.mark.parametrize("learner", ["logistic", "trees", "extra_trees", "network"])
def test_two_classes_learn_by_them_bit_for_bit(learner: str) -> None:
    """As by the scheme that gives the same weights."""
    table = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
    positive = table.classes[1]
    options = {"folds": 3, "repeats": 1, "network": "linear"}
    named, fixed = (
        eq.fit(table, strategy=Strategy("mine", learner, **weights), **options)
        for weights in (
            {"weights": {positive: 4}},
            {"weights": "fixed", "options": {"positive_weight": 4.0}},
        )
    )
    np.testing.assert_array_equal(named.log_odds(table), fixed.log_odds(table))


def test_a_model_learns_by_them_and_keeps_them(tmp_path: Any) -> None:
    """Weights 1 / share are those that are balanced in every part, nearly."""
    table = make_classes(240, counts=[160, 50, 30], seed=1).table
    balanced = {f"c{k}": 240 / n for k, n in enumerate([160, 50, 30])}
    named = Strategy("mine", "logistic", weights=balanced)
    options = {"folds": 3, "repeats": 1, "calibration": "none"}
    model = eq.fit(table, strategy=named, **options)
    again = eq.load(model.save(tmp_path / "m.equipoise"))
    np.testing.assert_array_equal(
        again.predict_proba(table), model.predict_proba(table)
    )
    (component,) = again.components
    assert component.strategy == named.with_classes(table.task)
    assert "c2 8" in model.card()

    def apart(weights: str | None) -> float:
        other = Strategy("mine", "logistic", weights=weights)
        p = eq.fit(table, strategy=other, **options).predict_proba(table)
        return float(np.abs(p - model.predict_proba(table)).mean())

    assert apart("balanced") < 0.3 * apart(None)


def test_labels_and_two_classes_learn_by_them() -> None:
    table = make_labels(200, shares=[0.3, 0.2], seed=1).table
    name = table.classes[1]
    strategy = Strategy("mine", "logistic", weights={name: 5})
    trial = eq.compare(table, strategies=strategy, folds=3, repeats=1)
    assert "mine" in trial.names
    blend = Blend(
        "two", blended=(strategy, Strategy("logistic", "logistic")), shares=(0.5, 0.5)
    )
    assert blend.with_classes(table.task).blended[0].weights.classes == table.classes
    X = np.random.default_rng(0).normal(size=(120, 2))
    y = (np.arange(120) % 6 == 0).astype(int)
    heavy = Strategy("heavy", "logistic", weights={1: 4})
    assert eq.EquipoiseClassifier(heavy, folds=2).fit(X, y).predict(X).shape == (120,)
