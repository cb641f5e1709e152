# SPDX-License-Identifier: Apache-2.0
"""Which rows of a store are fitted on, scored and judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import equipoise as eq
from equipoise.stores.class_shares import KeptShares
from equipoise.stores.stored_table import StoredTable
from equipoise.strategies.catalogue import as_strategies
from equipoise.trials.fold_scores import fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.stored_rows import (
    FoldOfRow,
    StoredRows,
    judge_store,
    stored_facts,
)

ROWS = 8_000
COLUMNS = 3


def frame(seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(ROWS, COLUMNS))
    y = random.random(ROWS) < 1 / (1 + np.exp(4.5 - 1.5 * x[:, 0] - x[:, 1]))
    return {
        **{f"x{j}": x[:, j] for j in range(COLUMNS)},
        "patient": random.integers(0, 2_000, ROWS),
        "day": np.sort(random.random(ROWS)),
        "y": y.astype(int),
    }


def store_of(folder: Path, rows: int, **reading: Any) -> StoredTable:
    table = pa.table(frame())
    if "group" not in reading:
        table = table.drop_columns("patient")
    if "time" not in reading:
        table = table.drop_columns("day")
    pq.write_table(table, folder / "t.parquet", row_group_size=3_000)
    stored = eq.read_table(folder / "t.parquet", "y", memory="1GB", **reading)
    each = stored.memory / stored.most_rows
    return stored.with_memory(int(rows * each))


def fitted(stored: StoredTable, by: str = "stratified", **protocol: Any):  # type: ignore[no-untyped-def]
    rows = StoredRows.of(stored, seed=0)
    plan = TrialPlan(
        rows.table,
        tuple(as_strategies(["logistic", "prior"])),
        Protocol(folds=4, by=by, **protocol),
        keep=True,
    )
    return rows, plan, fit_parts(plan, plan.parts([0]))


def test_kept_rows_keep_their_folds_and_the_others_are_even(tmp_path: Path) -> None:
    rows, plan, scores = fitted(store_of(tmp_path, 2_000))
    rule = FoldOfRow.of(rows, plan, scores)
    folds = np.empty(ROWS, np.int64)
    for block in rows.store.blocks():
        where = rule(block.first, rows.store.keys(block.records))
        folds[block.first : block.first + len(block.records)] = where[0]
    np.testing.assert_array_equal(folds[rows.taken.places], scores.folds[0])
    counts = np.bincount(folds, minlength=4)
    assert counts.sum() == ROWS
    assert np.abs(counts - ROWS / 4).max() < 5 * (ROWS * 3 / 16) ** 0.5


def test_groups_stay_on_one_side(tmp_path: Path) -> None:
    rows, plan, scores = fitted(store_of(tmp_path, 2_000, group="patient"), by="group")
    rule = FoldOfRow.of(rows, plan, scores)
    seen: dict[int, set[int]] = {}
    for block in rows.store.blocks():
        where = rule(block.first, rows.store.keys(block.records))[0]
        for group, fold in zip(block.records["group"], where, strict=True):
            seen.setdefault(int(group), set()).add(int(fold))
    assert len(seen) > 1_900
    assert all(len(folds) == 1 for folds in seen.values())


def test_time_is_never_reversed(tmp_path: Path) -> None:
    rows, plan, scores = fitted(store_of(tmp_path, 2_000, time="day"), by="time")
    rule = FoldOfRow.of(rows, plan, scores)
    latest = {p.fold: plan.table.time[p.train].max() for p in plan.parts([0])}
    for block in rows.store.blocks():
        where = rule(block.first, rows.store.keys(block.records))[0]
        for fold, last in latest.items():
            assert (block.records["time"][where == fold] >= last).all()


def test_scores_are_those_of_the_population(tmp_path: Path) -> None:
    """The kept share of the negatives is undone: calibrated among all rows."""
    rows, plan, scores = fitted(store_of(tmp_path, 2_000))
    judged = judge_store(rows, plan, scores)
    assert rows.shares.kept[0] < rows.shares.totals[0]
    assert rows.shares.kept[1] == rows.shares.totals[1]
    p = 1 / (1 + np.exp(-judged.scores.log_odds["logistic"][0, :, 0]))
    weights = np.ones(len(p)) if judged.weights is None else judged.weights
    share = rows.store.totals[1] / ROWS
    assert np.average(p, weights=weights) == pytest.approx(share, rel=0.08)
    # Its models score the rows in memory as they are judged.
    models = judged.fitted
    np.testing.assert_array_equal(models.folds, scores.folds)
    for fold, model in enumerate(models.scorers["logistic"]):
        held = np.flatnonzero(models.folds[0] == fold)
        at = np.searchsorted(judged.places, rows.taken.places[held])
        np.testing.assert_allclose(
            model.log_odds(rows.table.take(held)),
            judged.scores.log_odds["logistic"][0, at],
            rtol=1e-6,
        )
    prior = judged.scores.log_odds["prior"]
    assert 1 / (1 + np.exp(-prior.mean())) == pytest.approx(share, rel=0.01)


def test_judged_rows_give_the_metrics_of_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weighted metrics of some rows against exact ones of all rows, fold by fold."""
    rows, plan, scores = fitted(store_of(tmp_path, 2_000))
    monkeypatch.setattr("equipoise.trials.stored_rows.DRAWN_BYTES", 0)
    monkeypatch.setattr("equipoise.trials.stored_rows.JUDGED_BYTES", 0)
    everything = judge_store(rows, plan, scores)
    assert len(everything.y) == ROWS
    assert everything.weights is None
    monkeypatch.setattr("equipoise.trials.stored_rows.JUDGED_BYTES", 10**6)
    some = judge_store(rows, plan, scores)
    assert 2_000 < len(some.y) < ROWS
    assert some.weights.sum() == pytest.approx(ROWS)
    y, z = everything.y, everything.scores.log_odds["logistic"][0, :, 0]
    w, v = some.weights, some.scores.log_odds["logistic"][0, :, 0]
    folds = some.scores.folds[0]
    np.testing.assert_array_equal(folds, everything.scores.folds[0][some.places])
    exact, about, area = [], [], []
    for k in range(4):
        all_here, here = everything.scores.folds[0] == k, folds == k
        exact.append(average_precision_score(y[all_here], z[all_here]))
        about.append(
            average_precision_score(some.y[here], v[here], sample_weight=w[here])
        )
        area.append(roc_auc_score(y[all_here], z[all_here]))
    np.testing.assert_allclose(about, exact, atol=0.01)
    positives = [(y[everything.scores.folds[0] == k] == 1).sum() for k in range(4)]
    whole = some.whole["logistic"]
    value = np.average(exact, weights=positives)
    assert abs(whole["average_precision"].value - value) <= (
        whole["average_precision"].error + 1e-6
    )
    assert abs(whole["roc_auc"].value - np.average(area, weights=positives)) <= (
        whole["roc_auc"].error + 1e-6
    )
    facts = stored_facts(rows, some)
    assert facts["rows"] == ROWS
    assert facts["judged"] == len(some.y)
    assert "are judged: those that were fitted on" in some.notes[0]
    assert "of '0' (" in rows.sentence()


