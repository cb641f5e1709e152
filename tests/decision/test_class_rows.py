# SPDX-License-Identifier: Apache-2.0
"""Scores and targets of several classes are checked."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision.class_rows import (
    check_class_probabilities,
    check_class_rows,
    check_parts,
    check_wide,
    class_parts,
    require_rule_task,
)
from equipoise.errors import InputError, InputTypeError
from equipoise.task import Task

THREE = Task("multiclass", ("a", "b", "c"))
Z = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("scores", "y", "says"),
    [
        (Z[:, :2], [0, 1, 2, 0], r"shape \(4, 2\) for 3 classes"),
        (Z, [0, 1, 2], r"shape \(3,\) for 4 rows"),
        (Z, [0, 1, 2, 3], "row 3: 3"),
        (Z, [0, 1, -1, 0], "row 2: -1"),
        (Z, [0, 1, 0.5, 0], "whole numbers from 0 to 2"),
        (Z, [0, 1, float("nan"), 0], "no class numbers"),
        (np.where(np.eye(4, 3) > 0, np.nan, 0), [0] * 4, "rows 0, 1, 2"),
    ],
)
def test_what_does_not_fit_is_refused(scores, y, says) -> None:
    with pytest.raises(InputError, match=says):
        check_class_rows(THREE, scores, y)


def test_names_are_no_class_numbers() -> None:
    with pytest.raises(InputTypeError, match="labels that are not numbers"):
        check_class_rows(THREE, Z, ["a", "b", "c", "a"])


def test_totals_are_summed_weights() -> None:
    rows = check_class_rows(THREE, Z, [0, 2, 2, 1], [1.0, 0.5, 2.0, 0.0])
    assert rows.totals.tolist() == [1.0, 0.0, 2.5]
    assert rows.present().y.tolist() == [0, 2, 2]
    assert check_wide(Task("binary", ("n", "y")), np.zeros(4)).shape == (4, 1)


@pytest.mark.parametrize(
    ("p", "says"),
    [
        ([[0.5, 0.5]], "a last axis of 3"),
        ([[0.5, 0.6, 0.5]], "do not sum to 1"),
        ([[1.5, -0.5, 0.0]], "outside"),
        ([[np.nan, 0.5, 0.5]], "outside"),
        ([[2.0, -1.0, 0.3]], "task.probability"),
    ],
)
def test_probabilities_are_checked(p, says) -> None:
    with pytest.raises(InputError, match=says):
        check_class_probabilities(p, 3)


def test_parts_hold_each_class_evenly() -> None:
    y = np.repeat([0, 1, 2, 3], [101, 32, 5, 3])
    parts = class_parts(y, 3)
    for label in range(4):
        counts = np.bincount(parts[y == label], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert np.ptp(np.bincount(parts)) <= 1
    assert (parts == class_parts(y, 3)).all()
    assert (parts != class_parts(y, 4)).any()


def test_folds_are_numbered_or_refused() -> None:
    rows = check_class_rows(THREE, Z, [0, 1, 2, 0])
    assert check_parts(["x", "y", "x", "z"], rows, 0).tolist() == [0, 1, 0, 2]
    with pytest.raises(InputError, match="one fold per row"):
        check_parts([0, 1], rows, 0)


@pytest.mark.parametrize(
    ("task", "kind", "says"),
    [
        (Task("binary", ("a", "b")), "multiclass", "several classes.*Use make_rule"),
        (Task("multilabel", ("a", "b")), "multiclass", "Use fit_label_rule"),
        (THREE, "multilabel", "several labels.*Use fit_class_rule"),
    ],
)
def test_the_maker_of_the_tasks_rule_is_named(task, kind, says: str) -> None:
    require_rule_task(task, task.kind)
    with pytest.raises(InputError, match=says):
        require_rule_task(task, kind)
