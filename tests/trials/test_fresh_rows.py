# SPDX-License-Identifier: Apache-2.0
"""Rows of a store that take the places of those in memory."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.errors import SplitError
from equipoise.models.state import pack, unpack
from equipoise.stores.stored_table import StoredTable
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.tuned import Tuned
from equipoise.table.splits import SplitKeys
from equipoise.trials import fewer_rows
from equipoise.trials.fresh_rows import FreshRows
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import make_shards
from equipoise.trials.stored_rows import StoredRows

ROWS = 8_000
FITTED = 2_000


def store_of(folder: Path, classes: int = 2, **reading: Any) -> StoredTable:
    random = np.random.default_rng(0)
    share = (0.93, 0.05, 0.02) if classes == 3 else (0.95, 0.05)
    y = random.choice(len(share), ROWS, p=share)
    columns = {"place": np.arange(ROWS) + 0.5, "y": y}
    if "group" in reading:
        columns["who"] = random.integers(0, 3_000, ROWS)
    if "time" in reading:
        columns["day"] = np.arange(ROWS)
    pq.write_table(pa.table(columns), folder / "t.parquet", row_group_size=3_000)
    stored = eq.read_table(
        folder / "t.parquet", "y", keep=["place"], memory="1GB", **reading
    )
    return stored.with_memory(int(FITTED * stored.memory / stored.most_rows))


def made(  # type: ignore[no-untyped-def]
    stored: StoredTable,
    by: str = "stratified",
    repeats: int = 1,
    strategies: Any = "plain",
):
    rows = StoredRows.of(stored, seed=0)
    plan = TrialPlan(
        rows.table, tuple(as_strategies(strategies)), Protocol(folds=4, by=by)
    )
    return rows, plan, FreshRows.of(rows, plan, repeats)


def block(fresh: FreshRows, number: int, parts: Any) -> list[tuple[Any, Any]]:
    """Return of each part the places and the rows that came, by their place."""
    came: list[tuple[list[Any], list[Any]]] = [([], []) for _ in parts]
    for pieces in fresh.refill(number, [(part.train, part.stop) for part in parts]):
        for (places, rows), (at, table) in zip(came, pieces, strict=True):
            assert (table.labels() == fresh.table.labels()[at]).all()
            places.append(at)
            rows.append((table["place"].values - 0.5).astype(int))
    return [(np.concatenate(a), np.concatenate(b)) for a, b in came]


@pytest.mark.parametrize("repeats", [1, 2])
def test_rows_come_from_folds_that_the_job_learns_from(
    tmp_path: Path, repeats: int
) -> None:
    stored = store_of(tmp_path)
    rows, plan, fresh = made(stored, repeats=repeats)
    parts = plan.parts(range(repeats))
    folds = np.empty((repeats, ROWS), np.int64)
    for piece in stored.blocks():
        keys = stored.keys(piece.records)
        folds[:, keys.row] = fresh.folds(piece.first, keys)
    in_memory = rows.taken.keys.row
    for part, (at, came) in zip(parts, block(fresh, 1, parts), strict=True):
        assert len(np.unique(at)) == len(at)
        assert len(np.unique(came)) == len(came)
        negatives = part.train[rows.table.labels()[part.train] == 0]
        assert set(at) <= set(negatives)
        assert len(at) > 0.95 * len(negatives)
        assert not np.isin(came, in_memory).any()
        # Each takes the place of a row of its own fold, which is not the part's.
        own = folds[part.repeat]
        np.testing.assert_array_equal(own[came], own[in_memory[at]])
        assert (own[came] != part.fold).all()


def test_each_row_comes_once_before_any_comes_again(tmp_path: Path) -> None:
    stored = store_of(tmp_path)
    rows, plan, fresh = made(stored)
    parts = plan.parts([0])
    others = int(stored.totals[0]) - rows.shares.kept[0]
    blocks = int(others / (0.9 * rows.shares.kept[0]))
    came = np.concatenate(
        [
            np.unique(np.concatenate([c for _, c in block(fresh, k, parts)]))
            for k in range(1, blocks + 1)
        ]
    )
    assert len(np.unique(came)) == len(came)
    assert len(came) > 0.95 * blocks * 0.8 * rows.shares.kept[0]
    every = [block(fresh, k, parts[:1])[0][1] for k in range(1, 4 * blocks)]
    seen = np.unique(np.concatenate(every))
    learned_from = others * 3 / 4  # the rows of the other folds
    assert len(seen) > 0.97 * learned_from


def test_a_block_follows_from_its_number(tmp_path: Path) -> None:
    _, plan, fresh = made(store_of(tmp_path))
    parts = plan.parts([0])
    later = block(fresh, 5, parts)
    _, _, again = made(store_of(tmp_path))
    for (at, came), (at_again, came_again) in zip(
        later, block(again, 5, parts), strict=True
    ):
        np.testing.assert_array_equal(at, at_again)
        np.testing.assert_array_equal(came, came_again)
    # What a part gets does not depend on the others that are filled with it.
    (alone,) = block(again, 5, parts[2:3])
    np.testing.assert_array_equal(alone[1], later[2][1])
    assert not np.array_equal(block(fresh, 4, parts)[0][1], later[0][1])
    assert fresh.digest == again.digest
    sent = unpack(pack(fresh.state(), "x"), "x")
    elsewhere = FreshRows.from_state(sent, fresh.table)
    assert elsewhere.digest == fresh.digest
    for one, other in zip(block(elsewhere, 5, parts), later, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_groups_of_stop_rows_and_test_rows_never_come(tmp_path: Path) -> None:
    stored = store_of(tmp_path, group="who")
    rows, plan, fresh = made(stored, by="group")
    whole = stored.rows(np.arange(ROWS))
    group = np.empty(ROWS, np.uint64)
    group[whole.keys.row] = whole.keys.group
    parts = plan.parts([0])
    for part, (_, came) in zip(parts, block(fresh, 1, parts), strict=True):
        others = rows.taken.keys.row[np.concatenate([part.stop, part.test])]
        assert len(came) > 500
        assert not np.isin(group[came], group[others]).any()


def test_classes_that_are_whole_stay(tmp_path: Path) -> None:
    rows, plan, fresh = made(store_of(tmp_path, classes=3))
    assert rows.shares.kept[1:] == rows.shares.totals[1:]
    parts = plan.parts([0])
    for at, _ in block(fresh, 2, parts):
        assert (rows.table.labels()[at] == 0).all()
        assert len(at) > 500


def test_there_are_none_by_time_or_if_all_rows_are_in_memory(tmp_path: Path) -> None:
    stored = store_of(tmp_path, time="day")
    assert made(stored, by="time")[2] is None
    assert made(stored.with_memory(10**9))[2] is None


def test_there_are_none_if_no_strategy_takes_them(tmp_path: Path) -> None:
    stored = store_of(tmp_path)
    assert made(stored, strategies=["trees", "logistic", "smote"])[2] is None
    assert made(stored, strategies=["trees", "plain"])[2] is not None
    bag = eq.Strategy("bag", learner="logistic", plan="under_bagging")
    assert made(stored, strategies=[bag])[2] is not None


def test_folds_that_cannot_be_drawn_again_are_those_of_one_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = store_of(tmp_path)
    once = made(stored)[2]
    outer = SplitKeys.outer

    def failing(self: SplitKeys, *which: Any, repeat: int, **more: Any) -> Any:
        if repeat >= first_without:
            raise SplitError("These rows cannot be split.")
        return outer(self, *which, repeat=repeat, **more)

    monkeypatch.setattr(SplitKeys, "outer", failing)
    first_without = 2
    fresh = made(stored, repeats=3)[2]
    assert fresh.digest == once.digest
    assert len(made(stored, repeats=2)[2].folds.kept) == 2
    first_without = 0
    for repeats in (1, 2):
        with pytest.raises(SplitError, match="cannot be split"):
            made(stored, repeats=repeats)


def places_of(rows: Any) -> Any:
    return (rows["place"].values - 0.5).astype(int)


@pytest.mark.parametrize("repeats", [1, 2])
def test_shards_do_not_overlap_and_come_from_all_rows(
    tmp_path: Path, repeats: int
) -> None:
    stored = store_of(tmp_path)
    rows, plan, fresh = made(stored, repeats=repeats)
    row, y = rows.taken.keys.row, rows.table.labels()
    whole = stored.rows(np.arange(ROWS))
    folds = np.empty((repeats, ROWS), np.int64)
    for piece in stored.blocks():
        keys = stored.keys(piece.records)
        folds[:, keys.row] = fresh.folds(piece.first, keys)
    random = np.random.default_rng(1)
    part = plan.parts(range(repeats))[-1]
    negatives = part.train[y[part.train] == 0]
    positives = part.train[y[part.train] == 1]
    seen = []
    for number in range(8):
        few = np.sort(random.choice(negatives, 300, replace=False))
        train = np.concatenate([positives, few])
        at, came = fresh.shard(number, train, part.train, part.stop)
        assert set(at) <= set(few)
        assert len(at) > 285
        assert len(np.unique(at)) == len(at)
        places = places_of(came)
        np.testing.assert_array_equal(
            folds[part.repeat, places], folds[part.repeat, row[at]]
        )
        kept = np.isin(places, row)
        assert 0 < kept.mean() < 0.5
        assert np.isin(places[kept], row[part.train]).all()
        assert (came.labels() == 0).all()
        seen.append(places)
    joined = np.concatenate(seen)
    assert len(np.unique(joined)) == len(joined)
    # From all over the file, which is in the order of the place.
    np.testing.assert_allclose(
        np.quantile(joined, [0.25, 0.5, 0.75]) / ROWS, [0.25, 0.5, 0.75], atol=0.05
    )
    assert len(whole.table) == ROWS
    at, again = fresh.shard(7, train, part.train, part.stop)
    np.testing.assert_array_equal(places_of(again), seen[-1])


def test_networks_that_take_new_rows_leave_out_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block fills the places of a job, and few rows are read for nothing."""
    monkeypatch.setattr(fewer_rows, "MANY_ROWS", 1_000)
    monkeypatch.setattr(fewer_rows, "LARGEST_PER_OTHER", 1)
    for name in ("network", "logistic"):
        record = dataclasses.replace(LEARNERS[name], fewer_rows=100)
        monkeypatch.setitem(LEARNERS, name, record)
    _, plan, fresh = made(store_of(tmp_path))
    arms = [*as_strategies(["plain", "smote", "logistic"]), Tuned("plain", trials=2)]
    plan = dataclasses.replace(
        plan, strategies=tuple(arms), learners=LearnerChoice("small", supply=fresh)
    )
    parts = plan.parts([0])
    for shard in make_shards(plan, parts, plan.strategies):
        for job in shard.jobs(plan, shard.strategies):
            part = parts[[p.number for p in parts].index(job.part)]
            whole = job.strategy.name in ("plain", "tuned plain")
            assert (job.shares is None) == whole
            assert np.array_equal(job.train_rows, part.train) == whole
            assert np.array_equal(job.stop_rows, part.stop) == whole
            if job.strategy.name == "plain":
                assert plan.learners.streams(job.strategy)
                jobs = [(job.train_rows, job.stop_rows)]
                at = [len(piece[0][0]) for piece in fresh.refill(1, jobs)]
                read = sum(len(taken.places) for taken in fresh._stretches(0, 1))
                assert read < 2 * sum(at)  # three fifths of the rows are its own
