# SPDX-License-Identifier: Apache-2.0
"""What a cross-validation estimates, from what its splits really leave."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.evaluation.estimand import SplitSizes
from equipoise.table.splits import outer_splits
from equipoise.table.table import Column, Table
from equipoise.task import Task


@pytest.mark.parametrize("folds", [2, 3, 5, 7, 10, 20])
def test_equal_folds(folds: int) -> None:
    sizes = SplitSizes.of(np.arange(403) % folds)
    expected = f"a model trained on {folds - 1}/{folds} of this table"
    assert sizes.estimand == expected
    assert sizes.test_share == pytest.approx(1 / folds, abs=1e-3)


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
def test_splits_by_time_leave_what_they_leave(folds: int) -> None:
    """An expanding window: from 1 of k + 1 blocks to k of them."""
    rows = 1200
    x = np.random.default_rng(0).normal(size=rows)
    y = (np.arange(rows) % 10 == 0).astype(np.int8)
    table = Table(
        (Column("x", "numeric", x),),
        y,
        Task("binary", ("no", "yes")),
        time=np.arange(rows),
    )
    splits = outer_splits(table, folds=folds, by="time")
    fold = np.full(rows, -1)
    for k, split in enumerate(splits):
        fold[split.test] = k
    sizes = SplitSizes.of(
        fold[fold >= 0], [len(s.train) for s in splits], rows, past=True
    )
    last = folds + 1
    assert sizes.estimand == (
        f"models trained on 1/{last} to {folds}/{last} of this table, "
        "always on earlier rows"
    )
    ratio = np.mean([len(s.test) / len(s.train) for s in splits])
    share = sizes.test_share
    assert share / (1 - share) == pytest.approx(ratio)
    assert ratio == pytest.approx(np.mean(1 / np.arange(1, last)), rel=0.02)


def test_unequal_groups_are_told_by_their_shares() -> None:
    fold = np.repeat([0, 1, 2], [50, 30, 20])
    assert SplitSizes.of(fold).words == "50% to 80% of this table"
    fold = np.repeat([0, 1, 2], [463, 327, 210])
    assert SplitSizes.of(fold).words == "54% to 79% of this table"


def test_rows_that_training_leaves_out_are_not_counted() -> None:
    sizes = SplitSizes.of(np.arange(100) % 5, [61, 60, 60, 60, 61], 100)
    assert sizes.estimand == "a model trained on 3/5 of this table"


def test_training_rows_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match="training rows"):
        SplitSizes.of(np.arange(10) % 2, [5])
