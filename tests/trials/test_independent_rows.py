# SPDX-License-Identifier: Apache-2.0
"""What is said of rows that are no cases of their own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import TrialWarning
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Table
from equipoise.table.units import tied_rows
from equipoise.trials.independent_rows import counted, unit_notes
from equipoise.verbs.compare import compare
from equipoise.verbs.fit import fit


def balanced() -> Table:
    table = gaussian_shift(400, positives=40, seed=2).table
    rare = np.flatnonzero(table.y == 1)
    x = np.stack([c.values[rare] for c in table.columns], 1)
    near = np.argsort(((x[:, None] - x) ** 2).sum(2), 1)
    random = np.random.default_rng(0)
    a, k = random.integers(0, 40, 320), random.integers(1, 6, 320)
    made = x[a] + random.random((320, 1)) * (x[near[a, k]] - x[a])
    return Table(
        tuple(
            dataclasses.replace(c, values=np.r_[c.values, made[:, j]])
            for j, c in enumerate(table.columns)
        ),
        np.r_[table.y, np.ones(320, np.int8)],
        table.task,
        table.target,
    )


def test_a_file_that_was_balanced_is_doubted_first() -> None:
    rows = balanced()
    trial = compare(
        rows,
        strategies=["prior", "logistic"],
        network="linear",
        folds=2,
        repeats=1,
    )
    words = "Warning: do not believe these figures"
    assert str(trial.verdict).startswith(words)
    assert str(trial).startswith(words)
    assert words in trial.report()
    assert trial.to_dict()["verdict"].startswith(words)
    with pytest.warns(TrialWarning, match="do not believe these figures"):
        model = fit(rows, strategy="logistic", folds=2, repeats=1)
    card = model.card()
    assert card.index(words) < card.index("average_precision")


def test_notes_say_how_many_cases_there_are() -> None:
    table = gaussian_shift(200, positives=20).table
    assert unit_notes(table, None) == []
    grouped = dataclasses.replace(table, groups=np.arange(200) // 4)
    units = tied_rows(grouped)
    (note,) = unit_notes(grouped, units)
    assert f"lie in {counted(grouped, units)[1]} of 50 groups" in note
    one = table.take(np.r_[0:200, 199])  # one copy of a negative: not worth a word
    assert unit_notes(one, tied_rows(one)) == []
