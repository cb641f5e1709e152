# SPDX-License-Identifier: Apache-2.0
"""Which objective serves which task."""

from __future__ import annotations

import pytest

from equipoise.decision import (
    make_rule,
    objective_names,
    task_objective,
    task_objective_names,
)
from equipoise.decision.class_floors import check_floors
from equipoise.decision.task_objectives import default_objective
from equipoise.errors import InputError, InputTypeError
from equipoise.task import Task

TWO = Task("binary", ("no", "yes"))
THREE = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("a", "b"))


@pytest.mark.parametrize("task", [TWO, THREE, LABELS])
def test_every_name_serves_its_task(task) -> None:
    for name in task_objective_names(task):
        resolved = task_objective(task, name)
        assert resolved.name in task_objective_names(task)
        assert (resolved.name == name) == (not resolved.note)
    assert default_objective(task) in task_objective_names(task)


def test_two_classes_have_the_objectives_they_had() -> None:
    assert task_objective_names(TWO) == objective_names()
    assert default_objective(TWO) == "f1"


@pytest.mark.parametrize("task", [THREE, LABELS])
def test_f1_means_macro_f1_and_says_so(task) -> None:
    name, note = task_objective(task, "f1")
    assert name == "macro_f1"
    assert "'f1' means 'macro_f1'" in note


@pytest.mark.parametrize(
    ("task", "name", "says"),
    [
        (TWO, "macro_f1", "for a binary task.*pass 'f1'"),
        (TWO, "accuracy", "fp=1 and fn=1"),
        (THREE, "mcc", "It serves two classes.*'macro_f1'"),
        (THREE, "capacity", "It serves two classes"),
        (THREE, "recall", r"floors=\{'a': \{'recall': 0.9\}\}"),
        (THREE, "subset_accuracy", "pass 'macro_f1'"),
        (THREE, "macrof1", "Did you mean 'macro_f1'"),
        (LABELS, "accuracy", "for a multilabel task"),
    ],
)
def test_other_names_are_refused_with_advice(task, name, says) -> None:
    with pytest.raises(InputError, match=says):
        task_objective(task, name)


def test_a_name_is_a_string() -> None:
    with pytest.raises(InputTypeError, match="objective=3"):
        task_objective(THREE, 3)  # type: ignore[arg-type]


def test_the_advice_is_taken() -> None:
    assert task_objective(TWO, "f1").name == "f1"
    y, z = [0, 1, 0, 1], [-1.0, 1.0, -2.0, 2.0]
    assert make_rule(z, y, objective="cost", fp=1, fn=1).threshold == 0.5
    for task in (THREE, LABELS):
        assert not task_objective(task, "macro_f1").note
    assert check_floors({"a": {"recall": 0.9}}, THREE.classes)[0].recall == 0.9