def test_if_all_rows_fit_they_are_judged_as_they_are(tmp_path: Path) -> None:
    rows, plan, scores = fitted(store_of(tmp_path, 10 * ROWS))
    judged = judge_store(rows, plan, scores)
    assert rows.shares.whole
    assert judged.weights is None
    np.testing.assert_array_equal(
        judged.scores.log_odds["logistic"], scores.log_odds["logistic"]
    )
    assert rows.sentence().startswith("All 8,000 rows fit into the memory given")


def test_copies_are_one_case(tmp_path: Path) -> None:
    whole = frame()
    doubled = {
        name: np.concatenate([values, values[:2_000]])
        for name, values in whole.items()
        if name not in ("patient", "day")
    }
    pq.write_table(pa.table(doubled), tmp_path / "t.parquet")
    stored = eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")
    stored = stored.with_memory(int(3_000 * stored.memory / stored.most_rows))
    rows, plan, scores = fitted(stored, duplicates="group")
    rule = FoldOfRow.of(rows, plan, scores)
    seen: dict[int, set[int]] = {}
    for block in stored.blocks():
        keys = stored.keys(block.records)
        for row, fold in zip(keys.hashes, rule(block.first, keys)[0], strict=True):
            seen.setdefault(int(row), set()).add(int(fold))
    assert len(seen) == ROWS
    assert all(len(folds) == 1 for folds in seen.values())
    units = rule.units(np.arange(ROWS + 2_000))
    assert len(np.unique(units)) == ROWS


def test_groups_tie_other_rows_if_no_two_kept_ones_share_one(tmp_path: Path) -> None:
    stored = store_of(tmp_path, 2_000, group="patient")
    everything = np.concatenate([b.records["group"] for b in stored.blocks()])
    places = np.sort(np.unique(everything, return_index=True)[1])
    kept = np.bincount(stored.labels()[places], minlength=2)
    shares = KeptShares(tuple(stored.totals.tolist()), tuple(kept.tolist()))
    rows = StoredRows(stored, stored.rows(places), shares)
    plan = TrialPlan(
        rows.table, tuple(as_strategies(["prior"])), Protocol(folds=4), keep=True
    )
    assert plan.keys.units is None
    rule = FoldOfRow.of(rows, plan, fit_parts(plan, plan.parts([0])))
    seen: dict[int, set[int]] = {}
    for block in stored.blocks():
        where = rule(block.first, stored.keys(block.records))[0]
        for group, fold in zip(block.records["group"], where, strict=True):
            seen.setdefault(int(group), set()).add(int(fold))
    assert all(len(folds) == 1 for folds in seen.values())
    units = rule.units(np.arange(ROWS))
    assert len(np.unique(units)) == len(seen) == len(places)


def test_records_of_default_values_are_cases_of_their_own(tmp_path: Path) -> None:
    """Equal rows that the judgement of copies leaves apart, beside true copies."""
    values = {f"x{j}": frame()[f"x{j}"] for j in range(COLUMNS)}
    values["y"] = frame()["y"]
    defaults = 1_500
    whole = {
        name: np.concatenate([column, column[:2_000], np.zeros(defaults, column.dtype)])
        for name, column in values.items()
    }
    pq.write_table(pa.table(whole), tmp_path / "t.parquet")
    stored = eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")
    stored = stored.with_memory(int(3_000 * stored.memory / stored.most_rows))
    rows, plan, scores = fitted(stored)
    assert plan.keys.units is not None
    rule = FoldOfRow.of(rows, plan, scores)
    hashes, folds = [], []
    for block in stored.blocks():
        keys = stored.keys(block.records)
        hashes.append(keys.hashes)
        folds.append(rule(block.first, keys)[0])
    each, where = np.concatenate(hashes), np.concatenate(folds)
    distinct, counts = np.unique(each, return_counts=True)
    default = each == distinct[np.argmax(counts)]
    assert default.sum() == defaults
    sizes = np.bincount(where[default], minlength=4)
    assert np.abs(sizes - defaults / 4).max() < 5 * (defaults * 3 / 16) ** 0.5
    units = rule.units(np.arange(len(stored)))
    assert len(np.unique(units[default])) == defaults
    assert len(np.unique(units)) == ROWS + defaults
    copies = {(h, f) for h, f in zip(each[~default], where[~default], strict=True)}
    assert len(copies) == ROWS
