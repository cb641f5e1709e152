# SPDX-License-Identifier: Apache-2.0
"""EQP009: a column that predicts the class alone."""

from __future__ import annotations

import numpy as np

from equipoise._core.numerals import as_probability, figure
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import COLUMNS
from equipoise.diagnosis.one_sided import one_sided
from equipoise.diagnosis.predictive import Strength
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, name_list

# With fewer rows of a class, a column may separate them by chance.
FEWEST = 10
MOST_BY_CHANCE = 0.01
"""In what share of tables without such a value one is reported, at most."""


def check_lone_predictor(
    subject: Subject,
    *,
    suspicious: float = 0.99,
    sure: float = 0.95,
    apart: float = 4.0,
) -> Observation | None:
    """Look for a column that separates the classes and stands apart from the rest.

    A strong column is welcome; one that is nearly perfect and leaves all others far
    behind is often the answer in disguise: filled in after the event, or computed
    from the target.

    With few positives the interval of a perfect column is wide. Such a column is a
    warning, no error, if each class has at least `FEWEST` rows and no other column
    comes near it.

    Args:
        subject: The table that is checked.
        suspicious: The AUROC from which a column is a suspect.
        sure: What the lower end of its interval must exceed, for an error and for
            a column that is not perfect.
        apart: How many times as large the next column's error (1 - AUROC) must be
            as the suspect's. If there are two suspects, both are named.
    """
    strengths = subject.strengths
    enough = min(subject.counts) >= FEWEST
    suspects = [
        s
        for s in strengths
        if s.auroc >= suspicious and (s.low > sure or (enough and _perfect(s)))
    ]
    rest = [s for s in strengths if s not in suspects]
    strong = {s.name for s in strengths if s.auroc >= suspicious}
    if not suspects or not _stand_apart(suspects, rest, apart):
        return _one_sided(subject, strong)
    first = suspects[0]
    if first.low <= sure and rest and rest[0].auroc >= suspicious:
        return None  # an easy table, in which one of the good columns is perfect
    perfect = _perfect(first)
    message = (
        f"{'Column' if len(suspects) == 1 else 'Each of the columns'} "
        f"{name_list([s.name for s in suspects])} alone "
        f"{'separates' if perfect else 'almost separates'} {subject.terms.apart} "
        f"(AUROC {as_probability(first.auroc, 4)}, at least {figure(first.low, 3)})"
    )
    if rest:
        other = as_probability(rest[0].auroc, 3)
        message += f"; the best other column, {rest[0].name!r}, has {other}"
    return Observation(
        "error" if perfect and first.low > sure else "warning",
        message + ".",
        "Ask when the column is filled in: if after the event, or from the target, "
        "leave it out with drop=. If it is known in time, one threshold on it may be "
        "all that you need.",
        {
            "columns": [s.name for s in suspects],
            "auroc": [s.auroc for s in suspects],
            "low": [s.low for s in suspects],
            "by": [s.how for s in suspects],
            "next_column": rest[0].name if rest else "",
            "next_auroc": rest[0].auroc if rest else 0.5,
        },
    )


def _one_sided(subject: Subject, strong: set[str]) -> Observation | None:
    """Report values that only positives have, in columns that are weak as a whole."""
    units = subject.units.rows
    cases = None if units is None else np.unique(units, return_index=True)[1]
    alpha = MOST_BY_CHANCE / subject.tests
    entries = [
        entry
        for entry in one_sided(subject.table, alpha=alpha, cases=cases)
        if entry.name not in strong
    ]
    if not entries:
        return None
    first = entries[0]
    others = (
        f" The same holds for {count(len(entries) - 1, 'more column')}."
        if len(entries) > 1
        else ""
    )
    return Observation(
        "warning",
        f"All {first.rows:,} {'rows' if cases is None else 'cases'} in which "
        f"{first.name!r} {first.what} {subject.terms.are}; by chance this "
        f"happens in at most {max(first.p_value, 1e-6):.1g} of tables.{others}",
        "Ask when the column is filled in: if after the event, or from the target, "
        "leave it out with drop=. If it is known in time, it makes a rule by itself.",
        {
            "columns": [entry.name for entry in entries],
            "value": [entry.what for entry in entries],
            "rows": [entry.rows for entry in entries],
            "p_value": [entry.p_value for entry in entries],
        },
    )


def _perfect(strength: Strength) -> bool:
    return strength.auroc > 1 - 1e-9


def _stand_apart(suspects: list[Strength], rest: list[Strength], apart: float) -> bool:
    if not rest:
        return True
    return 1 - rest[0].auroc >= apart * (1 - suspects[-1].auroc)


CHECK = Check(
    "EQP009",
    "A column that predicts alone",
    check_lone_predictor,
    needs=(COLUMNS,),
    tested=True,
    error_of_all=True,
)
