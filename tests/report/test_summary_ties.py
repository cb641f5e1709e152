# SPDX-License-Identifier: Apache-2.0
"""Letters: who cannot be told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from equipoise.report.summary_ties import ties
from equipoise.verbs.trial import Trial


def test_letters_agree_with_the_verdict(trial: Trial, summary: dict[str, Any]) -> None:
    letters = {row["name"]: set(row["letters"]) for row in summary["leaderboard"]}
    for name, verdict in trial.verdict.arms.items():
        apart = not letters[name] & letters["plain"]
        assert apart == (verdict.outcome in ("better", "worse"))
    assert trial.verdict.arms["prior"].outcome == "worse"


def test_equal_arms_share_a_letter(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(names=("plain", "class_weight", "prior"), repeats=3)
    letters = ties(trial)
    assert set(letters) == set(trial.names)
    assert not set(letters["prior"]) & set(letters["plain"])
    assert all(letters.values())


def test_one_arm_has_one_letter(make_trial: Callable[..., Trial]) -> None:
    assert ties(make_trial(names=("plain",))) == {"plain": "a"}
