# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from equipoise.jobs import Job
from equipoise.learners.anomaly.autoencoder import AutoencoderLearner
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task


def on_a_plane(rows: int = 900) -> Table:
    """Negatives lie on a plane in six dimensions; positives off it, as near to 0."""
    random = np.random.default_rng(0)
    plane = random.normal(size=(2, 6))
    x = random.normal(size=(rows, 2)) @ plane
    y = np.arange(rows) % 12 == 0
    x[y] = random.permuted(x[y], axis=0)  # each column as before, but not together
    columns = tuple(Column(f"x{i}", "numeric", x[:, i]) for i in range(6))
    return Table(columns, y.astype(np.int8), Task("binary", ("no", "yes")))


def test_it_finds_what_no_single_column_shows() -> None:
    table = on_a_plane()
    rows = np.arange(900)
    arm = Strategy(learner="autoencoder", options={"bottleneck": 2})
    job = Job(arm, rows[:500], rows[500:600], rows[600:], seed=0)
    (outcome,) = AutoencoderLearner().run(table, [job])
    y = table.labels()[600:]
    assert roc_auc_score(y, outcome.log_odds) > 0.95
    values = np.stack([np.abs(column.values[600:]) for column in table.columns])
    assert max(roc_auc_score(y, each) for each in values) < 0.75


@pytest.mark.parametrize(
    ("options", "columns", "widths"),
    [
        ({}, 6, (64, 3, 64)),
        ({}, 1, (64, 1, 64)),
        ({}, 500, (64, 32, 64)),
        ({"bottleneck": 40, "width": 50}, 6, (50, 40, 50)),
    ],
)
def test_widths(options: dict[str, int], columns: int, widths: tuple[int, ...]) -> None:
    arm = Strategy(learner="autoencoder", options=options)
    assert AutoencoderLearner().hidden(arm, columns) == widths
