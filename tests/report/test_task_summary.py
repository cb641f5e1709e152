# SPDX-License-Identifier: Apache-2.0
"""The summary of several classes and labels, and its page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from equipoise.decision.class_calibrator import ClassCalibrator
from equipoise.report import render
from equipoise.verbs.trial import Trial

HOSTILE = "<script>alert(1)</script>"
RIGHT_TO_LEFT = "\u0645\u0631\u062d\u0628\u0627"


def test_it_is_json_without_rows(class_summary: dict[str, Any]) -> None:
    text = json.dumps(class_summary, allow_nan=False)
    assert len(text) < 200_000
    assert class_summary["task"] == "multiclass"


def test_the_leaderboard_holds_what_the_trial_says(
    class_trial: Trial, class_summary: dict[str, Any]
) -> None:
    board = class_summary["leaderboard"]
    assert [row["name"] for row in board] == list(class_trial.names)
    for row in board:
        evaluation = class_trial[row["name"]].evaluation
        for metric in ("macro_average_precision", "macro_roc_auc", "log_loss"):
            assert row["metrics"][metric]["value"] == evaluation[metric].value
        assert row["seconds"] == class_trial.scores.seconds[row["name"]]
    assert [row["name"] for row in board if row["best"]] == [class_summary["best"]]
    assert {row["letters"] for row in board} == {"a", "b", "c"}


def test_a_metric_of_the_trials_own_is_a_column(
    make_task_trial: Callable[..., Trial],
) -> None:
    summary = make_task_trial(metric="macro_f1", repeats=1).summary()
    assert summary["columns"][-1]["name"] == "macro_f1"
    assert ">Macro F1<" in render(summary)


@pytest.mark.parametrize("kind", ["class_summary", "label_summary"])
def test_the_page_says_what_the_summary_says(
    kind: str, request: pytest.FixtureRequest
) -> None:
    summary = request.getfixturevalue(kind)
    page = render(summary)
    assert page == render(summary)
    assert summary["verdict"] in page
    for row in summary["classes"][0]["rows"]:
        assert f"<bdi>{row['name'].replace('_', '_<wbr>')}</bdi>" in page
        value = row["metrics"]["roc_auc"]["value"]
        assert f"{value:.3f}" in page or f"{value:.2f}" in page
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", page)
    assert ("What is taken for what" in page) == (kind == "class_summary")
    assert ("What is found and what is missed" in page) == (kind == "label_summary")


def test_hostile_names_stay_texts(make_task_trial: Callable[..., Trial]) -> None:
    names = (HOSTILE, RIGHT_TO_LEFT, "a long name " * 20)
    trial = make_task_trial((200, 60, 20), classes=names, target=HOSTILE, repeats=1)
    page = trial.report()
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;") > 4
    assert page.count("<script") == 2


def test_a_class_that_cannot_be_judged_says_why(
    make_task_trial: Callable[..., Trial],
) -> None:
    trial = make_task_trial((200, 60, 3), repeats=1)
    summary = trial.summary()
    (row,) = [r for r in summary["classes"][0]["rows"] if r["name"] == "c2"]
    assert row["unjudged"] == "class 'c2' has fewer cases than the 5 folds"
    assert row["metrics"]["average_precision"]["value"] is None
    assert summary["data"]["evaluated"] == 260
    assert "fewer cases than the 5 folds" in render(summary)
    assert [c["name"] for c in summary["curves"]["classes"]] == ["c1", "c0"]


def test_fifty_classes_have_a_map_a_list_and_a_choice(
    make_task_trial: Callable[..., Trial],
) -> None:
    with mock.patch(
        "equipoise.evaluation.task_out_of_fold.fit_class_calibrator",
        return_value=ClassCalibrator(),
    ):
        trial = make_task_trial([8] * 25 + [30] * 25, ("plain",), repeats=1)
    summary = trial.summary()
    page = render(summary)
    assert not summary["confusion"]["numbers"]
    assert summary["explorer"]["costs"] is None
    assert '<svg class="map"' in page
    assert "The most frequent confusions" in page
    assert 'id="pick-class"' in page
    assert summary["curves"]["drawn"] == 12
    assert len(page) < 1_000_000


def test_a_trial_writes_its_report(class_trial: Trial, tmp_path: Path) -> None:
    written = class_trial.write(tmp_path)
    assert [path.name for path in written] == ["comparison.json", "report.html"]
    assert written[1].read_text("utf-8") == class_trial.report()
