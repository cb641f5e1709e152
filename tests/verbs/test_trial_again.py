# SPDX-License-Identifier: Apache-2.0
"""Pairs of arms, and how rows were read; the rest is in tests/trials/test_basis.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.verbs.trial import Trial
from equipoise.verbs.trial_again import all_pairs, one_pair, probabilities, reading_of


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


def test_the_beliefs_and_words_of_a_pair_turn_with_it(trial: Trial) -> None:
    base = trial.results.baseline
    for name, arm in trial.verdict.arms.items():
        one = one_pair(trial, name, base)
        assert one.difference.value == pytest.approx(arm.difference.value)
        if arm.beliefs is not None and one.beliefs is not None:
            assert one.beliefs.better == pytest.approx(arm.beliefs.better)


def test_probabilities_are_those_of_the_arms(trial: Trial) -> None:
    for name in trial.names:
        expected = trial.of_two_classes[name].probability
        np.testing.assert_array_equal(probabilities(trial, name), expected)


def test_only_files_are_remembered(tmp_path: Path) -> None:
    assert reading_of({"a": [1]}, "y", None) == {}
    assert reading_of("a.csv", "y", {"a": [1]}) == {}
    read = reading_of("a.csv", "y", None, drop=("id",))
    assert read["source"] == str(Path("a.csv").absolute())
    assert read["options"] == {"drop": ["id"]}
