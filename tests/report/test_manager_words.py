# SPDX-License-Identifier: Apache-2.0
"""What to do, in the first line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from equipoise.report.manager_words import action, brief_terms, page_terms
from equipoise.verbs.trial import Trial


def test_it_counts_what_the_decisions_find(trial: Trial) -> None:
    cells = trial.of_two_classes[trial.verdict.choice].evaluation.confusion
    assert cells is not None
    shown = [int(n) for n in re.findall(r"(\d+) of 100", action(trial))]
    assert shown == [
        round(100 * cells.tp / cells.positives),
        round(100 * cells.tp / (cells.tp + cells.fp)),
    ]


def test_it_says_whether_anything_was_gained(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial()
    base = trial.results.baseline
    for choice in trial.names:
        chosen = replace(trial, verdict=replace(trial.verdict, choice=choice))
        text = action(chosen)
        if choice == "prior":
            assert (
                text == "Use no model yet: none was shown to do better than guessing."
            )
        elif choice == base:
            assert base == "plain"
            assert text.startswith(
                "Stay with plain (a network with no remedy for the rare class): nothing"
            )
        else:
            assert text.startswith(f"Use {choice}: it was shown to do better than")


def test_data_that_are_wrong_come_first(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(later=True)
    assert action(trial).startswith("Do not rely on these numbers yet: fix the data")


def test_classes_are_counted_by_class(class_trial: Trial, label_trial: Trial) -> None:
    assert "Of 100 rows of a class it decides about" in action(class_trial)
    assert "rows of a class" not in action(label_trial)


def test_every_word_that_is_used_is_explained(
    trial: Trial, summary: dict[str, Any]
) -> None:
    words = {one["term"]: one["text"] for one in summary["terms"]}
    assert {"arm", "plain", "prior", "average precision", "interval"} <= set(words)
    assert all(text.endswith(".") for text in words.values())
    assert "auto" not in words  # it was not tried
    assert page_terms(trial, ())[-1]["term"] == "interval"


def test_a_screen_explains_the_names_it_shows(make_trial: Callable[..., Trial]) -> None:
    text = brief_terms(make_trial(names=("plain", "focal")))
    assert text.startswith("arm: one of the strategies")
    assert "plain: a network" in text
    assert "prior" not in text
