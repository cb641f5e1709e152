# SPDX-License-Identifier: Apache-2.0
"""Tuned strategies as records: what they search, how they are copied and stored."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from equipoise._core.options import SearchRange
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.strategies.catalogue import CATALOGUE
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import (
    Tuned,
    expected_flattery,
    flattery_note,
    tuned_strategies,
)
from equipoise.task import Task


def test_the_usual_space_is_what_the_parts_declare() -> None:
    tuned = Tuned("plain")
    settings = tuned.base.parts.settings
    declared = {name for name, s in settings.items() if s.search is not None}
    assert {name for name, _ in tuned.space} == declared
    assert {"learning_rate", "weight_decay", "dropout", "width", "depth"} <= declared


def test_what_the_strategy_sets_itself_is_left_alone() -> None:
    tuned = Tuned(Strategy("slow", options={"learning_rate": 1e-3}))
    assert "learning_rate" not in dict(tuned.space)
    for values in tuned.design():
        assert tuned.candidate(values).option("learning_rate") == 1e-3


def test_a_design_lies_within_its_ranges_and_fills_them() -> None:
    space = {"learning_rate": (1e-4, 1e-1), "dropout": (0.1, 0.5), "depth": [1, 3]}
    design = Tuned("plain", trials=64, space=space).design()
    assert len(design) == 64
    rates = np.array([each["learning_rate"] for each in design])
    assert (rates >= 1e-4).all()
    assert (rates <= 1e-1).all()
    # Equal ratios count alike: a third of the candidates in each decade.
    decades = np.histogram(np.log10(rates), bins=[-4, -3, -2, -1])[0]
    assert decades.tolist() == pytest.approx([64 / 3] * 3, abs=2)
    dropouts = np.array([each["dropout"] for each in design])
    assert np.histogram(dropouts, bins=[0.1, 0.3, 0.5])[0].tolist() == [32, 32]
    assert {each["depth"] for each in design} == {1, 3}
    assert Tuned("plain", trials=64, space=space).design() == design


def test_a_small_space_has_no_candidate_twice() -> None:
    tuned = Tuned("plain", trials=50, space={"depth": [1, 2], "width": [8, 16]})
    design = tuned.design()
    assert len(design) == 4
    assert len({tuple(each.items()) for each in design}) == 4


def test_weights_can_be_searched_by_name() -> None:
    tuned = Tuned("plain", space={"weights": [None, "balanced", "sqrt"]})
    schemes = {tuned.candidate(each).weights for each in tuned.design()}
    assert schemes == {None, "balanced", "sqrt"}
    weighted = tuned.candidate({"weights": "balanced"})
    assert weighted.correction([90, 10]).offset[0] == pytest.approx(-np.log(9))


def test_candidates_have_the_tuned_name_and_the_base_s_parts() -> None:
    tuned = Tuned("focal", name="searched")
    candidate = tuned.candidate({"gamma": 0.5})
    assert (candidate.name, candidate.loss) == ("searched", "focal")
    assert candidate.option("gamma") == 0.5
    assert type(candidate) is Strategy
    assert tuned.default.option("gamma") == 2.0


def test_weights_by_name_know_the_classes_of_the_table() -> None:
    """In the strategy as it is and in every candidate, also after a round trip."""
    base = Strategy("w", weights={"c": 5})
    tuned = Tuned(base, trials=2, space={"depth": [1, 2]})
    tuned = tuned.with_classes(Task("multiclass", ("a", "b", "c")))
    again = Tuned.from_dict(json.loads(json.dumps(tuned.to_dict())))
    assert again == tuned
    for arm in (tuned, again, tuned.default, tuned.candidate({"depth": 1})):
        weights = arm.class_weights([60, 30, 10])
        assert weights[2] / weights[0] == pytest.approx(5)
    with pytest.raises(InputError, match="a weight of the class 'c'"):
        Tuned(base).with_classes(Task("multiclass", ("a", "b", "d")))


def test_it_is_a_record_that_copies_prints_and_returns() -> None:
    tuned = Tuned("plain", trials=5, space={"weights": [None, "sqrt"], "depth": [1]})
    again = Tuned.from_dict(json.loads(json.dumps(tuned.to_dict())))
    assert again == tuned
    assert hash(again) == hash(tuned)
    renamed = dataclasses.replace(tuned, name="other")
    assert renamed.name == "other"
    assert renamed.space == tuned.space
    assert "5 candidates" in tuned.describe()
    assert "weights None, sqrt" in tuned.describe()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"base": "prior"}, InputError, "search range"),
        ({"base": "auto"}, UnsupportedError, "Tune the strategies that it averages"),
        ({"base": 3}, InputTypeError, "a name of the catalogue"),
        ({"base": "plain", "trials": 0}, InputError, "trials=0"),
        ({"base": "plain", "folds": 1}, InputError, "folds=1"),
        ({"base": "plain", "space": {"gama": [1]}}, InputError, "'gama'"),
        ({"base": "plain", "space": {"dropout": (0.0, 2.0)}}, InputError, "dropout"),
        ({"base": "plain", "space": {"dropout": (0.5, 0.1)}}, InputError, "lower end"),
        ({"base": "plain", "space": {"dropout": 0.5}}, InputTypeError, "a pair"),
        ({"base": "plain", "space": {"depth": []}}, InputError, "at least one"),
        ({"base": "plain", "space": {"weights": ["balance"]}}, InputError, "balanced"),
    ],
)
def test_bad_searches_are_refused(arguments, error, words) -> None:
    with pytest.raises(error, match="Received") as caught:
        Tuned(**arguments)
    assert words in str(caught.value)


def test_an_option_that_does_nothing_is_left_out_of_a_design() -> None:
    tuned = Tuned("plain", space={"depth": [1, 2], "learning_rate": (1e-3, 1e-2)})
    assert all("depth" not in each for each in tuned.design(without=("depth",)))
    with pytest.raises(InputError, match="an option that has an effect"):
        Tuned("plain", space={"depth": [1, 2]}).design(without=("depth",))


@pytest.mark.parametrize(("trials", "positives"), [(2, 8), (50, 20), (500, 200)])
def test_the_flattery_of_equals_is_that_of_a_simulation(trials, positives) -> None:
    random = np.random.default_rng(1)
    spread = np.sqrt(0.1 * 0.5 * 0.5 / positives)
    best = (spread * random.standard_normal((4000, trials))).max(axis=1)
    error = best.std() / np.sqrt(len(best))
    assert expected_flattery(trials, positives) == pytest.approx(
        best.mean(), abs=4 * error
    )


def test_one_candidate_flatters_nobody() -> None:
    assert expected_flattery(1, 10) == 0.0
    assert "look better by about 0 " in flattery_note(Tuned("plain", trials=1), 10)


def test_an_average_is_tuned_by_what_it_averages() -> None:
    (auto,) = tuned_strategies([CATALOGUE["auto"]], 4)
    kinds = {member.name: type(member).__name__ for member in auto.blended}
    assert kinds["plain"] == kinds["trees"] == "Tuned"
    assert auto.prior == CATALOGUE["auto"].prior
    with pytest.raises(InputError, match="search range"):
        tuned_strategies([CATALOGUE["prior"]], 4)


def test_a_range_is_a_share_of_its_scale() -> None:
    assert SearchRange(1, 100, log=True).at(0.5) == 10
    assert SearchRange(2, 60, log=True).at(1.0, whole=True) == 60
    assert SearchRange(0, 0.6).at(0.25) == 0.15
    assert SearchRange(values=("a", "b")).at(1.0) == "b"
    assert str(SearchRange(0.001, 0.1, log=True)) == "0.001 to 0.1 (log)"
