# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.metrics import TaskRows
from equipoise.task import Task
from equipoise.uncertainty.influence import Influence
from equipoise.uncertainty.strata import Strata, unit_sums

TASK = Task("multiclass", ("a", "b", "c"))


def test_errors_of_a_mean_have_the_variance_of_a_mean() -> None:
    random = np.random.default_rng(0)
    y, values = np.repeat([0, 1, 2], [12, 8, 5]), random.normal(size=25)
    rows = TaskRows.of(TASK, y)
    strata = Strata.of_rows(rows)
    sizes = np.bincount(y)
    errors = strata.errors((values - 3.0) / sizes[y])
    expected = sum(values[y == k].var(ddof=1) / sizes[k] for k in range(3))
    assert np.sum(errors**2) == pytest.approx(expected)
    assert [strata.units(k) for k in range(3)] == [12, 8, 5]
    assert strata.left == pytest.approx(1 - 1 / sizes[y])


@pytest.mark.parametrize("clustered", [False, True])
def test_errors_equal_those_of_two_classes(clustered) -> None:
    random = np.random.default_rng(1)
    y = random.random(90) < 0.4
    raw, weights = random.normal(size=90), random.uniform(0.2, 2.0, 90)
    clusters = random.integers(0, 15, 90) if clustered else None
    task = Task("binary", ("no", "yes"))
    strata = Strata.of_rows(TaskRows.of(task, y, weights), clusters)
    errors = strata.errors(raw)
    centred = raw.copy()
    for rows in (y, ~y):
        share = weights[rows] / weights[rows].sum()
        centred[rows] -= share * raw[rows].sum()
    binary = Influence(0.5, centred, y, weights)
    variance = float(np.sum(unit_sums(errors, strata.unit) ** 2))
    # The number of clusters is counted within each class here.
    reference = binary.variance(clusters)
    assert variance == pytest.approx(reference, rel=0.01 if clustered else 1e-6)
    assert min(strata.units(0), strata.units(1)) == pytest.approx(
        binary.units(clusters)
    )


def test_a_stratum_of_one_unit_has_no_error_and_can_be_joined() -> None:
    y = np.repeat([0, 1, 2], [9, 4, 1])
    strata = Strata.of_rows(TaskRows.of(TASK, y))
    influences = np.random.default_rng(2).normal(size=14)
    assert np.isnan(strata.errors(influences)).tolist() == (y == 2).tolist()
    joined = strata.collapsed()
    assert joined.number.tolist() == [0] * 9 + [1] * 5
    assert np.isfinite(joined.errors(influences)).all()
    several = Strata.of_rows(TaskRows.of(TASK, y[:13]))
    assert several.collapsed() is several
    one_cluster = Strata.of_rows(TaskRows.of(TASK, y), [*range(9), 9, 9, 9, 9, 10])
    assert np.isnan(one_cluster.errors(influences)).sum() == 5
    assert one_cluster.collapsed().number.tolist() == [0] * 14


def test_of_two_clusters_the_error_is_known() -> None:
    y = np.array([0, 0, 0, 1, 1, 1])
    strata = Strata.of_rows(TaskRows.of(TASK, y), [0, 1, 2, 3, 3, 4])
    assert strata.units(1) == 2.0
    assert strata.units(2) == 0.0


def test_the_strata_of_a_label_hold_the_rows_in_which_it_is_known() -> None:
    task = Task("multilabel", ("x", "y"))
    rows = TaskRows.of(task, [[1, 0], [-1, 1], [0, -1], [-1, -1]], [1, 1, 2, 1])
    assert Strata.of_view(rows, 0).number.tolist() == [1, -1, 0, -1]
    assert Strata.of_rows(rows).number.tolist() == [0, 0, 0, -1]
    none = Strata.of_rows(TaskRows.of(task, [[1, 0], [1, 1]], [1, 0]))
    assert none.number.tolist() == [0, -1]


def test_sums_over_clusters() -> None:
    row = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert unit_sums(row, None) is row
    assert unit_sums(row, np.array([1, 0, 1])).tolist() == [[3.0, 4.0], [6.0, 8.0]]
