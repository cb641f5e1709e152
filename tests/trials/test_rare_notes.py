# SPDX-License-Identifier: Apache-2.0
"""A class that is too rare to be scored is announced once."""

from __future__ import annotations

import pytest

from equipoise.diagnosis.diagnosis import diagnose
from equipoise.report.page import render
from equipoise.report.summary import summarise
from equipoise.table.generated_tasks import make_classes
from equipoise.table.rare_classes import treat_rare
from equipoise.trials.rare_notes import findings_beside, with_one_rare_note
from equipoise.verbs.compare import compare

ROWS = make_classes(103, counts=[60, 40, 3], seed=1).table
SAID = (
    "A class with fewer cases than the 5 folds is trained on but not scored: 'c2' (3 "
    "rows). No metric and no average counts it. It takes 2 more cases. Until then, "
    "rare='drop' leaves their rows out. (EQP027)"
)


def test_a_trial_says_it_once_everywhere() -> None:
    trial = compare(ROWS, strategies=["prior"], repeats=1)
    assert SAID in trial.notes
    assert "EQP027" in {finding.code for finding in trial.diagnosis.findings}
    page = render(summarise(trial)).partition("<script")[0]
    for text in (str(trial), page):
        words = " ".join(text.split())
        assert words.count("EQP027") == 1
        assert words.count("trained on but not scored") == 1
        assert "is trained on, but cannot be judged" not in words
        assert "Too few rows to be scored" not in words
    assert SAID in " ".join(str(trial).split())


def test_all_is_said_of_other_folds_and_of_merged_classes() -> None:
    findings = diagnose(ROWS).findings
    results = ("Too few rows to be scored: 'c2'. Models learn.", "One repeat.")
    _, notes = treat_rare(ROWS, folds=4)
    (said,), rest = with_one_rare_note(notes, results, findings, 4)
    assert said == f"{notes[0]} No metric and no average counts it."
    assert rest == ("One repeat.",)
    # The finding, which counts other folds, is not said by the note.
    assert findings_beside(findings, [said]) == tuple(findings)
    _, notes = treat_rare(ROWS, "merge")
    (said,), _ = with_one_rare_note(notes, results, findings, 5)
    assert "no other such class to merge it with. No metric" in said
    assert "rare=" not in said
    beside = findings_beside(findings, [said])
    assert {f.code for f in findings} - {f.code for f in beside} == {"EQP027"}


def test_without_a_rare_class_nothing_changes() -> None:
    notes = with_one_rare_note(["A."], ["B."], diagnose(ROWS).findings, 5)
    assert notes == (("A.",), ("B.",))


@pytest.mark.parametrize("count", [1, 2])
def test_several_classes_are_them(count: int) -> None:
    rows = make_classes(100 + count, counts=[60, 40, *[1] * count], seed=1).table
    (said,), _ = with_one_rare_note(treat_rare(rows)[1], (), (), 5)
    assert said.endswith(f"counts {'it' if count == 1 else 'them'}.")
