# SPDX-License-Identifier: Apache-2.0
"""Facts of several classes and labels, and their first lines on a screen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from equipoise._core.files import to_json
from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.diagnosis import diagnose
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.task_facts import BAR, task_facts, task_headline
from equipoise.table.generated_tasks import long_tail, make_classes, make_labels


def test_facts_of_classes() -> None:
    table = make_classes(100, counts=[80, 15, 5]).table
    facts = task_facts(ClassSubjects(Subject(table, table.take(np.arange(50)))))
    assert facts["task"] == "multiclass"
    assert facts["imbalance_ratio"] == 16.0
    assert facts["classes"][2] == {"name": "c2", "rows": 5, "share": 0.05, "cases": 5}
    assert facts["columns"] == {"numeric": 4, "categorical": 1}
    assert sum(entry["rows"] for entry in facts["test"]["classes"]) == 50
    assert facts["strongest_columns"][0]["class"] in table.classes
    assert json.loads(to_json(facts))["rows"] == 100


def test_facts_of_labels() -> None:
    table = make_labels(400, shares=[0.4, 0.1, 0.05], unknown=0.2, seed=4).table
    y = table.labels()
    facts = task_facts(ClassSubjects(Subject(table)))
    for j, entry in enumerate(facts["classes"]):
        assert entry["rows"] == np.sum(y[:, j] == 1)
        assert entry["without"] == np.sum(y[:, j] == 0)
        assert entry["unknown"] == np.sum(y[:, j] == -1)
        assert entry["share"] == pytest.approx((y[y[:, j] >= 0, j]).mean())
    assert facts["labels_per_row"] == pytest.approx((y == 1).sum() / 400)
    assert facts["share_without_label"] == pytest.approx(np.mean((y == 1).sum(1) == 0))
    assert facts["unknown_share"] == pytest.approx(np.mean(y == -1))
    assert facts["label_sets"] == len({tuple(row) for row in y.tolist()})


@pytest.mark.parametrize("classes", [3, 10, 50])
@pytest.mark.parametrize("width", [80, 40])
def test_the_first_lines_are_narrow(classes: int, width: int) -> None:
    table = make_classes(3000, shares=long_tail(classes, 50), seed=1).table
    text = task_headline(task_facts(ClassSubjects(Subject(table))), width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 18
    rows = np.bincount(table.labels(), minlength=classes)
    assert lines[-1].split()[:2] == [
        table.classes[int(np.flatnonzero(rows == rows.min())[-1])],
        f"{rows.min():,}",
    ]
    if width == 80:
        assert max(line.count("#") for line in lines) == BAR
    assert (f"and {classes - 11} more, of" in text) == (classes > 12)


def test_long_names_and_test_files_fit(tmp_path: object) -> None:
    made = make_classes(100, counts=[60, 30, 10]).table
    import dataclasses

    names = ("a" * 200, "line\nbreak", "c2")
    table = dataclasses.replace(
        made, task=dataclasses.replace(made.task, classes=names)
    )
    text = diagnose(table, test=table.take(np.arange(60))).text(80)
    assert max(map(len, text.splitlines())) <= 80
    assert "test" in text
    assert "aaa..." in text
