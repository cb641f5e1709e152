# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise._core.files import to_json
from equipoise._core.layout import WIDTH
from equipoise.diagnosis.catalogue import CHECKS
from equipoise.diagnosis.diagnosis import Diagnosis, diagnose
from equipoise.diagnosis.finding import Finding
from equipoise.errors import InputError, InputTypeError, TargetError
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.table import Column, Table
from equipoise.task import Task

Make = Callable[..., Any]
PAGES = Path(__file__).parents[2] / "docs" / "findings"
HEADINGS = ["## What it means", "## How it is found", "## What to do"]


def test_codes_are_unique_and_in_order() -> None:
    codes = [check.code for check in CHECKS]
    assert codes == sorted(set(codes))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_every_code_has_its_page(check: Any) -> None:
    text = (PAGES / f"{check.code}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {check.code}: {check.title}\n")
    found = [line for line in text.splitlines() if line.startswith("## ")]
    assert found == HEADINGS


def test_the_most_severe_comes_first(noise: Make) -> None:
    table = noise(300, 12)
    found = diagnose(table, test=table.take(np.arange(100)))
    assert found.worst == "error"
    assert found.findings[0].code == "EQP007"
    assert [f.severity for f in found.findings] == sorted(
        (f.severity for f in found.findings), key=["error", "warning", "info"].index
    )
    assert found.failed()
    assert "EQP007" in found
    assert found["EQP007"].severity == "error"
    with pytest.raises(KeyError, match=r"'EQP014'.*'EQP007'") as raised:
        _ = found["EQP014"]
    assert str(raised.value).startswith("Received the code")  # not in quotes


def test_every_check_ends_somewhere(noise: Make) -> None:
    found = diagnose(noise(300, 12), mute=["EQP005"])
    seen = [
        *(f.code for f in found.findings),
        *(n.code for n in found.not_applicable),
        *found.passed,
        *found.muted,
    ]
    assert sorted(seen) == [
        check.code for check in CHECKS if not check.deep and "binary" in check.tasks
    ]


def test_muting(noise: Make) -> None:
    table = noise(300, 12)
    assert "EQP001" in diagnose(table)
    quiet = diagnose(table, mute="EQP001")
    assert "EQP001" not in quiet
    assert quiet.muted == ("EQP001",)
    with pytest.raises(InputError, match="Did you mean 'EQP001'"):
        diagnose(table, mute=["eqp001"])


@pytest.mark.parametrize(
    ("severity", "on", "failed"),
    [
        ("error", "error", True),
        ("warning", "error", False),
        ("warning", "warning", True),
        ("info", "warning", False),
        ("info", "info", True),
    ],
)
def test_failed(severity: Any, on: str, failed: bool) -> None:
    found = Diagnosis({}, (Finding("EQP900", "T", severity, "M.", "A."),))
    assert found.failed(on) is failed


def test_failed_refuses_an_unknown_severity() -> None:
    assert Diagnosis({}).worst is None
    with pytest.raises(InputError, match="'error', 'warning', 'info'"):
        Diagnosis({}).failed("fatal")


def test_the_screen_is_narrow_and_says_everything(noise: Make) -> None:
    found = diagnose(noise(300, 12), mute=["EQP002"])
    text = str(found)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "WARNING EQP001" in text
    assert "no test file was given: EQP003" in text
    assert "Muted: EQP002." in text


def test_plain_data_goes_through_json(build: Make) -> None:
    random = np.random.default_rng(0)
    y = (np.arange(400) % 20 == 0).astype(int)
    table = build(
        y,
        {
            "x": random.normal(size=400),
            "w": random.choice(["a", "b", ""], 400),
            "leak": np.where(y == 1, np.inf, 0.0),
            "on": y == 1,
        },
        groups=np.arange(400) % 7,
        time=np.arange(400.0),
    )
    found = diagnose(table, test=table)
    data = json.loads(to_json(found.to_dict()))
    assert data["facts"]["rows"] == 400
    assert {f["code"] for f in data["findings"]} == {f.code for f in found.findings}


def test_bad_arguments(noise: Make) -> None:
    table = noise(100, 10)
    with pytest.raises(TargetError, match="no target"):
        diagnose([[1, 2]])
    with pytest.raises(InputTypeError, match="a source of type int"):
        diagnose(table, test=3)
    with pytest.raises(InputError, match="precision"):
        diagnose(table, precision=1.0)
    with pytest.raises(InputTypeError, match="seed"):
        diagnose(table, seed=0.5)  # type: ignore[arg-type]


def test_it_reads_what_read_table_reads() -> None:
    y = np.tile([0, 0, 0, 1], 30)
    columns = {"x": np.arange(120) % 7, "who": np.arange(120) // 4, "y": y}
    found = diagnose(columns, "y", group="who", test=columns, positive=1)
    assert found.facts["positives"] == 30
    assert found.facts["columns"] == {"numeric": 1}
    assert "EQP007" in found  # every test row was seen


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1], []])
def test_a_table_of_one_class_is_refused(build: Make, y: list[int]) -> None:
    with pytest.raises(TargetError, match="both classes"):
        diagnose(build(y, {"x": np.arange(len(y))}))


