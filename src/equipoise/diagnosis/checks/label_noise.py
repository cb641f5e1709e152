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
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import COLUMNS, rows_of_each_class
from equipoise.diagnosis.predictive import FOLDS, stratified_folds
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import Wording, count, share
from equipoise.priors import log_odds, probability

MOST_ROWS = 50_000
FEWEST = 25


def check_label_noise(
    subject: Subject, *, sure: float = 0.95, rows: int = 10
) -> Observation | None:
    """List rows whose label a cross-fitted model finds hard to believe.

    A negative is a suspect if the model gives it a probability of at least `sure` of
    being positive. For a rare class that rule would suspect every positive that is
    hard to recognise, so a positive is a suspect if its odds of being positive are
    below (1 - `sure`) times those of a row picked at random.

    Some suspects are expected even if every label is right: the sum, over the rows
    beyond the line, of the probability of their label. The finding is made only if
    there are significantly more (Poisson). A model is often overconfident, and then
    there are more even if every label is right: the rows are a reading list, not a
    test of the labels.

    Args:
        subject: The table that is checked.
        sure: How sure the model must be.
        rows: How many rows of each class to list, at most.
    """
    rows_asked = _sample(subject)
    y = subject.table.labels()[rows_asked]
    odds = crossfitted_log_odds(subject, rows_asked)
    usual = float(log_odds(y.mean()))
    sides = [
        _suspects(rows_asked, y == 0, odds, float(log_odds(sure))),
        _suspects(rows_asked, y == 1, -odds, -usual - math.log(1 - sure)),
    ]
    significant = [side for side in sides if side.p_value <= subject.alpha / 2]
    if not significant:
        return None
    first = ", ".join(
        str(row) for side in significant for row in subject.in_table(side.rows[:3])
    )
    return Observation(
        "info",
        f"{_message(sides, significant, sure, subject.terms)} First rows, counted "
        f"from 0: {first}.",
        "Look at these rows before any others. Change a label only on other evidence: "
        "such a model is often overconfident, and an unusual row can be right.",
        {
            "rows_asked": len(rows_asked),
            "suspect_negatives": len(sides[0].rows),
            "suspect_positives": len(sides[1].rows),
            "expected_negatives": sides[0].expected,
            "expected_positives": sides[1].expected,
            "negative_rows": subject.in_table(sides[0].rows[:rows]),
            "positive_rows": subject.in_table(sides[1].rows[:rows]),
        },
    )


@dataclass(frozen=True, eq=False)
class Suspects:
    """The suspects of one label.

    Attributes:
        rows: Table positions, the most suspect first.
        expected: How many are expected if all labels are right.
        p_value: Of that many suspects or more.
    """

    rows: npt.NDArray[np.int64]
    expected: float
    p_value: float


def _suspects(
    rows_asked: npt.NDArray[np.int64],
    labelled: npt.NDArray[np.bool_],
    against: npt.NDArray[np.float64],
    line: float,
) -> Suspects:
    """Collect rows of one label whose log-odds against it reach the line."""
    from scipy.special import pdtr

    beyond = against >= line
    suspects = np.flatnonzero(labelled & beyond)
    number = len(suspects)
    expected = float(probability(-against[beyond]).sum())
    p_value = 1 - float(pdtr(number - 1, expected)) if number else 1.0
    order = np.argsort(-against[suspects], kind="stable")
    return Suspects(rows_asked[suspects[order]], expected, p_value)


def _message(
    sides: list[Suspects], significant: list[Suspects], sure: float, terms: Wording
) -> str:
    parts = []
    if sides[0] in significant:
        number = len(sides[0].rows)
        parts.append(
            f"is {share(sure)} sure that "
            f"{count(number, terms.negative, terms.negatives)} "
            f"{terms.is_one if number == 1 else terms.are} "
            f"({_about(sides[0].expected)})"
        )
    if sides[1] in significant:
        parts.append(
            f"finds {terms.count(len(sides[1].rows))} less than "
            f"{share(1 - sure)} as likely to {terms.to_be} as a row picked at random "
            f"({_about(sides[1].expected)})"
        )
    return f"A model that was not trained on them {', and '.join(parts)}."


def _about(expected: float) -> str:
    amount = f"{expected:.0f}" if expected >= 1 else "less than 1"
    return f"{amount} expected"


def crossfitted_log_odds(
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


CHECK = Check(
    "EQP022",
    "Labels that a model doubts",
    check_label_noise,
    needs=(COLUMNS, rows_of_each_class(FEWEST)),
    deep=True,
    effort="models",
    tested=True,
)
