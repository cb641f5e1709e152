# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from equipoise.diagnosis.finding import Check, Finding, NotApplicable, Observation
from equipoise.diagnosis.needs import COLUMNS, GROUPS, TEST_FILE
from equipoise.diagnosis.subject import Subject

Make = Callable[..., Any]


def test_a_check_adds_its_code_to_what_it_observed(noise: Make) -> None:
    subject = Subject(noise(90, 8))
    observation = Observation("warning", "Something is.", "Do this.", {"n": 3})
    finding = Check("EQP900", "A title", lambda _: observation).run(subject)
    assert isinstance(finding, Finding)
    assert finding.to_dict() == {
        "code": "EQP900",
        "title": "A title",
        "severity": "warning",
        "message": "Something is.",
        "advice": "Do this.",
        "evidence": {"n": 3},
        "page": "docs/findings/EQP900.md",
    }


def test_a_check_may_have_its_page_elsewhere(noise: Make) -> None:
    observation = Observation("info", "Something is.", "Do this.")
    check = Check("MINE1", "A title", lambda _: observation, page="mine.md")
    finding = check.run(Subject(noise(90, 8)))
    assert isinstance(finding, Finding)
    assert finding.page == "mine.md"


def test_the_first_need_that_is_not_met_is_the_reason(noise: Make) -> None:
    def fail(subject: Subject) -> Observation:
        raise AssertionError

    check = Check("EQP900", "T", fail, needs=(COLUMNS, GROUPS, TEST_FILE))
    skipped = check.run(Subject(noise(90, 8)))
    assert skipped == NotApplicable("no group column was named", "EQP900", "T")


def test_a_check_passes_or_does_not_apply(noise: Make) -> None:
    subject = Subject(noise(90, 8))
    assert Check("EQP900", "T", lambda _: None).run(subject) is None
    skipped = Check("EQP900", "T", lambda _: NotApplicable("of that")).run(subject)
    assert skipped == NotApplicable("of that", "EQP900", "T")
    assert skipped is not None
    assert skipped.to_dict() == {"code": "EQP900", "title": "T", "reason": "of that"}
