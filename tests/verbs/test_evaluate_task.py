# SPDX-License-Identifier: Apache-2.0
"""Arrays and models of several classes and labels on labelled rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

import equipoise as eq
from equipoise.decision import Costs
from equipoise.errors import InputError, InputTypeError
from equipoise.table.generated_tasks import make_classes
from equipoise.table.table import Table

COUNTS = (150, 60, 30)


@pytest.fixture(scope="module")
def table() -> Table:
    return make_classes(240, counts=COUNTS, seed=7).table


def test_arrays_tell_the_task() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 200)
    p = random.dirichlet([1, 1, 1], 200)
    result = eq.evaluate(y, p)
    assert result["macro_f1"].value == pytest.approx(
        f1_score(y, p.argmax(axis=1), average="macro")
    )
    named = eq.evaluate(np.array(["a", "b", "c"])[y], p)
    assert list(named.by_class) == ["a", "b", "c"]
    assert named["macro_f1"].value == result["macro_f1"].value
    labels = (random.random((200, 3)) < p).astype(float)
    labels[0, 0] = np.nan
    several = eq.evaluate(labels, p, classes=["u", "v", "w"])
    assert several.task.kind == "multilabel"
    assert several.by_class["u"].rows == 199


@pytest.mark.parametrize(
    ("y", "p", "options", "message"),
    [
        ([0, 1], [[0.5, 0.1, 0.1], [0.2, 0.3, 0.5]], {}, "sum to 0.7"),
        (["a", "b"], [[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], {}, "of 2 classes"),
        (["a", "d"], [[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], {"classes": "abc"}, "d"),
        ([0, 1], [[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], {"classes": "ab"}, "3 columns"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    y: list[object], p: list[list[float]], options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        eq.evaluate(y, p, **options)


def test_a_model_is_judged_by_its_own_rule(table: Table, tmp_path: Path) -> None:
    model = eq.fit(table, strategy="logistic", repeats=1)
    again = eq.load(model.save(tmp_path / "m.equipoise"))
    assert (again.predict_proba(table) == model.predict_proba(table)).all()
    assert again.rule == model.rule
    assert again.card() == model.card()
    new = make_classes(300, counts=(60, 60, 180), seed=8).table
    result = again.evaluate(new)
    decided = model.decide(new)
    assert result["macro_f1"].value == pytest.approx(
        f1_score(new.labels(), decided, average="macro")
    )
    assert any("have changed" in note and "c2" in note for note in result.notes)
    with pytest.raises(eq.errors.UnsupportedError, match="3 classes"):
        model.at_prevalence(0.1)


CLASSES = np.array(["b", "a", "c"])
NUMBERS = np.repeat([0, 1, 2], [30, 25, 20])
SHARES = (
    np.random.default_rng(3).dirichlet([1, 1, 1], 75) * 0.5 + 0.5 * np.eye(3)[NUMBERS]
)
COSTS = {"a": {"b": 1, "c": 2}, "c": {"a": 3, "b": 4}, "b": {"a": 5, "c": 6}}


def _mean_cost(decisions: np.ndarray) -> float:
    pairs = zip(CLASSES[NUMBERS], CLASSES[decisions], strict=True)
    return float(np.mean([COSTS[t].get(d, 0) for t, d in pairs]))


def test_named_columns_are_not_taken_for_others() -> None:
    y = CLASSES[NUMBERS]
    named = pd.DataFrame(SHARES, columns=CLASSES)
    by_hand = eq.evaluate(y, SHARES, classes=CLASSES)["macro_average_precision"]
    for options in ({}, {"classes": ["a", "b", "c"]}, {"classes": CLASSES}):
        made = eq.evaluate(y, named, **options)
        assert made["macro_average_precision"].value == pytest.approx(by_hand.value)
    numbered = pd.DataFrame(SHARES[:, [2, 0, 1]], columns=[3, 1, 2])
    made = eq.evaluate(NUMBERS + 1, numbered, decisions=NUMBERS + 1)
    assert made["macro_average_precision"].value == pytest.approx(by_hand.value)
    assert made["accuracy"].value == 1.0
    seen = NUMBERS < 2  # the third class occurs in no row, but its column has a name
    some = eq.evaluate(y[seen], named[seen])
    assert set(some.by_class) == {"a", "b", "c"}
    assert list(some.unjudged) == ["c"]


def test_named_labels_are_not_taken_for_others() -> None:
    labels = pd.DataFrame((SHARES > 0.3).astype(int), columns=["u", "v", "w"])
    shares = pd.DataFrame(SHARES, columns=["u", "v", "w"])
    made = eq.evaluate(labels, shares[["w", "u", "v"]])
    assert list(made.by_class) == ["u", "v", "w"]
    assert made["macro_average_precision"].value == 1.0
    assert (
        made["macro_roc_auc"] == eq.evaluate(labels.to_numpy(), SHARES)["macro_roc_auc"]
    )
    with pytest.raises(InputError, match="do not have 'x'"):
        eq.evaluate(labels, shares.rename(columns={"w": "x"}))


def test_classes_that_are_numbers_name_the_labels() -> None:
    expected = eq.evaluate(NUMBERS, SHARES)["macro_average_precision"]
    tens = eq.evaluate(NUMBERS * 10 + 10, SHARES, classes=[10, 20, 30])
    assert tens["macro_average_precision"] == expected
    assert list(tens.by_class) == ["10", "20", "30"]
    turned = eq.evaluate(NUMBERS, SHARES[:, ::-1], classes=[2, 1, 0])
    assert turned["macro_average_precision"].value == pytest.approx(expected.value)
    with pytest.raises(InputError, match=r"Pass classes=\[1, 2, 3\]"):
        eq.evaluate(NUMBERS + 1, SHARES)
    column = eq.evaluate(NUMBERS[:, None], SHARES)
    assert column["macro_average_precision"] == expected


def test_decisions_are_names_as_the_labels_are() -> None:
    y = CLASSES[NUMBERS]
    decided = np.roll(NUMBERS, 3)
    numbers = eq.evaluate(y, SHARES, classes=CLASSES, decisions=decided)
    names = eq.evaluate(y, SHARES, classes=CLASSES, decisions=CLASSES[decided])
    assert names["accuracy"] == numbers["accuracy"]
    assert numbers["accuracy"].value == np.mean(decided == NUMBERS)
    with pytest.raises(InputError, match="decisions 'z'"):
        eq.evaluate(y, SHARES, classes=CLASSES, decisions=np.full(75, "z"))


def test_costs_are_found_by_the_names_of_classes() -> None:
    y = CLASSES[NUMBERS]
    decided = np.roll(NUMBERS, 7)
    expected = _mean_cost(decided)
    order = ("a", "b", "c")
    table = [[COSTS[t].get(k, 0) for k in order] for t in order]
    for costs in (
        COSTS,
        Costs.matrix(order, COSTS),
        pd.DataFrame(table, index=order, columns=order),
        [[COSTS[t].get(k, 0) for k in CLASSES] for t in CLASSES],
    ):
        made = eq.evaluate(y, SHARES, classes=CLASSES, decisions=decided, costs=costs)
        assert made["cost"].value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"costs": Costs(1, 5)}, InputTypeError, "3 classes"),
        ({"costs": (1, 5)}, InputError, "shape"),
        ({"costs": [[0, 1], [1, 0]]}, InputError, "shape"),
        ({"threshold": 0.5}, InputError, "threshold=0.5 for probabilities of several"),
        ({"positive": 1, "lower": 0.1}, InputError, "lower=0.1 and positive=1"),
    ],
)
def test_options_of_two_classes_are_refused(
    options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        eq.evaluate(NUMBERS, SHARES, **options)


def test_costs_of_labels_are_refused() -> None:
    with pytest.raises(InputError, match="costs of probabilities of labels"):
        eq.evaluate(np.eye(3)[NUMBERS], SHARES, costs=Costs(1, 5))


def test_labels_that_are_known_in_no_row() -> None:
    made = eq.evaluate(np.full((4, 2), np.nan), np.full((4, 2), 0.5))
    assert np.isnan(made["macro_average_precision"].value)
    assert np.isnan(made.by_class["0"].prevalence)
    assert "2 of the labels cannot be judged" in str(made)


def test_the_advice_about_arrays_of_several_classes_works() -> None:
    y = CLASSES[NUMBERS]
    labels = np.eye(3)[NUMBERS]
    made = eq.evaluate(labels, SHARES, decisions=(SHARES > 0.3).astype(int))
    assert 0 < made["macro_f1"].value <= 1
    one = eq.evaluate((y == "a").astype(int), SHARES[:, 1], threshold=0.3)
    assert one["recall"].value == np.mean(SHARES[NUMBERS == 1, 1] >= 0.3)
    alone = eq.evaluate(labels[:, 0], SHARES[:, 0], costs=Costs(1, 5))
    assert alone["cost"].value > 0
    costs = Costs.matrix(tuple(CLASSES), COSTS)
    priced = eq.evaluate(y, SHARES, classes=CLASSES, costs=costs)
    assert priced["cost"].value == pytest.approx(_mean_cost(SHARES.argmax(axis=1)))
    numbered = eq.evaluate(NUMBERS + 1, SHARES, classes=[1, 2, 3])
    assert list(numbered.by_class) == ["1", "2", "3"]
    partly = pd.DataFrame(SHARES, columns=["b", "a", "x"])
    values = eq.evaluate(y, partly.to_numpy(), classes=CLASSES)
    assert values["accuracy"].value == np.mean(SHARES.argmax(axis=1) == NUMBERS)
