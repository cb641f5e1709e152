# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise.diagnosis.checks.scarce_classes import CHECK
from equipoise.diagnosis.diagnosis import diagnose
from equipoise.diagnosis.finding import Finding
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes, make_labels


def test_it_says_how_many_rows_are_lacking() -> None:
    finding = CHECK.run(Subject(make_classes(108, counts=[90, 10, 5, 2, 1]).table))
    assert isinstance(finding, Finding)
    assert finding.severity == "warning"
    assert finding.evidence["cases_lacking"] == {"c4": 4, "c3": 3}
    assert finding.message.startswith("There is 1 row of 'c4', fewer than the 5 folds")
    assert "It takes 4 more cases, and 7 for all of these." in finding.advice


def test_the_advice_works() -> None:
    table = make_classes(108, counts=[90, 10, 5, 2, 1]).table
    assert "EQP027" in diagnose(table)
    dropped = diagnose(table, rare="drop")
    assert "EQP027" not in dropped
    assert len(dropped.facts["classes"]) == 3
    merged = diagnose(table, test=table, rare="merge")
    assert merged.facts["classes"][-1]["rows"] == 3
    assert merged.facts["test"]["classes"][-1]["rows"] == 3


def test_merging_is_advised_only_if_the_merged_class_can_be_judged() -> None:
    for counts, merging in (
        ([90, 3, 2], True),
        ([90, 2, 1], False),
        ([90, 9, 4], False),
    ):
        table = make_classes(sum(counts), counts=counts).table
        assert ("rare='merge'" in diagnose(table)["EQP027"].advice) is merging
        assert "rare='drop'" in diagnose(table)["EQP027"].advice
        if merging:
            assert "EQP027" not in diagnose(table, rare="merge")


def test_copies_are_one_case() -> None:
    table = make_classes(100, counts=[80, 14, 6], seed=2).table
    last = np.flatnonzero(table.labels() == 2)[:1]
    copied = table.take(np.r_[np.flatnonzero(table.labels() != 2), np.repeat(last, 9)])
    finding = CHECK.run(Subject(copied, duplicates="group"))
    assert isinstance(finding, Finding)
    assert finding.evidence["cases"] == {"c2": 1}
    assert "The rows of 'c2' are 1 independent case" in finding.message
    assert CHECK.run(Subject(copied, duplicates="ignore")) is None


def test_of_a_label_the_rarer_side_counts() -> None:
    table = make_labels(300, shares=[0.4, 0.995], seed=5).table
    without = int((table.labels()[:, 1] == 0).sum())
    assert 0 < without < 5
    finding = CHECK.run(Subject(table))
    assert isinstance(finding, Finding)
    assert list(finding.evidence["cases"].values()) == [without]
    assert f"without {table.classes[1]!r}" in finding.message
    assert "merge" not in finding.advice
