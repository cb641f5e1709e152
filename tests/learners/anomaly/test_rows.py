# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.anomaly.rows import learned_rows
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table


def test_rows_are_told_apart_by_part_and_class(
    rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    (job,) = jobs_of(rare_table, Strategy(learner="isolation_forest"), parts=1)
    rows = learned_rows(rare_table, job)
    train = np.sort(np.concatenate([rows.negatives, rows.positives]))
    stop = np.sort(np.concatenate([rows.stop_negatives, rows.stop_positives]))
    np.testing.assert_array_equal(train, job.train_rows)
    np.testing.assert_array_equal(stop, job.stop_rows)
    assert not rare_table.labels()[rows.negatives].any()
    assert not rare_table.labels()[rows.stop_negatives].any()
    assert rare_table.labels()[rows.positives].all()
    assert rare_table.labels()[rows.stop_positives].all()


@pytest.mark.parametrize("label", [0, 1])
def test_a_training_part_of_one_class_is_refused(
    rare_table: Table, jobs_of: Callable[..., list[Job]], label: int
) -> None:
    (job,) = jobs_of(rare_table, Strategy(learner="isolation_forest"), parts=1)
    rows = job.train_rows[rare_table.labels()[job.train_rows] == label]
    one_sided = Job(job.strategy, rows, job.stop_rows, job.scored_rows, 0)
    with pytest.raises(InputError):
        learned_rows(rare_table, one_sided)
