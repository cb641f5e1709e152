# SPDX-License-Identifier: Apache-2.0
"""What a notebook shows of each thing, and what a terminal does: never a dump."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.table.generated_tasks import make_classes
from equipoise.verbs.trial import Trial

EVIL = "<script>x</script>"


@pytest.fixture(scope="module")
def several() -> Trial:
    table = make_classes(240, counts=[140, 60, 40], seed=1).table
    return eq.compare(
        table, strategies=["logistic"], network="linear", folds=2, repeats=1
    )


@pytest.fixture(scope="module")
def model() -> eq.FittedModel:
    x = np.random.default_rng(0).normal(size=120)
    y = np.where(x + np.random.default_rng(1).normal(size=120) > 1, EVIL, "no")
    data = {EVIL: x, "z": x**2, "y": y}
    return eq.fit(data, "y", strategy="logistic", folds=2, repeats=1)


def shown(thing: Any) -> str:
    html: str = thing._repr_html_()
    assert html.startswith("<style>")
    assert "prefers-color-scheme:dark" in html
    assert "<script" not in html
    return html


def test_a_trial(trial: Trial, several: Trial) -> None:
    for one in (trial, several):
        html = shown(one)
        for tab in ("Arms", "Decision", "Curves", "Data", "How"):
            assert f">{tab}</label>" in html
        assert html.count("<svg") >= 3
        assert "Lines: solid plain" in html
        assert all(f"<td>{name}</td>" in html for name in one.names)
        assert len(repr(one)) < 500
        assert str(one.verdict) in html.replace("&#x27;", "'")


def test_a_model_and_its_rule(model: eq.FittedModel) -> None:
    html = shown(model)
    assert "&lt;script&gt;" in html
    assert "Flag a row" in html
    assert "Flag a row" in shown(model.rule)
    assert str(model.rule) == model.rule.describe()
    assert repr(model.rule).startswith("<DecisionRule: flag from 0.")
    assert len(repr(model.rule)) < 120


def test_evaluations(trial: Trial, several: Trial, model: eq.FittedModel) -> None:
    for one in (model.evaluation, several["plain"].evaluation):
        assert "average_precision" in shown(one)
        assert len(repr(one)) < 200
        assert one.frame("pandas").set_index("metric").value.notna().any()
    for arm in (trial["plain"], several["plain"]):
        assert "average_precision" in shown(arm)
        assert len(repr(arm)) < 260
        assert str(arm).startswith("plain: ")
    assert "class" in several["plain"].evaluation.class_frame("pandas")


def test_tables_findings_and_verdicts(trial: Trial, several: Trial) -> None:
    data = {f"c{k}": np.random.default_rng(k).normal(size=50) for k in range(40)}
    table = eq.read_table({**data, "y": [0, 1] * 25}, "y", positive=1)
    assert "10 more columns" in shown(table)
    assert "<td>c3</td>" in shown(table)
    diagnosis = trial.diagnosis
    assert all(finding.code in shown(diagnosis) for finding in diagnosis.findings)
    assert len(repr(diagnosis)) < 200
    for one in (trial, several):
        assert "Verdict" in repr(one.verdict)
        assert len(repr(one.verdict)) < 200
        assert shown(one.verdict)
        assert len(repr(one.results)) < 200
        assert len(repr(one.scores)) < 200
    assert len(repr(several.basis)) < 200
