# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, RefusedError, UnsupportedError
from equipoise.models.fit_rows import (
    checked_weights,
    hold_out,
    require_scored_floors,
    with_weights,
)
from equipoise.models.goal import Goal
from equipoise.table.generated_tasks import make_classes
from equipoise.table.generators import GeneratedTable
from equipoise.trials.sources import TrialRows

CERTIFIED = Goal(recall_floor=0.6, certify=0.9)


def test_rows_without_weight_are_left_out(known: GeneratedTable) -> None:
    rows = TrialRows(known.table)
    weights = np.arange(500) % 2.0
    half = with_weights(rows, weights, Goal())
    assert len(half) == 250
    assert half.weights is not None
    assert (half.weights == 1).all()
    np.testing.assert_array_equal(half.table.y, known.table.labels()[1::2])
    assert with_weights(rows, None, Goal()).table is known.table


@pytest.mark.parametrize("label", [0, 1])
def test_both_classes_have_a_row_that_counts(known: GeneratedTable, label: int) -> None:
    y = known.table.labels()
    name = known.table.classes[label]
    with pytest.raises(InputError, match=f"0 for all rows of the class {name!r}"):
        with_weights(TrialRows(known.table), np.where(y == label, 0.0, 1.0), Goal())


def test_a_floor_is_refused_for_a_class_that_no_fold_scores() -> None:
    table = make_classes(100, counts=[80, 17, 3]).table
    goal = Goal(floors={"c2": {"recall": 0.9}})
    with pytest.raises(RefusedError, match=r"'c2' has fewer cases .* Pass fewer folds"):
        require_scored_floors(goal, table, 5)
    require_scored_floors(goal, table, 3)
    require_scored_floors(Goal(floors={"c1": {"recall": 0.9}}), table, 5)
    require_scored_floors(Goal(), table, 5)


def test_what_a_network_takes_has_the_type_that_is_stored(
    known: GeneratedTable,
) -> None:
    rows = TrialRows(known.table, np.ones((500, 3)))
    x = with_weights(rows, None, Goal()).x
    assert x is not None
    assert x.dtype == np.float32


def test_weights_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(InputError):
        checked_weights([1.0, -1.0], 2, Goal())
    with pytest.raises(UnsupportedError, match=r"certify=0\.9"):
        checked_weights([1.0, 2.0], 2, CERTIFIED)


def test_rows_are_set_aside_for_certificates_alone(known: GeneratedTable) -> None:
    rows, held_out = hold_out(known.table, Goal(), seed=1)
    assert held_out is None
    assert len(rows) == 500
    rows, held_out = hold_out(known.table, CERTIFIED, seed=1)
    assert held_out is not None
    assert len(held_out) == pytest.approx(500 / 3, abs=2)
    assert not set(rows) & set(held_out)
