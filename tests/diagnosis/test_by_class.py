# SPDX-License-Identifier: Apache-2.0
"""One check over many classes: what is examined, the level, and one finding."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.by_class import (
    ENOUGH,
    FEWEST,
    MOST,
    affordable,
    examined,
    run_check,
)
from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.finding import Check, Finding, NotApplicable, Observation
from equipoise.diagnosis.needs import rows_of_each_class
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes
from equipoise.uncertainty.multiplicity import holm


def classes_of(*counts: int) -> ClassSubjects:
    return ClassSubjects(Subject(make_classes(sum(counts), counts=counts).table))


def test_one_finding_names_the_worst_class_first() -> None:
    def look(subject: Subject) -> Observation | None:
        if subject.counts[1] > 25:
            return None
        severity: Any = "warning" if subject.counts[1] == 20 else "info"
        return Observation(
            severity, f"{subject.terms.count(subject.counts[1])}.", "Do.", {"n": 1}
        )

    finding = run_check(Check("MY001", "T", look), classes_of(40, 20, 10, 5))
    assert isinstance(finding, Finding)
    assert finding.severity == "warning"
    assert finding.message == "20 rows of 'c1'. Likewise for 'c2' and 'c3'."
    assert finding.evidence["by_class"]["c1"] == {"severity": "warning", "n": 1}
    assert set(finding.evidence["classes"]) == {"c1", "c2", "c3"}
    assert (finding.evidence["examined"], finding.evidence["of"]) == (4, 4)


def test_many_classes_do_not_flood_the_screen() -> None:
    check = Check(
        "MY001", "T", lambda s: Observation("info", "M.", "A."), effort="counts"
    )
    finding = run_check(check, classes_of(*[12] * 150))
    assert isinstance(finding, Finding)
    assert len(finding.message) < 200
    assert "and 96 more." in finding.message
    assert "(Of the 150 classes the 100 rarest were examined.)" in finding.message


def test_the_rarest_that_have_rows_enough_come_first() -> None:
    classes = classes_of(300, 50, 40, 30, 12, 11, 3)
    models = Check("MY001", "T", lambda s: None, effort="models")
    names = [one.table.classes[1] for one in examined(models, classes)]
    assert names == ["c5", "c4", "c3", "c2", "c1"]
    assert len(names) == MOST["models"]
    counts = Check("MY001", "T", lambda s: None, effort="counts")
    assert examined(counts, classes)[0].table.classes[1] == "c6"
    assert classes.sides.min(1)[6] < ENOUGH


def test_wide_tables_are_examined_for_fewer_classes() -> None:
    made = make_classes(200, counts=[10] * 20, numeric=600).table
    classes = ClassSubjects(Subject(made))
    assert affordable(classes) == FEWEST
    check = Check("MY001", "T", lambda s: None)
    assert len(examined(check, classes)) == FEWEST


@pytest.mark.parametrize("seed", range(20))
def test_the_level_is_that_of_holm(seed: int) -> None:
    random = np.random.default_rng(seed)
    p = random.uniform(0, 0.08, 6) ** 1.5
    classes = classes_of(15, 14, 13, 12, 11, 10)

    def look(subject: Subject) -> Observation | None:
        value = p[int(subject.table.classes[1][1:])]
        return Observation("info", "M.", "A.") if value <= subject.alpha else None

    result = run_check(Check("MY001", "T", look, tested=True), classes)
    rejected = {f"c{k}" for k in np.flatnonzero(holm(p) <= 0.05 + 1e-12)}
    named = set() if result is None else set(result.evidence["classes"])  # type: ignore[union-attr]
    assert named == rejected


def test_an_error_of_one_class_is_a_warning_if_all_would_be_needed() -> None:
    def look(subject: Subject) -> Observation | None:
        if subject.table.classes[1] == "c0":
            return None
        return Observation("error", "M.", "A.")

    check = Check("MY001", "T", look, error_of_all=True)
    some = run_check(check, classes_of(20, 10, 5))
    assert isinstance(some, Finding)
    assert some.severity == "warning"
    every = dataclasses.replace(
        check, examine=lambda s: Observation("error", "M.", "A.")
    )
    whole = run_check(every, classes_of(20, 10, 5))
    assert isinstance(whole, Finding)
    assert whole.severity == "error"


def test_needs_are_those_of_each_class() -> None:
    check = Check("MY001", "T", lambda s: None, needs=(rows_of_each_class(10),))
    assert run_check(check, classes_of(20, 12, 5)) is None
    skipped = run_check(check, classes_of(20, 4, 5))
    assert isinstance(skipped, NotApplicable)
    assert skipped.reason == "a class has fewer than 10 rows"
    assert skipped.code == "MY001"
