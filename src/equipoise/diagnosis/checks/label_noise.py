# SPDX-License-Identifier: Apache-2.0
"""EQP022: rows whose label a model doubts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import derive, generator
from equipoise.diagnosis.columns import pick
from equipoise.diagnosis.fast import boosted_trees
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.predictive import FOLDS, stratified_folds
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.priors import log_odds, probability

MOST_ROWS = 50_000
FEWEST = 25


def look(
    subject: Subject, *, sure: float = 0.95, rows: int = 10
) -> Observation | NotApplicable | None:
    """List rows whose label a cross-fitted model finds hard to believe.

    A negative is a suspect where the model gives it a probability of at least `sure`
    of being positive. For a rare class that rule would suspect every hard positive;
    so a positive is one where its odds of being positive are below (1 - `sure`)
    times those of a row picked at random.

    Some suspects are to be expected even where every label is right: the sum, over
    the rows beyond the line, of the probability of the label in question. There is
    a finding only where surely more are found than that (Poisson). The model is
    often too sure of itself, and then more are found where every label is right,
    too: the rows are a reading list, not a test of the labels.

    Args:
        subject: What is looked at.
        sure: How sure the model must be.
        rows: How many rows of each class to list, at most.
    """
    if not subject.table.columns:
        return NotApplicable("the table has no feature columns")
    if min(subject.counts) < FEWEST:
        return NotApplicable(f"a class has fewer than {FEWEST} rows")
    asked = _sample(subject)
    y = subject.table.labels()[asked]
    odds = crossfitted(subject, asked)
    usual = float(log_odds(y.mean()))
    sides = [
        _side(asked, y == 0, odds, float(log_odds(sure))),
        _side(asked, y == 1, -odds, -usual - math.log(1 - sure)),
    ]
    told = [side for side in sides if side.p_value <= subject.alpha / 2]
    if not told:
        return None
    return Observation(
        "info",
        f"{_message(sides, told, sure)} First rows, counted from 0: "
        f"{', '.join(str(row) for side in told for row in side.rows[:3])}.",
        "Look at these rows before any others. Change a label only on evidence from "
        "outside: such a model is often too sure, and a hard row can be right.",
        {
            "rows_asked": len(asked),
            "suspect_negatives": len(sides[0].rows),
            "suspect_positives": len(sides[1].rows),
            "expected_negatives": sides[0].expected,
            "expected_positives": sides[1].expected,
            "negative_rows": sides[0].rows[:rows].tolist(),
            "positive_rows": sides[1].rows[:rows].tolist(),
        },
    )


@dataclass(frozen=True, eq=False)
class Side:
    """The suspects of one label.

    Attributes:
        rows: Table positions, the most suspect first.
        expected: How many are expected where all labels are right.
        p_value: Of so many or more.
    """

    rows: npt.NDArray[np.int64]
    expected: float
    p_value: float


def _side(
    asked: npt.NDArray[np.int64],
    labelled: npt.NDArray[np.bool_],
    against: npt.NDArray[np.float64],
    line: float,
) -> Side:
    """Collect rows of one label whose log-odds against it reach the line."""
    from scipy.special import pdtr

    beyond = against >= line
    found = np.flatnonzero(labelled & beyond)
    expected = float(probability(-against[beyond]).sum())
    p_value = 1 - float(pdtr(len(found) - 1, expected)) if len(found) else 1.0
    order = np.argsort(-against[found], kind="stable")
    return Side(asked[found[order]], expected, p_value)


def _message(sides: list[Side], told: list[Side], sure: float) -> str:
    parts = []
    if sides[0] in told:
        number = len(sides[0].rows)
        parts.append(
            f"is {share(sure)} sure that {count(number, 'negative')} "
            f"{'is' if number == 1 else 'are'} positive ({_about(sides[0].expected)})"
        )
    if sides[1] in told:
        parts.append(
            f"finds {count(len(sides[1].rows), 'positive')} less than "
            f"{share(1 - sure)} as likely to be positive as a row picked at random "
            f"({_about(sides[1].expected)})"
        )
    return f"A model that had not seen them {', and '.join(parts)}."


def _about(expected: float) -> str:
    amount = f"{expected:.0f}" if expected >= 1 else "less than 1"
    return f"{amount} expected"


def crossfitted(
    subject: Subject, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return each row's log-odds from a model trained on the other folds."""
    units = subject.units.rows
    folds = stratified_folds(
        subject.table.labels()[rows],
        subject.seed,
        None if units is None else units[rows],
    )
    odds = np.empty(len(rows))
    for fold in range(FOLDS):
        odds[folds == fold] = boosted_trees(
            subject.table,
            rows[folds != fold],
            rows[folds == fold],
            derive(subject.seed, "diagnosis", "labels", fold),
        )
    return odds


def _sample(subject: Subject) -> npt.NDArray[np.int64]:
    """All rows, or all positives that fit and a random part of the negatives."""
    random = generator(subject.seed, "diagnosis", "labels")
    y = subject.table.labels()
    positives = pick(np.flatnonzero(y == 1), MOST_ROWS // 2, random)
    room = MOST_ROWS - len(positives)
    return np.sort(np.r_[positives, pick(np.flatnonzero(y == 0), room, random)])


CHECK = Check("EQP022", "Labels that a model doubts", look, deep=True)
