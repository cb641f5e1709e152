# SPDX-License-Identifier: Apache-2.0
"""Scores by models that have not seen a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.explanations.fold_models import FoldModels, ModelPart
from equipoise.learners.prior import PriorScorer
from equipoise.table.table import Column, Table
from equipoise.task import Task

BINARY = Task("binary", ("no", "yes"))


@dataclass(frozen=True)
class Shifted:
    """Scores rows by their first column."""

    by: float

    def log_odds(self, rows: Table) -> np.ndarray:
        return (rows.columns[0].values + self.by)[:, None]

    def state(self) -> dict[str, float]:
        return {"by": self.by}


def rows(count: int) -> Table:
    return Table((Column("x", "numeric", np.arange(float(count))),), None, BINARY)


def test_each_row_is_scored_by_its_own_fold() -> None:
    scorers = tuple(Shifted(100.0 * k) for k in range(4))  # two repeats of two folds
    models = FoldModels(
        BINARY, (ModelPart("a", 0.75, scorers), ModelPart("b", 0.25, scorers))
    )
    folds = np.array([[0, 1, 0], [1, 1, 0]])
    made = models.out_of_fold(rows(3), folds)[..., 0]
    expected = np.arange(3.0) + 100.0 * (folds + np.array([[0], [2]]))
    np.testing.assert_allclose(made, expected)


def test_the_whole_is_the_log_odds_of_the_mean_probability() -> None:
    models = FoldModels(
        BINARY, (ModelPart("a", 1.0, (PriorScorer(0.0), PriorScorer(np.log(3)))),)
    )
    made = models.whole(rows(2))
    assert made.shape == (1, 2, 1)
    np.testing.assert_allclose(made, np.log(0.625 / 0.375))


def test_other_numbers_of_models_are_refused() -> None:
    models = FoldModels(BINARY, (ModelPart("a", 1.0, (Shifted(0.0),) * 3),))
    with pytest.raises(InputError, match="one model for each fold"):
        models.out_of_fold(rows(2), np.zeros((2, 2), int))
    with pytest.raises(InputError, match="one model for each fold"):
        models.out_of_fold(rows(2), np.array([[0, -1]]))
