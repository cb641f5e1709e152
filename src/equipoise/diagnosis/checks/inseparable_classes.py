# SPDX-License-Identifier: Apache-2.0
"""EQP029: pairs of classes that nothing separates."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from equipoise._core.numerals import figure
from equipoise._core.seeds import derive, generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.columns import pick
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.needs import COLUMNS
from equipoise.diagnosis.neighbours import distance_space
from equipoise.diagnosis.predictive import FOLDS
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, interval_text, quoted
from equipoise.metrics.ranking import roc_auc
from equipoise.table.spread import spread
from equipoise.table.table import Table
from equipoise.table.units import count_units
from equipoise.uncertainty.sample_sizes import auroc_interval

MOST_ROWS = 10_000
MOST_PAIRS = 50
FEWEST = 25
"""With fewer cases of a class, an interval includes 0.5 for want of rows."""
TREES = 100


@dataclass(frozen=True)
class Pair:
    """How well two classes are told apart.

    Attributes:
        first: The number of the rarer class.
        second: The number of the other.
        auroc: The larger AUROC of the two models.
        low: Lower end of its interval.
        high: Upper end.
    """

    first: int
    second: int
    auroc: float
    low: float
    high: float


def check_inseparable_classes(
    subject: Subject, *, fewest: int = FEWEST
) -> Observation | NotApplicable | None:
    """Look for pairs of classes between which two models do no better than chance.

    A multinomial logistic regression and extremely randomised trees are cross-fitted
    over all classes on at most 10,000 rows. Two classes are ranked by the log-odds of
    one against the other; a pair is reported if the interval of the larger AUROC of
    both models (Hanley and McNeil 1982) includes 0.5.

    Args:
        subject: The table that is checked.
        fewest: Cases that both classes must have.
    """
    classes = ClassSubjects(subject)
    enough = np.flatnonzero(classes.cases >= fewest)
    if len(enough) < 2:
        return NotApplicable(f"fewer than two classes have {fewest} cases")
    rows = _sample(subject, enough)
    y = np.asarray(subject.table.labels())[rows]
    units = None if subject.tied is None else subject.tied[rows]
    models = crossfitted_log_probabilities(subject.table, rows, units, subject.seed)
    place = {int(c): k for k, c in enumerate(np.unique(y))}
    pairs = [
        _compared(models, y, units, (a, b), place, subject.level)
        for a, b in itertools.combinations(enough.tolist(), 2)
    ]
    close = sorted((p for p in pairs if p.low <= 0.5), key=lambda p: p.high)
    if not close:
        return None
    names, first = subject.table.classes, close[0]
    more = len(close) - 1
    others = f" So are {count(more, 'more pair')} of classes." if more else ""
    return Observation(
        "info",
        f"{quoted(names[first.first])} and {quoted(names[first.second])} are told "
        f"apart no better than by chance: of two models, the better has an AUROC of "
        f"{figure(first.auroc)} between them, {interval_text(first.low, first.high)}."
        f"{others}",
        "No weight or sampling separates what the columns do not. Ask whether these "
        "are different classes for your purpose: make one of them, or add a column "
        "that tells them apart.",
        {
            "pairs": [
                {
                    "classes": [names[p.first], names[p.second]],
                    "auroc": p.auroc,
                    "low": p.low,
                    "high": p.high,
                }
                for p in close[:MOST_PAIRS]
            ],
            "pairs_compared": len(pairs),
            "rows_asked": len(rows),
        },
    )


def _sample(subject: Subject, enough: IntArray) -> IntArray:
    """Return at most 10,000 rows, of each class in its share but not below `FEWEST`."""
    random = generator(subject.seed, "diagnosis", "pairs")
    y = np.asarray(subject.table.labels())
    keep = min(1.0, MOST_ROWS / int(np.isin(y, enough).sum()))
    parts = []
    for number in enough.tolist():
        rows = np.flatnonzero(y == number)
        most = max(round(keep * len(rows)), min(len(rows), 4 * FEWEST))
        parts.append(pick(rows, most, random))
    return np.sort(np.concatenate(parts))


def crossfitted_log_probabilities(
    table: Table, rows: IntArray, units: IntArray | None, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return log-probabilities of the classes from models of the other folds.

    Args:
        table: Of several classes.
        rows: The rows that are used.
        units: `[rows]` which of them are one case, or None.
        seed: Of the folds and the trees.

    Returns:
        Of a logistic regression and of trees, `[rows, classes]` each, for the classes
        that occur in the rows, in the order of their numbers.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression

    y = np.asarray(table.labels())[rows]
    points = distance_space(table, rows)
    unit = np.arange(len(rows)) if units is None else units
    random = generator(seed, "diagnosis", "pairs", "folds")
    folds = spread(y, unit, np.full(FOLDS, 1 / FOLDS), random)
    classes = np.unique(y)
    linear = np.full((len(rows), len(classes)), -20.0)
    trees = linear.copy()
    for fold in range(FOLDS):
        train, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not held.size:
            continue
        columns = np.searchsorted(classes, np.unique(y[train]))
        logistic = LogisticRegression(max_iter=100, tol=1e-3).fit(
            points[train], y[train]
        )
        linear[np.ix_(held, columns)] = logistic.predict_log_proba(points[held])
        forest = ExtraTreesClassifier(
            TREES,
            min_samples_leaf=2,
            random_state=derive(seed, "diagnosis", "pairs", fold) % 2**32,
        ).fit(points[train], y[train])
        share = np.maximum(forest.predict_proba(points[held]), 1e-9)
        trees[np.ix_(held, columns)] = np.log(share)
    return linear, trees


def _compared(
    models: tuple[FloatArray, FloatArray],
    y: IntArray,
    units: IntArray | None,
    pair: tuple[int, int],
    place: dict[int, int],
    level: float,
) -> Pair:
    a, b = sorted(pair, key=lambda c: int(np.count_nonzero(y == c)))
    of_pair = (y == a) | (y == b)
    auroc = max(
        roc_auc(y[of_pair] == a, scores[of_pair, place[a]] - scores[of_pair, place[b]])
        for scores in models
    )
    low, high = auroc_interval(
        auroc, count_units(units, y == a), count_units(units, y == b), level
    )
    return Pair(a, b, auroc, low, high)


CHECK = Check(
    "EQP029",
    "Classes that nothing separates",
    check_inseparable_classes,
    needs=(COLUMNS,),
    deep=True,
    scope="table",
    tasks=("multiclass",),
)
