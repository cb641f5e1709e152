# SPDX-License-Identifier: Apache-2.0
"""The steps of `fit` that rows in memory and rows on disk have in common."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, TrialWarning
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Column, Table, concatenate
from equipoise.verbs.fit_parts import doubts_about, what_is_averaged


def test_an_average_is_taken_apart() -> None:
    arms, average = what_is_averaged(as_strategies("auto"))
    assert average is not None
    assert [arm.name for arm in arms] == list(average.prior)
    assert average.rule == "average_precision"
    arms, average = what_is_averaged(as_strategies(["trees", "logistic"]))
    assert [arm.name for arm in arms] == ["trees", "logistic"]
    assert average is None
    with pytest.raises(InputError, match="'auto' among several strategies"):
        what_is_averaged(as_strategies(["auto", "trees"]))


def test_computed_rows_are_doubted() -> None:
    table = gaussian_shift(600, positives=60, seed=3).table
    assert doubts_about(table, 0) == []
    x = np.stack([column.values for column in table.columns], axis=1)
    rare = x[table.y == 1]
    random = np.random.default_rng(0)
    pairs = random.integers(0, len(rare), (2, 400))
    share = random.random((400, 1))
    made = rare[pairs[0]] + share * (rare[pairs[1]] - rare[pairs[0]])
    more = Table(
        tuple(
            Column(column.name, "numeric", made[:, k])
            for k, column in enumerate(table.columns)
        ),
        np.ones(400, np.int8),
        table.task,
    )
    with pytest.warns(TrialWarning, match="do not believe these figures"):
        (text,) = doubts_about(concatenate([table, more]), 0)
    assert "positives" in text
