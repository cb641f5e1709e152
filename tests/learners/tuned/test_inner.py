# SPDX-License-Identifier: Apache-2.0
"""The inner folds of a search: the training part alone, groups and time kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from equipoise.errors import SplitError
from equipoise.jobs import Job
from equipoise.learners.tuned.inner import inner_folds
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

Jobs = Callable[..., list[Job]]


def test_inner_folds_share_out_the_training_part_alone(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, Strategy(), parts=1)
    folds = inner_folds(rare_table, job, 3)
    used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
    judged = np.sort(np.concatenate([fold.scored for fold in folds]))
    np.testing.assert_array_equal(judged, used)
    for fold in folds:
        rows = np.concatenate([fold.train, fold.stop, fold.scored])
        np.testing.assert_array_equal(np.sort(rows), used)
    assert len({fold.seed for fold in folds}) == 3


def test_inner_folds_keep_groups_and_time(rare_table: Table, jobs_of: Jobs) -> None:
    groups = np.arange(len(rare_table)) // 3
    grouped = dataclasses.replace(rare_table, groups=groups)
    (job,) = jobs_of(grouped, Strategy(), parts=1)
    for fold in inner_folds(grouped, job, 2):
        assert not set(groups[fold.train]) & set(groups[fold.scored])
    times = np.random.default_rng(0).permutation(len(rare_table)).astype(float)
    timed = dataclasses.replace(rare_table, time=times)
    for fold in inner_folds(timed, job, 2):
        assert times[fold.train].max() < times[fold.stop].min()
        assert times[fold.stop].max() < times[fold.scored].min()


def test_too_few_rows_for_inner_folds_name_what_works(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, Strategy(), parts=1)
    y = rare_table.labels()
    few = np.concatenate([np.flatnonzero(y == 0)[:40], np.flatnonzero(y == 1)[:5]])
    small = dataclasses.replace(job, train_rows=few[:-1], stop_rows=few[-1:])
    with pytest.raises(SplitError, match="inside a training part of 45 rows"):
        inner_folds(rare_table, small, 6)
    assert len(inner_folds(rare_table, small, 2)) == 2
