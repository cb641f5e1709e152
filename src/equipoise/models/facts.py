# SPDX-License-Identifier: Apache-2.0
"""How a fitted model was made, as plain data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import HashArray, IntArray
from equipoise.decision.class_scores import ClassScores
from equipoise.models.average import Average
from equipoise.models.goal import Goal
from equipoise.table.row_groups import group_column
from equipoise.table.table import Table
from equipoise.table.units import count_units, one_of_each, tied_rows
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fewer_rows import fewer_facts
from equipoise.trials.fold_scores import Scores
from equipoise.trials.independent_rows import counted
from equipoise.trials.plan import TrialPlan
from equipoise.uncertainty.shares import effective_rows


def fit_facts(
    table: Table,
    plan: TrialPlan,
    scores: Scores,
    average: Average,
    goal: Goal,
    *,
    hashes: HashArray,
    seconds: float,
) -> dict[str, Any]:
    """Return how a model was made, as plain data.

    Args:
        table: All rows, including those that certify.
        plan: Which of them were split, and how.
        scores: What the fits gave.
        average: The average of the models.
        goal: What the rule is to reach.
        hashes: `[rows]` a number for each row that was split.
        seconds: Wall time.
    """
    from importlib.metadata import version

    protocol = plan.protocol
    packages = ("equipoise", "tensorflow", "keras", "scikit-learn", "numpy")
    return {
        "source": table.source,
        "target": table.target,
        "classes": list(table.classes),
        "rows": len(table),
        **_sizes(table),
        "folds": protocol.folds,
        "trained_on": scores.sizes(protocol.by).words,
        "repeats": scores.repeats,
        "by": protocol.by,
        "seed": protocol.seed,
        "weights": {c.strategy.name: c.weight for c in average.components},
        "certified": goal.certify,
        "group": group_column(table),
        "seconds": seconds,
        "versions": {name: version(name) for name in packages},
        **_cases(table, protocol.duplicates),
        **_class_scores(table, average),
        "repeated": _repeated(_without_copies(plan.table, protocol.duplicates, hashes)),
        **_fewer_rows(table, scores),
        **_precision(plan),
    }


def _precision(plan: TrialPlan) -> dict[str, Any]:
    """Return the precision of networks' products, if it is not the usual one."""
    training = plan.learners.training
    if training is None or training.precision == TrainingSettings.precision:
        return {}
    if not any(s.learner_record.trains_networks for s in plan.strategies):
        return {}
    return {"precision": training.precision}


def _fewer_rows(table: Table, scores: Scores) -> dict[str, Any]:
    """Return what the models were fitted on, if rows were left out."""
    if not scores.shares:
        return {}
    each = scores.shares.items()
    return {"fewer_rows": {n: fewer_facts(s, table.task.classes) for n, s in each}}


def folds_of_seen(hashes: HashArray, folds: IntArray) -> npt.NDArray[np.int8]:
    """Return which fold's models have not seen each distinct row.

    Args:
        hashes: `[rows]` a number for each row that was split.
        folds: `[repeats, rows]` the fold that tests it, -1 if none does.

    Returns:
        `[repeats, distinct rows]`, in the order of ascending hashes; -1 if equal rows
        lie in several folds, so that every model has seen one of them.

    Example:
        >>> folds_of_seen(np.array([7, 5, 7, 5]), np.array([[0, 1, 0, 0]])).tolist()
        [[-1, 0]]
    """
    distinct, place = np.unique(hashes, return_inverse=True)
    made = np.full((len(folds), len(distinct)), -1, np.int8)
    for tested, fold in zip(made, folds, strict=True):
        lowest, highest = np.full(len(distinct), 127), np.full(len(distinct), -1)
        np.minimum.at(lowest, place, fold)
        np.maximum.at(highest, place, fold)
        tested[:] = np.where(lowest == highest, lowest, -1)
    return made


def _sizes(table: Table) -> dict[str, Any]:
    """Return how many rows are positive, or of each class or label."""
    if table.task.kind == "binary":
        return {"positives": table.positives, "prevalence": table.prevalence}
    totals = table.task.totals(table.labels())
    return {"totals": totals.astype(np.int64).tolist()}


def _class_scores(table: Table, average: Average) -> dict[str, Any]:
    """Return how the scores of two classes are distributed, as plain data."""
    if table.task.kind != "binary":
        return {}
    counted_scores = ClassScores.of(average.log_odds, average.y, average.weights)
    return {"class_scores": counted_scores.to_dict()}


def _cases(table: Table, duplicates: str) -> dict[str, Any]:
    """Return how many independent cases there are, as plain data."""
    units = tied_rows(table, duplicates)
    if table.task.kind != "binary":
        everything = np.ones(len(table), np.bool_)
        return {"duplicates": duplicates, "cases": count_units(units, everything)}
    cases, positive = counted(table, units)
    return {
        "duplicates": duplicates,
        "cases": cases,
        "positive_cases": positive,
        "effective_rows": effective_rows(table.labels(), units),
    }


def _without_copies(rows: Table, duplicates: str, hashes: HashArray) -> HashArray:
    """Return the hashes of one row of each set of copies: the rest is coincidence."""
    copies = tied_rows(replace(rows, groups=None), duplicates)
    distinct = one_of_each(copies, np.random.default_rng(0))
    return hashes if distinct is None else hashes[distinct]


def _repeated(hashes: HashArray) -> float:
    """Return the share of new rows that equal a row of these by coincidence.

    One less the share of rows that occur once (Good 1953, equation 9: the mass of
    what has not been seen).
    """
    _, times = np.unique(hashes, return_counts=True)
    return 1.0 - float(np.count_nonzero(times == 1)) / len(hashes)
