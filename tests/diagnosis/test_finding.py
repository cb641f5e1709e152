# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from equipoise.diagnosis.finding import Check, Finding, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject

Make = Callable[..., Any]


def test_a_check_puts_its_code_on_what_it_saw(noise: Make) -> None:
    subject = Subject(noise(90, 8))
    saw = Observation("warning", "Something is.", "Do this.", {"n": 3})
    found = Check("EQP900", "A title", lambda _: saw).run(subject)
    assert found == Finding(
        "EQP900", "A title", "warning", "Something is.", "Do this.", {"n": 3}
    )
    assert isinstance(found, Finding)
    assert found.to_dict()["page"] == "docs/findings/EQP900.md"
    assert found.to_dict()["evidence"] == {"n": 3}


def test_a_check_passes_or_does_not_apply(noise: Make) -> None:
    subject = Subject(noise(90, 8))
    assert Check("EQP900", "T", lambda _: None).run(subject) is None
    skipped = Check("EQP900", "T", lambda _: NotApplicable("of that")).run(subject)
    assert skipped == NotApplicable("of that", "EQP900", "T")
    assert skipped is not None
    assert skipped.to_dict() == {"code": "EQP900", "title": "T", "reason": "of that"}
