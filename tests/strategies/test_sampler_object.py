# SPDX-License-Identifier: Apache-2.0
"""Sampler objects stand for strategies; what they do is tested with the learners."""

from __future__ import annotations

import pytest
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import SMOTE

from equipoise.errors import InputError, InputTypeError
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.sampler_object import (
    Resampled,
    is_sampler_object,
    resampled,
)


def test_an_object_is_a_strategy_by_itself() -> None:
    plain, made = as_strategies(["plain", SMOTETomek()])
    assert plain.name == "plain"
    assert isinstance(made, Resampled)
    assert (made.name, made.learner) == ("SMOTETomek+trees", "trees")
    (alone,) = as_strategies(SMOTE())
    assert alone.name == "SMOTE+trees"


def test_two_of_a_kind_need_names() -> None:
    with pytest.raises(InputError, match="different names"):
        as_strategies([SMOTE(), SMOTE(k_neighbors=3)])


def test_what_is_nothing_of_the_kind_is_refused() -> None:
    assert not is_sampler_object("smote")
    with pytest.raises(InputTypeError, match="fit_resample"):
        as_strategies(["plain", 3.5])


@pytest.mark.parametrize(
    ("learner", "begins"),
    [
        ("trees", "Gradient-boosted trees on the rows that SMOTE() makes"),
        ("logistic", "A logistic regression on the rows that SMOTE() makes"),
        ("network", "A network on the rows that SMOTE() makes"),
    ],
)
def test_it_says_in_one_sentence_what_it_does(learner: str, begins: str) -> None:
    told = resampled(SMOTE(), learner).describe()
    assert told.startswith(begins)
    assert told.endswith("scores need a calibrator.")
    assert told.count(". ") == 0


def test_a_sampler_of_many_lines_is_told_in_one() -> None:
    many = SMOTETomek(smote=SMOTE(k_neighbors=3, random_state=11), random_state=12)
    assert "\n" not in resampled(many).describe()
