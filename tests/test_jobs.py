# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import UnsupportedError
from equipoise.jobs import Job
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task

TABLE = Table((), np.array([0, 0, 1, 0, 1], np.int8), Task("binary", ("no", "yes")))
ROWS = np.array([0, 1, 2])
REST = np.array([3, 4])


def test_rows_count_one_each_where_nothing_is_said() -> None:
    job = Job(Strategy(), ROWS, REST, REST, 0)
    assert job.weights(REST).tolist() == [1.0, 1.0]
    assert job.totals(TABLE, ROWS).tolist() == [2.0, 1.0]
    job.require_no_weights("anyone")


def test_weights_are_those_of_the_table_s_rows() -> None:
    weights = np.array([1.0, 2.0, 0.5, 8.0, 4.0])
    job = Job(Strategy(), ROWS, REST, REST, 0, row_weights=weights)
    assert job.weights(REST).tolist() == [8.0, 4.0]
    assert job.totals(TABLE, ROWS).tolist() == [3.0, 0.5]
    assert job.totals(TABLE, REST).tolist() == [8.0, 4.0]
    with pytest.raises(UnsupportedError, match="example weights for someone"):
        job.require_no_weights("someone")
