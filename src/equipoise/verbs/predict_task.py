# SPDX-License-Identifier: Apache-2.0
"""The columns that `predict` writes for several classes or labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise._core.layout import display_width, wrap
from equipoise._core.numerals import amount, percent
from equipoise._core.types import FloatArray
from equipoise.decision.rule import DecisionRule
from equipoise.errors import InputError, printable
from equipoise.models.model import ModelRecord
from equipoise.table.table import Table
from equipoise.task import Task

MOST_SHOWN = 12
"""Of more classes or labels the most frequent so many are shown."""


@dataclass(frozen=True)
class PredictedTask:
    """What was written for several classes or labels.

    Attributes:
        path: The file.
        rows: How many rows.
        decided: Class or label to the number of rows for which it is decided.
        expected: Class or label to the sum of its probabilities: how many rows of it
            are expected.
        undecided: How many decisions are left open.
    """

    path: Path
    rows: int
    decided: Mapping[str, int]
    expected: Mapping[str, float]
    undecided: int

    def __str__(self) -> str:
        names = sorted(self.decided, key=lambda name: -self.decided[name])
        each = [
            f"{printable(name, lines=False)} {self.decided[name]:,} "
            f"({percent(self.decided[name] / self.rows)}; "
            f"{amount(self.expected[name])} expected)"
            for name in names[:MOST_SHOWN]
        ]
        more = len(names) - MOST_SHOWN
        text = f"{self.rows:,} rows. Decided: {', '.join(each)}"
        text += f", and {more:,} more" if more > 0 else ""
        text += f"; {self.undecided:,} undecided" if self.undecided else ""
        return wrap(f"{text}.", display_width())


def task_columns(task: Task) -> tuple[str, ...]:
    """Return the names of the columns that are written.

    Args:
        task: Of several classes or labels.

    Example:
        >>> task_columns(Task("multiclass", ("a", "b", "c")))[2:]
        ('probability_c', 'decision')
        >>> task_columns(Task("multilabel", ("a",)))
        ('probability_a', 'decision_a')
    """
    probabilities = tuple(f"probability_{name}" for name in task.classes)
    if task.kind == "multiclass":
        return (*probabilities, "decision")
    return (*probabilities, *(f"decision_{name}" for name in task.classes))


def require_other_names(keep: Sequence[str], columns: Sequence[str]) -> None:
    """Raise if a column that is copied is called like one that is written.

    Args:
        keep: Columns to copy.
        columns: What is written beside them.

    Raises:
        InputError: A name is used twice.
    """
    if clash := [name for name in keep if name in columns]:
        raise InputError(
            sentence(f"keep={clash}", f"columns that are not called {listing(columns)}")
        )


def scored_columns(
    model: ModelRecord, rows: Table
) -> tuple[dict[str, Any], FloatArray]:
    """Return the columns of some rows, and what is counted of them.

    Args:
        model: Of several classes or labels.
        rows: As `model.read` gives them.

    Returns:
        Name to column; and for each class or label the number of decisions, the sum of
        its probabilities, and the number of open decisions, `[3, classes]`.
    """
    import pyarrow as pa

    rule, task = model.rule, model.task
    if isinstance(rule, DecisionRule):
        raise InputError(sentence("a model of two classes", "several classes, labels"))
    scores = model.raw_log_odds(rows)
    p, decided = rule.probability(scores), rule.decide_scores(scores)
    names = task_columns(task)
    columns = {name: pa.array(p[:, k]) for k, name in enumerate(names[: p.shape[1]])}
    if task.kind == "multiclass":
        texts = np.array([*task.classes, ""], object)[decided]
        columns[names[-1]] = pa.array(texts.tolist(), pa.large_string())
        on = decided[:, None] == np.arange(len(task.classes))
        left = np.zeros(len(task.classes))
        left[0] = np.count_nonzero(decided < 0)
    else:
        flags = zip(names[p.shape[1] :], decided.T, strict=True)
        columns |= {name: pa.array(column) for name, column in flags}
        on = decided == 1
        left = np.count_nonzero(decided < 0, axis=0).astype(np.float64)
    return columns, np.stack([on.sum(axis=0), p.sum(axis=0), left])
