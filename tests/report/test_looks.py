# SPDX-License-Identifier: Apache-2.0
"""The page of a diagnosis: its sentence, its data, and the page itself."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from equipoise.diagnosis.diagnosis import Diagnosis, diagnose
from equipoise.diagnosis.finding import Finding
from equipoise.report import render_diagnosis
from equipoise.report.looks import summarise_diagnosis, verdict_of
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Column, Dropped, Table
from equipoise.task import Task

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def table() -> Table:
    return gaussian_shift(400, positives=20, seed=1).table


@pytest.fixture(scope="module")
def found(table: Table) -> Diagnosis:
    return diagnose(table, mute=["EQP003"])


def of(*severities: str) -> Diagnosis:
    findings = [
        Finding(f"EQP{k:03}", "t", severity, "m", "a")  # type: ignore[arg-type]
        for k, severity in enumerate(severities)
    ]
    return Diagnosis({}, tuple(findings))


@pytest.mark.parametrize(
    ("severities", "text"),
    [
        ((), "No obstacle to training was found."),
        (
            ("info",),
            "No obstacle to training was found; some findings are worth knowing.",
        ),
        (("warning", "info"), "1 warning: results on this data may mislead."),
        (("error", "error"), "Fix 2 errors before any training."),
        (("error", "warning"), "Fix 1 error before any training; also 1 warning."),
    ],
    ids=str,
)
def test_one_sentence_says_it(severities: tuple[str, ...], text: str) -> None:
    assert verdict_of(of(*severities)) == text


def test_the_data_are_the_diagnosis(found: Diagnosis) -> None:
    data = summarise_diagnosis(found)
    assert json.loads(json.dumps(data)) == data
    assert [f["code"] for f in data["findings"]] == [f.code for f in found.findings]
    assert [c["code"] for c in data["passed"]] == list(found.passed)
    assert all(c["title"] for c in data["passed"])
    assert data["muted"] == ["EQP003"]


def test_numbers_are_readable_and_lists_are_short() -> None:
    evidence = {
        "rows": np.int64(12_345),
        "share": 0.123456,
        "worst": None,
        "sorted": True,
        "where": list(range(20)),
        "by_class": {"a": 1, "b": 2.5},
    }
    one = Finding("EQP001", "t", "info", "m", "a", evidence)
    facts = {"dropped": [], "notes": []}
    (shown,) = summarise_diagnosis(Diagnosis(facts, (one,)))["findings"]
    assert shown["evidence"] == {
        "rows": "12,345",
        "share": "0.1235",
        "worst": "none",
        "sorted": "yes",
        "where": "0, 1, 2, 3, 4, 5, 6, 7 and 12 more",
        "by_class": "a: 1, b: 2.5",
    }


def test_the_page_says_what_was_found(found: Diagnosis) -> None:
    page = render_diagnosis(found)
    assert page == render_diagnosis(found)
    assert verdict_of(found) in page
    for finding in found.findings:
        assert f'id="{finding.code}"' in page
    for skipped in found.not_applicable:
        assert skipped.code in page
    assert "Skipped on request: EQP003." in page
    assert "20 of 400 rows" in page


def test_it_runs_nothing_and_reaches_nothing(found: Diagnosis) -> None:
    page = render_diagnosis(found)
    assert "<script" not in page
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", page)
    assert len(page.encode()) < 100_000


def test_hostile_texts_stay_texts(table: Table) -> None:
    hostile = dataclasses.replace(
        table,
        columns=(Column(HOSTILE, "numeric", table.columns[0].values),),
        task=Task("binary", ("no", HOSTILE)),
        target=f'"{HOSTILE}',
        source=f"{HOSTILE}.csv",
        dropped=(Dropped(HOSTILE, "it is an identifier"),),
    )
    page = render_diagnosis(diagnose(hostile))
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert "<script" not in page


@pytest.mark.parametrize(
    "table",
    [
        make_classes(300, shares=[0.7, 0.2, 0.1], seed=1).table,
        make_labels(300, shares=[0.4, 0.2], unknown=0.1, seed=1).table,
    ],
    ids=["classes", "labels"],
)
def test_a_page_of_several_classes_or_labels(table: Table) -> None:
    named = dataclasses.replace(
        table,
        task=dataclasses.replace(
            table.task, classes=("<script>", *table.task.classes[1:])
        ),
    )
    page = render_diagnosis(diagnose(named, test=named.take(np.arange(100))))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    for entry in named.classes[1:]:
        assert f'<th scope="row">{entry}</th>' in page


def test_the_page_opens_with_the_columns(table: Table, found: Diagnosis) -> None:
    page = render_diagnosis(found, table)
    assert page.index('id="columns-title"') < page.index('id="data-title"')
    assert page.count("<polyline") == 2 * len(table.columns)
    hostile = Column(HOSTILE, "categorical", np.zeros(400, np.int32), (HOSTILE,))
    bad = dataclasses.replace(table, columns=(hostile,))
    assert HOSTILE not in render_diagnosis(found, bad)
