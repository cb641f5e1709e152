# SPDX-License-Identifier: Apache-2.0
"""What a report says of the columns that the chosen strategy's ranking depends on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from equipoise._core.layout import wrap
from equipoise.errors import printable
from equipoise.report.summary_parts import interval_facts

if TYPE_CHECKING:
    from equipoise.explanations.importance import Importance
    from equipoise.trials.trial import TrialRecord

MOST_ROWS_SHOWN = 20
"""A page lists so many columns; all are in the data."""


def importance_facts(trial: TrialRecord) -> dict[str, Any]:
    """Return what a page shows of the columns; empty if they were not asked for.

    Args:
        trial: The trial.
    """
    made = trial.importance
    if made is None:
        return {}
    shown = made.columns[:MOST_ROWS_SHOWN]
    largest = max((one.drop.value for one in shown), default=0.0)
    return {
        "importance": {
            "strategy": trial.verdict.choice,
            "metric": made.metric,
            "value": made.value,
            "rows": made.rows,
            "sentence": made.sentence(),
            "notes": list(made.notes),
            "left": len(made.columns) - len(shown),
            "columns": [
                {
                    "name": one.name,
                    "drop": interval_facts(one.drop),
                    "finding": one.finding,
                    "bar": max(0.0, one.drop.value / largest) if largest > 0 else 0.0,
                }
                for one in shown
            ],
        }
    }


def importance_lines(made: Importance | None, name: str, width: int) -> Iterator[str]:
    """Yield the lines of a screen; none without importance.

    Args:
        made: Of the arm's columns.
        name: The arm.
        width: Columns that a line may have.
    """
    if made is None:
        return
    yield ""
    head = f"Columns that the ranking of {printable(name, lines=False)} depends on."
    yield from wrap(head, width).split("\n")
    yield from made.text(width).split("\n")
