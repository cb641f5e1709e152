# SPDX-License-Identifier: Apache-2.0
"""Pairs of arms, and how rows were read; the rest is in tests/trials/test_basis.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.verbs.trial import Trial
from equipoise.verbs.trial_again import (
    all_pairs,
    one_pair,
    probabilities,
    reading_of,
    turned,
)


def test_pairs_are_found_in_any_order(trial: Trial) -> None:
    pairs = all_pairs(trial)
    first, second = trial.names[:2]
    assert pairs[first, second].difference.value >= 0
    assert (
        pairs[second, first].difference.value == -pairs[first, second].difference.value
    )
    assert f"{first} against {second}" in str(pairs)
    with pytest.raises(InputError, match="two of the arms"):
        pairs[first, first]
    with pytest.raises(InputError, match="arm"):
        one_pair(trial, first, "nobody")


def test_a_pair_with_the_baseline_is_that_of_the_verdict(trial: Trial) -> None:
    base = trial.results.baseline
    for name, arm in trial.verdict.arms.items():
        one = one_pair(trial, name, base)
        assert one.difference.value == pytest.approx(arm.difference.value)
        if arm.beliefs is not None and one.beliefs is not None:
            assert one.beliefs.better == pytest.approx(arm.beliefs.better)


def test_the_beliefs_and_words_of_a_pair_turn_with_it(trial: Trial) -> None:
    words = {"better": "worse", "worse": "better"}
    pairs = all_pairs(trial).verdicts
    assert {one.outcome for one in pairs} & set(words)
    assert any(one.beliefs is not None for one in pairs)
    for one in pairs:
        back = turned(one)
        assert (back.first, back.second) == (one.second, one.first)
        assert back.outcome == words.get(one.outcome, one.outcome)
        ends, other = one.difference, back.difference
        assert (other.value, other.low, other.high) == (
            -ends.value,
            -ends.high,
            -ends.low,
        )
        assert (back.p, back.detectable) == pytest.approx(
            (one.p, one.detectable), nan_ok=True
        )
        if one.beliefs is not None:
            assert back.beliefs is not None
            assert back.beliefs.worse == one.beliefs.better
            assert back.beliefs.better == one.beliefs.worse
            assert back.beliefs.equivalent == one.beliefs.equivalent
        assert turned(back) == one
        # What is turned is what is computed the other way round.
        alone = one_pair(trial, one.second, one.first)
        assert alone.difference.value == pytest.approx(-ends.value)


def test_probabilities_are_those_of_the_arms(trial: Trial) -> None:
    for name in trial.names:
        expected = trial.of_two_classes[name].probability
        np.testing.assert_array_equal(probabilities(trial, name), expected)


def test_only_files_are_remembered_with_their_place() -> None:
    rows = {"a": [1]}
    how = {"group": "a", "time": np.zeros(1), "keep": ("a",)}
    read = {"options": {"group": "a", "keep": ["a"]}}
    assert reading_of(rows, "y", None, **how) == read
    assert reading_of("a.csv", "y", rows, **how) == read
    read = reading_of("a.csv", "y", None, drop=("id",))
    assert read["source"] == str(Path("a.csv").absolute())
    assert read["options"] == {"drop": ["id"]}
