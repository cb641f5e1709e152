# SPDX-License-Identifier: Apache-2.0
"""Shares of classes by name, and samplers, within a strategy."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.sampling import (
    Balanced,
    GroupBalanced,
    HardExamples,
    Natural,
    Progressive,
    Proportions,
    Quotas,
    Rate,
    RepeatFactor,
)
from equipoise.sampling.named import NamedShares, as_parts
from equipoise.strategies import Strategy
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.task import Task

ABC = Task("multiclass", ("a", "b", "c"))
PAIR = Task("binary", ("no", "yes"))
LABELS = Task("multilabel", ("wet", "cold"))
SHORT: dict[str, Any] = {"folds": 2, "repeats": 1, "network": "linear"}


def test_offsets_are_those_of_the_shares() -> None:
    """- log r_c of the rates r_c = drawn share / share among the rows."""
    more = Strategy(sampling={"c": 0.3}).with_classes(ABC)
    np.testing.assert_allclose(
        more.drawn_prior([70, 20, 10]), [0.7 * 7 / 9, 0.7 * 2 / 9, 0.3], atol=2e-6
    )
    rates = more.drawn_prior([70, 20, 10]) / [0.7, 0.2, 0.1]
    offset = np.array(more.correction([70, 20, 10]).offset)
    np.testing.assert_allclose(offset, -np.log(rates / rates[0]), atol=1e-9)
    pair = Strategy(sampling={"yes": 0.25, "no": 0.75}).with_classes(PAIR)
    same = Strategy(sampling="rate", options={"rate": 0.25})
    assert pair.correction([90, 10]).offset == pytest.approx(
        same.correction([90, 10]).offset, abs=1e-5
    )


def test_labels_are_drawn_by_quotas_and_weighted_back() -> None:
    random = np.random.default_rng(0)
    labels = (random.random((400, 2)) < [0.3, 0.05]).astype(np.int8)
    cold = Strategy(sampling={"cold": 0.4}).with_classes(LABELS)
    draw = cold.sampler().draw(labels, batch=50, steps=40, seed=0, epoch=0)
    rows = labels[draw.index]
    assert rows[..., 1].sum(axis=1).min() >= 20 - 1
    importance = cold.importance(labels)
    assert importance is not None
    weights = importance[draw.index]
    mean = (rows * weights[..., None]).sum((0, 1)) / weights.sum()
    np.testing.assert_allclose(mean, labels.mean(axis=0), atol=0.02)
    assert cold.correction([[280, 120], [380, 20]]).offset == (0.0, 0.0)


@pytest.mark.parametrize("task", [None, ABC, Task("multilabel", ("b", "c", "x"))])
def test_the_record_stays_a_record(task: Task | None) -> None:
    one, two = (
        Strategy("mine", sampling=s)
        for s in ({"b": 0.2, "c": 0.3}, {"c": 0.3, "b": 0.2})
    )
    assert one == two
    assert len({one, two, Strategy("mine", sampling={"b": 0.2})}) == 2
    made = one if task is None else one.with_classes(task)
    assert repr(made) == "Strategy('mine', sampling={'b': 0.2, 'c': 0.3})"
    again = Strategy.from_dict(json.loads(json.dumps(made.to_dict())))
    assert again == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert dataclasses.replace(made, name="other").sampling == made.sampling
    assert Strategy().with_classes(ABC) == Strategy()


def test_it_says_what_it_does() -> None:
    more = Strategy(sampling={"b": 0.2, "c": 0.3})
    assert more.name == "proportions"
    for words in (more.describe(), more.with_classes(ABC).describe([70, 20, 10])):
        assert "with shares in every batch of b 0.2, c 0.3" in words
        assert "known shift of each class's logit" in words
    pair = Strategy(sampling={"no": 0.6, "yes": 0.4})
    assert "no 0.6, yes 0.4" in pair.describe() or "0.4 of every" in pair.describe()
    both = Strategy(sampling={"c": 0.3}, weights={"b": 2})
    assert "c 0.3" in both.describe()
    assert "b 2, others 1" in both.describe()
    assert "each row weighs 1 / the rate" in (
        Strategy(sampling={"wet": 0.3}).with_classes(LABELS).describe()
    )
    trees = Strategy(learner="trees", sampling={"c": 0.3})
    assert "on rows drawn once, with shares in the rows of c 0.3" in trees.describe()
    assert "elkan2001" in more.citation()


@pytest.mark.parametrize(
    ("shares", "error", "message"),
    [
        ({}, InputError, r"sampling=\{\}"),
        ({"a": 0}, InputError, "the share of the class 'a'"),
        ({"a": 1.0}, InputError, "the share of the class 'a'"),
        ({"a": "much"}, InputTypeError, "the share of the class 'a'"),
        ({"1": 0.2, 1: 0.3}, InputError, "two shares of the class '1'"),
        ({"a": 0.7, "b": 0.7}, InputError, "a sum of 1.4"),
    ],
)
def test_odd_shares_are_refused(
    shares: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Strategy(sampling=shares)


@pytest.mark.parametrize(
    ("shares", "task", "message"),
    [
        ({"POX": 0.2}, ABC, "a share of the class 'POX'"),
        ({"hot": 0.2}, LABELS, "a share of the label 'hot'"),
        ({"a": 0.5, "b": 0.2, "c": 0.2}, ABC, r"a sum of 0\.9.*a sum of 1 for all"),
        ({"a": 0.5, "b": 0.5}, ABC, "the other classes are drawn too"),
        ({"wet": 0.5, "cold": 0.5}, LABELS, "the other rows are drawn too"),
    ],
)
def test_shares_must_fit_the_table(shares: Any, task: Task, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Strategy(sampling=shares).with_classes(task)


def test_shares_need_the_classes() -> None:
    with pytest.raises(InputError, match=r"with_classes\(table.task\)"):
        Strategy(sampling={"a": 0.2}).sampler()


@pytest.mark.parametrize(
    ("sampler", "parts"),
    [
        (Balanced(), ("balanced", {})),
        (Natural(), ("natural", {})),
        (Rate(0.4), ("rate", {"rate": 0.4})),
        (Quotas(0.3), ("quotas", {"share": 0.3})),
        (RepeatFactor(0.2), ("repeat_factor", {"threshold": 0.2})),
        (Progressive(passes=4), ("progressive", {"passes": 4})),
        (Proportions("balanced"), ("balanced", {})),
        (Proportions("natural"), ("natural", {})),
    ],
)
def test_a_sampler_is_its_name_and_its_options(sampler: Any, parts: Any) -> None:
    assert as_parts(sampler) == parts
    made = Strategy(sampling=sampler)
    assert made == Strategy(sampling=parts[0], options=parts[1])
    assert type(made.sampler()) is type(Strategy(sampling=parts[0]).sampler())


def test_a_sampler_of_shares_is_shares() -> None:
    sampler = Proportions({"c": 0.3, 0: 0.2}, classes=ABC.classes)
    made = Strategy(sampling=sampler)
    assert made == Strategy(sampling={"c": 0.3, "a": 0.2})
    assert made.with_classes(ABC).sampler() == sampler
    with pytest.raises(InputError, match=r"sampling=\{name: share\}"):
        Strategy(sampling=Proportions([0.2, 0.8]))


@pytest.mark.parametrize(
    ("sampler", "why"),
    [
        (GroupBalanced([1, 1, 2, 2, 3]), "groups are those of certain rows"),
        (HardExamples(5), "losses of certain rows"),
    ],
)
def test_samplers_of_certain_rows_are_for_feeds(sampler: Any, why: str) -> None:
    with pytest.raises(UnsupportedError, match=why):
        Strategy(sampling=sampler)
    assert sampler.over(np.eye(5), [0, 0, 0, 1, 1]).steps == 1


def test_a_sampler_and_an_option_that_contradicts_it() -> None:
    with pytest.raises(InputError, match=r"rate=0\.5 with sampling=Rate"):
        Strategy(sampling=Rate(0.4), options={"rate": 0.5})
    default = Quotas().share
    with pytest.raises(InputError, match=r"share=0\.7 with sampling=Quotas"):
        Strategy(sampling=Quotas(), options={"share": 0.7})
    assert Strategy(sampling=Quotas(), options={"share": default}).parts.sampler() == (
        Quotas()
    )
    same = Strategy(sampling=Rate(0.4), options={"learning_rate": 0.01})
    assert same.settings == {"learning_rate": 0.01, "rate": 0.4}


@pytest.mark.parametrize("learner", ["network", "trees", "logistic"])
def test_models_learn_by_them_and_keep_them(learner: str, tmp_path: Any) -> None:
    table = make_classes(240, counts=[160, 50, 30], seed=1).table
    more = Strategy("more", learner, sampling={"c2": 0.4})
    model = eq.fit(table, strategy=more, **SHORT, calibration="none")
    again = eq.load(model.save(tmp_path / "m.equipoise"))
    np.testing.assert_array_equal(
        again.predict_proba(table), model.predict_proba(table)
    )
    (component,) = again.components
    assert component.strategy == more.with_classes(table.task)
    # Corrected: on average the classes have the shares that they have.
    mean = model.predict_proba(table).mean(axis=0)
    np.testing.assert_allclose(mean, np.array([160, 50, 30]) / 240, atol=0.09)


def test_two_classes_draw_as_the_sampling_of_that_rate() -> None:
    labels = np.arange(200) % 5 == 0
    shares = Strategy(sampling={"yes": 0.25}).with_classes(PAIR)
    rate = Strategy(sampling="rate", options={"rate": 0.25})
    draws = [
        each.sampler().draw(labels, batch=32, steps=20, seed=3, epoch=1).index
        for each in (shares, rate)
    ]
    np.testing.assert_array_equal(*draws)


def test_labels_learn_by_them() -> None:
    table = make_labels(200, shares=[0.3, 0.2], seed=1).table
    more = Strategy("more", sampling={table.classes[1]: 0.4})
    trial = eq.compare(table, strategies=[more, "plain"], **SHORT)
    assert "more" in trial.names


def test_words_need_no_table() -> None:
    assert NamedShares.read({"a": 0.2}).describe() == "a 0.2, others naturally"
