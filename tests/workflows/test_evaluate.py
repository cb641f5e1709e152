# SPDX-License-Identifier: Apache-2.0
"""A fitted model on labelled rows."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pytest

import equipoise as eq
from equipoise.decision.rule import DecisionRule
from equipoise.errors import InputError, TargetError, TrialWarning
from equipoise.evaluation import evaluate as evaluate_arrays
from equipoise.priors import log_odds
from equipoise.table.read import read_table
from equipoise.workflows.evaluate import UNCHECKED, evaluate
from equipoise.workflows.model import FittedModel


def test_the_public_name_serves_both_forms() -> None:
    assert eq.evaluate is evaluate


def test_arrays_say_what_they_cannot_check() -> None:
    y, p = [0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]
    found = evaluate(y, p, threshold=0.5)
    assert found.notes[-1] == UNCHECKED
    assert dict(found) == dict(evaluate_arrays(y, p, threshold=0.5))
    with pytest.raises(InputError, match="target='y' with arrays"):
        evaluate(y, p, target="y")  # type: ignore[call-overload]


def test_new_rows_are_judged_at_the_model_s_own_threshold(
    linear: FittedModel, make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    rows = make_rows(400, seed=5)
    path = tmp_path / "later.csv"
    pyarrow.csv.write_csv(rows, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = linear.evaluate(path)
    table = read_table(rows, like=linear.schema)
    flagged = linear.decide(table) == 1
    assert found.confusion is not None
    assert found.confusion.tp == int((flagged & (table.y == 1)).sum())
    assert found.confusion.fp == int((flagged & (table.y == 0)).sum())
    expected = evaluate_arrays(table.y, linear.predict_proba(table)[:, 1])
    assert found["roc_auc"] == expected["roc_auc"]
    assert dict(evaluate(linear, table)) == dict(found)
    assert any("no change is shown" in note for note in found.notes)
    assert not any("seen in training" in note for note in found.notes)


def test_seen_rows_are_told(linear: FittedModel, make_rows: Callable[..., Any]) -> None:
    with pytest.warns(TrialWarning, match=r"300 of 300 rows \(100\.0%\)"):
        found = linear.evaluate(make_rows())
    assert "evaluate on others" in found.notes[-1]


def test_coincidental_repeats_are_no_warning(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    common = dataclasses.replace(linear, facts={**linear.facts, "repeated": 0.97})
    some = make_rows()
    half = make_rows(6, seed=2)
    import pyarrow as pa

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = common.evaluate(pa.concat_tables([some, half]))
    assert "by coincidence, since rows of this table repeat" in found.notes[-1]


def test_a_changed_prevalence_is_told(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    table = read_table(make_rows(600, seed=6), like=linear.schema)
    kept = np.flatnonzero((table.y == 0) | (np.arange(len(table)) % 10 == 0))
    found = linear.evaluate(table.take(kept))
    assert any("it has changed" in note for note in found.notes)


def test_undecided_rows_are_counted(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    low, high = log_odds(np.array([0.1, 0.5]))
    rule = DecisionRule(float(high), float(low))
    model = dataclasses.replace(linear, rule=rule)
    table = read_table(make_rows(200, seed=7), like=linear.schema)
    left = model.decide(table) == -1
    found = model.evaluate(table)
    assert left.any()
    text = f"{left.sum()} rows are left undecided, {table.y[left].sum()} of them"
    assert any(text in note for note in found.notes)


def test_a_new_class_or_no_target_is_refused(
    linear: FittedModel, make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    rows = make_rows(50, seed=8)
    path = tmp_path / "later.csv"
    pyarrow.csv.write_csv(rows.drop_columns(["fraud"]), path)
    with pytest.raises(TargetError, match="the target 'fraud'"):
        linear.evaluate(path)
    text = path.read_text()
    pyarrow.csv.write_csv(rows, path)
    text = path.read_text().replace('"yes"', '"maybe"')
    path.write_text(text)
    with pytest.raises(TargetError, match="'maybe'"):
        linear.evaluate(path)