@pytest.mark.parametrize("label", [0, 1])
def test_a_test_file_of_one_class_is_not(noise: Make, label: int) -> None:
    table = noise(300, 30)
    found = diagnose(table, test=table.take(table.y == label))
    assert "EQP004" in found


def test_the_smallest_table(build: Make) -> None:
    table = build([0, 1], {"x": [0.0, 1.0], "w": ["a", ""], "e": [np.nan, np.nan]})
    assert diagnose(table, test=table.take([0])).facts["rows"] == 2


def test_one_seed_gives_one_result(noise: Make) -> None:
    table = noise(500, 40)
    assert diagnose(table, seed=3).to_dict() == diagnose(table, seed=3).to_dict()


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys, numpy as np\n"
        "from equipoise.diagnosis import diagnose\n"
        "from equipoise.table.table import Column, Table\n"
        "from equipoise.task import Task\n"
        "y = (np.arange(200) % 9 == 0).astype('int8')\n"
        "x = np.where(y == 1, np.nan, np.arange(200.0))\n"
        "t = Table((Column('x', 'numeric', x),), y, Task('binary', ('n', 'y')))\n"
        "diagnose(t, test=t)\n"
        "print(sorted({'tensorflow', 'keras', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "table",
    [
        make_classes(600, shares=[0.7, 0.2, 0.1], seed=1).table,
        make_labels(600, shares=[0.4, 0.2, 0.1], unknown=0.1, seed=1).table,
    ],
    ids=["classes", "labels"],
)
def test_several_classes_and_labels(table: Table) -> None:
    found = diagnose(table, test=table.take(np.arange(300)), mute=["EQP005"])
    seen = [
        *(f.code for f in found.findings),
        *(n.code for n in found.not_applicable),
        *found.passed,
        *found.muted,
    ]
    assert sorted(seen) == [
        check.code
        for check in CHECKS
        if not check.deep and table.task.kind in check.tasks
    ]
    assert found["EQP007"].severity == "error"  # every test row was seen
    data = json.loads(to_json(found.to_dict()))
    assert data["facts"]["task"] == table.task.kind
    assert max(map(len, found.text(WIDTH).splitlines())) <= WIDTH
    for finding in found.findings:
        assert "positive" not in finding.message + finding.advice, finding.code


def test_deep_checks_of_classes_speak_of_classes() -> None:
    table = make_classes(400, shares=[0.6, 0.3, 0.1], separation=0.3, seed=2).table
    found = diagnose(table, deep=True)
    assert {"EQP019", "EQP021"} <= {f.code for f in found.findings}
    for finding in found.findings:
        assert "positive" not in finding.message + finding.advice, finding.code


@pytest.mark.parametrize(
    "y",
    [np.zeros(6, int), np.zeros((6, 2), np.int8)],
    ids=["classes", "labels"],
)
def test_what_cannot_be_told_apart_is_refused(y: Any) -> None:
    kind: Any = "multiclass" if y.ndim == 1 else "multilabel"
    table = Table((Column("x", "numeric", np.arange(6.0)),), y, Task(kind, ("a", "b")))
    with pytest.raises(TargetError, match="Check whether a filter removed the others"):
        diagnose(table)
    y[0] = 1
    assert diagnose(table).facts["rows"] == 6


def test_reading_options_are_passed_on() -> None:
    random = np.random.default_rng(0)
    frame = {
        "x": random.normal(size=90),
        "label_a": random.random(90) < 0.5,
        "label_b": random.random(90) < 0.2,
    }
    assert len(diagnose(frame, targets="label_*").facts["classes"]) == 2
    numbers = {"x": frame["x"], "y": np.arange(90) % 9 / 2}
    with pytest.raises(TargetError, match="regression"):
        diagnose(numbers, "y")
    assert len(diagnose(numbers, "y", task="multiclass").facts["classes"]) == 9


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_groups_and_time_of_several_classes(kind: str) -> None:
    made: Any = (
        make_classes(400, shares=[0.6, 0.3, 0.1], seed=1)
        if kind == "multiclass"
        else make_labels(400, shares=[0.4, 0.2], unknown=0.1, seed=1)
    )
    table = dataclasses.replace(
        made.table, groups=np.arange(400) // 4, time=np.arange(400.0)
    )
    found = diagnose(table, test=table.take(np.arange(200)))
    assert "EQP013" in found  # the test file is earlier than the table's end
    assert found.facts["cases"] == 100
    assert found.facts["case_kind"] == "groups"
    assert "EQP014" in found
    assert "positive" not in found["EQP014"].message
