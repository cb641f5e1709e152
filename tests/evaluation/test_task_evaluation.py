# SPDX-License-Identifier: Apache-2.0
"""How an evaluation of several classes or labels reads."""

from __future__ import annotations

import json

import numpy as np
import pytest

from equipoise._core.files import to_json
from equipoise.errors import UnknownNameError
from equipoise.evaluation.fixed_task import evaluate_task
from equipoise.evaluation.task_evaluation import MOST_SHOWN, class_table
from equipoise.task import Task


def evaluation(classes: int, rows: int = 400):
    random = np.random.default_rng(0)
    y = np.concatenate([np.arange(classes), random.integers(0, classes, rows)])
    p = random.dirichlet(np.ones(classes), y.size) * 0.5 + 0.5 * np.eye(classes)[y]
    names = tuple(f"class {k}" for k in range(classes))
    return evaluate_task(Task("multiclass", names), y, p)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("classes", [3, 10, 80])
def test_the_text_keeps_to_the_width(classes: int, width: int) -> None:
    lines = evaluation(classes).text(width).split("\n")
    assert max(map(len, lines)) <= width


def test_every_class_has_a_line_with_its_rows() -> None:
    e = evaluation(3)
    table = class_table(e, 100)
    assert [line.split()[1] for line in table[1:4]] == ["0", "1", "2"]
    assert str(e.by_class["class 1"].positives) in table[2]


def test_of_very_many_classes_the_rarest_are_shown() -> None:
    e = evaluation(80)
    table = class_table(e, 120)
    assert len([line for line in table if line.startswith("class ")][1:]) == MOST_SHOWN
    assert table[-1] == "... and 20 more frequent; see by_class"


def test_it_is_plain_data() -> None:
    data = json.loads(to_json(evaluation(3).as_dict()))
    assert data["task"] == "multiclass"
    assert data["by_class"]["class 1"]["metrics"]["recall"]["low"] > 0
    assert np.shape(data["confusion"]["counts"]) == (3, 3)


def test_frames_have_one_row_per_metric_and_class() -> None:
    e = evaluation(3)
    assert [row["metric"] for row in e.plain_rows()] == list(e)
    assert len(e.class_frame()) == 3 * len(e.by_class["class 0"])
    assert e.rarest in e.by_class


def test_an_unknown_metric_names_the_others() -> None:
    with pytest.raises(UnknownNameError, match="macro_average_precision"):
        evaluation(3)["average_precision"]


def test_one_row_and_one_label_are_singular() -> None:
    y, p = [0, 0, 0, 1, 1, 2], np.eye(3)[[0, 0, 1, 1, 2, 2]] * 0.7 + 0.1
    e = evaluate_task(Task("multiclass", ("a", "b", "c")), y, p)
    assert e.text(200).startswith("6 rows, 3 classes; the rarest, c, has 1 row (")
    e = evaluate_task(
        Task("multilabel", ("a",)), [[1], [0], [0]], [[0.9], [0.1], [0.2]]
    )
    assert e.text(200).startswith("3 rows, 1 label; the rarest, a, has 1 row (")
