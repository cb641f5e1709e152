# SPDX-License-Identifier: Apache-2.0
"""A fitted model on labelled rows."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest
from pyarrow import csv

import equipoise as eq
from equipoise.decision.rule import DecisionRule
from equipoise.errors import (
    InputError,
    TableWarning,
    TargetError,
    TrialWarning,
    UnsupportedError,
)
from equipoise.evaluation import evaluate as evaluate_arrays
from equipoise.evaluation.slice_search import worst_slices
from equipoise.priors import log_odds
from equipoise.reading import shards
from equipoise.reading.blocks import read_blocks
from equipoise.reading.read import read_table
from equipoise.verbs.evaluate import UNCHECKED, evaluate
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel, load


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
    csv.write_csv(rows, path)
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
    with pytest.warns(TrialWarning, match=r"300 of 300 rows \(100%\)"):
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


def test_a_moved_rule_is_held_against_its_own_prevalence(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    table = read_table(make_rows(600, seed=6), like=linear.schema)
    kept = np.flatnonzero((table.y == 0) | (np.arange(len(table)) % 10 == 0))
    rare = table.take(kept)
    fixed = dataclasses.replace(linear.rule, objective="given", basis="given")
    given = dataclasses.replace(linear, rule=fixed)
    moved = given.at_prevalence(rare.prevalence)
    assert moved.rule.prevalence == rare.prevalence
    assert moved.predict_proba(rare)[:, 1].mean() == pytest.approx(
        rare.prevalence, rel=0.6
    )
    (note,) = (n for n in moved.evaluate(rare).notes if n.startswith("Prevalence"))
    assert "the probabilities are for" in note
    assert "no difference is shown" in note
    assert "old prevalence" not in note
    (note,) = (n for n in moved.evaluate(table).notes if n.startswith("Prevalence"))
    assert "these rows have another one" in note
    # What is advised is possible, or something else is advised.
    assert "use model.at_prevalence" in note
    (note,) = (n for n in linear.evaluate(rare).notes if n.startswith("Prevalence"))
    assert "fit again" in note
    with pytest.raises(UnsupportedError, match="another prevalence"):
        linear.at_prevalence(0.1)
    assert "The decision above and the probabilities are for" in moved.card()
    assert "The decision above and the probabilities are for" not in linear.card()


def test_a_model_estimates_the_prevalence_with_its_own_error(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    table = read_table(make_rows(600, seed=6), like=linear.schema)
    got = linear.estimate_prevalence(table)
    assert got.share.low < table.prevalence < got.share.high
    assert not got.taken_as_exact
    facts = {k: v for k, v in linear.facts.items() if k != "class_scores"}
    older = dataclasses.replace(linear, facts=facts).estimate_prevalence(table)
    assert older.taken_as_exact
    assert older.share.high - older.share.low < got.share.high - got.share.low


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
    csv.write_csv(rows.drop_columns(["fraud"]), path)
    with pytest.raises(TargetError, match="the target 'fraud'"):
        linear.evaluate(path)
    text = path.read_text()
    csv.write_csv(rows, path)
    text = path.read_text().replace('"yes"', '"maybe"')
    path.write_text(text)
    with pytest.raises(TargetError, match="'maybe'"):
        linear.evaluate(path)


def with_patients(rows: int, seed: int, per: int = 5) -> pa.Table:
    """Rows of patients who each have one label and nearly one measurement."""
    random = np.random.default_rng(seed)
    patient = np.arange(rows) // per
    y = random.random(patient[-1] + 1) < 0.25
    x = random.normal(y * 1.2, 1.0)
    return pa.table(
        {
            "patient": [f"p{seed}-{k}" for k in patient],
            "x": x[patient] + random.normal(0, 0.05, rows),
            "ill": y[patient].astype(int),
        }
    )


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> FittedModel:
    table = read_table(with_patients(300, 0), "ill", group="patient")
    model = fit(table, strategy="logistic", folds=2, repeats=1)
    return load(model.save(tmp_path_factory.mktemp("grouped") / "m.equipoise"))


def test_groups_are_kept_in_the_bundle(grouped: FittedModel) -> None:
    assert grouped.facts["group"] == "patient"
    assert "Rows of one patient belong together." in grouped.card()


@pytest.mark.parametrize("blocks", [False, True])
def test_intervals_of_groups_are_wider(
    grouped: FittedModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    blocks: bool,
) -> None:
    rows = with_patients(400, 1)
    path = tmp_path / "later.csv"
    csv.write_csv(rows, path)
    if blocks:  # a patient's rows are in two of them
        small = functools.partial(read_blocks, block_bytes=1_000)
        monkeypatch.setattr(shards, "read_blocks", small)
    together = grouped.evaluate(path)
    assert any("draw 80 such groups, not 400 rows" in n for n in together.notes)
    alone = grouped.evaluate(rows.drop_columns(["patient"]), "ill")
    assert any("no such column" in note for note in alone.notes)
    for name in ("recall", "roc_auc"):
        assert together[name].value == alone[name].value
        width = together[name].high - together[name].low
        assert width > 1.3 * (alone[name].high - alone[name].low), name
    frame = grouped.evaluate(rows, "ill")
    assert frame["recall"].low == together["recall"].low


def test_a_file_of_one_class_is_told_once(
    grouped: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_patients(400, 1)
    healthy = rows.filter(pa.compute.equal(rows.column("ill"), 0))
    csv.write_csv(healthy, tmp_path / "healthy.csv")
    small = functools.partial(read_blocks, block_bytes=1_000)
    monkeypatch.setattr(shards, "read_blocks", small)
    with pytest.warns(TableWarning, match=r"are of class '0'\.$"):
        found = grouped.evaluate(tmp_path / "healthy.csv")
    assert np.isnan(found["recall"].value)


def test_rows_without_a_group_are_groups_of_their_own(grouped: FittedModel) -> None:
    rows = with_patients(400, 1)
    names = rows.column("patient").to_pylist()
    names[:200] = [None] * 200
    some = rows.set_column(0, "patient", pa.array(names, pa.string()))
    with pytest.warns(TableWarning, match="each is a group of its own"):
        found = grouped.evaluate(some, "ill")
    assert any("draw 240 such groups" in note for note in found.notes)


@pytest.mark.parametrize("blocks", [False, True])
def test_slices_are_of_the_rows_that_were_read_and_scored_once(
    grouped: FittedModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    blocks: bool,
) -> None:
    rows = with_patients(400, 1)
    names = rows.column("patient").to_pylist()
    names[:200] = [None] * 200
    source: Any = rows.set_column(0, "patient", pa.array(names, pa.string()))
    if blocks:
        csv.write_csv(source, tmp_path / "later.csv")
        source = tmp_path / "later.csv"
        small = functools.partial(read_blocks, block_bytes=1_000)
        monkeypatch.setattr(shards, "read_blocks", small)
    scored: list[int] = []
    whole = FittedModel.raw_log_odds

    def counted(self: FittedModel, source: Any) -> Any:
        scored.append(len(source))
        return whole(self, source)

    monkeypatch.setattr(FittedModel, "raw_log_odds", counted)
    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        found = grouped.evaluate(source, "ill", slices=True)
    texts = [str(one.message) for one in issued]
    assert len(texts) == len(set(texts)) == (0 if blocks else 1)
    assert sum(scored) == 400
    assert (len(scored) > 1) == blocks
    assert found.slices is not None
    monkeypatch.undo()
    unit = np.r_[1000 + np.arange(200), np.unique(names[200:], return_inverse=True)[1]]
    table = read_table(rows.drop_columns(["patient"]), like=grouped.schema)
    alone = worst_slices(table, grouped.decide(table), clusters=unit)
    assert found.slices.slices == alone.slices


def test_your_own_network_has_no_slices(grouped: FittedModel) -> None:
    network: Any = object()
    own: Any = dataclasses.replace(grouped, user_input=network)
    with pytest.raises(UnsupportedError, match="a model of columns"):
        own.evaluate(np.zeros((4, 2)), np.array([0, 1, 0, 1]), slices=True)


def test_rows_without_a_label_are_left_out_as_the_error_says(
    linear: FittedModel, make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    rows = make_rows(150, seed=9)
    expected = linear.evaluate(rows.slice(30))["recall"].value
    labels = [None] * 30 + rows.column("fraud").to_pylist()[30:]
    place = rows.column_names.index("fraud")
    gaps = rows.set_column(place, "fraud", pa.array(labels))
    csv.write_csv(gaps, tmp_path / "gaps.csv")
    for source in (gaps, tmp_path / "gaps.csv"):
        with pytest.raises(TargetError, match="Pass unlabelled='drop'"):
            linear.evaluate(source)
        with pytest.warns(TableWarning, match="30 rows of .* without a label"):
            evaluation = linear.evaluate(source, unlabelled="drop")
        assert evaluation.rows == 120
        assert evaluation["recall"].value == expected
    network: Any = dataclasses.replace(linear, user_input=object())
    with pytest.raises(UnsupportedError, match="x and y of the rows"):
        network.evaluate(np.zeros((4, 2)), np.zeros(4), unlabelled="drop")


@pytest.mark.parametrize("name", ["y", "fraud"])
def test_the_target_may_have_another_name(
    linear: FittedModel, make_rows: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    rows = make_rows(150, seed=9)
    expected = linear.evaluate(rows)["recall"].value
    renamed = rows.rename_columns([*rows.column_names[:-1], "y"])
    if name == "fraud":
        renamed = rows
    assert linear.evaluate(renamed, name)["recall"].value == expected
    csv.write_csv(renamed, tmp_path / "r.csv")
    assert linear.evaluate(tmp_path / "r.csv", name)["recall"].value == expected
    both = renamed.append_column("fraud_2", renamed.column(name)).rename_columns(
        [*renamed.column_names[:-1], "other", "labels"]
    )
    with pytest.warns(TableWarning, match="'other'"):
        assert linear.evaluate(both, "labels")["recall"].value == expected
