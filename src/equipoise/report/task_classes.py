# SPDX-License-Identifier: Apache-2.0
"""The classes, or labels, of a trial one by one, and what is taken for what."""

from __future__ import annotations

from typing import Any

import numpy as np

from equipoise.comparison.class_differences import OF_EACH, class_sentence
from equipoise.comparison.mcnemar import paired_decisions
from equipoise.comparison.verdict import Verdict
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.evaluation.task_values import CLASS_METRICS
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.registry import METRICS
from equipoise.report.summary_parts import interval_facts
from equipoise.uncertainty.class_shares import confusion_intervals

MOST_ROWS = 200
"""A table holds at most so many classes, the rarest."""
IN_CELLS = 15
"""Up to so many classes the counts stand in the cells of the confusion matrix."""
IN_MAP = 60
"""Up to so many classes the confusion matrix is drawn."""
LISTED = 12
"""How many confusions are listed if the counts do not stand in the cells."""
FEW = 20
"""A class with fewer rows is flagged: its intervals are wide."""


def class_rows(results: TaskCrossValidated, arm: str) -> list[dict[str, Any]]:
    """Return one row of the class table per class or label, in their order.

    Args:
        results: The trial.
        arm: An arm.
    """
    evaluation = results[arm].evaluation
    names = _rarest(results)
    return [
        {
            "name": name,
            "rows": one.positives,
            "share": one.prevalence,
            "few": one.positives < FEW and name not in evaluation.unjudged,
            "unjudged": evaluation.unjudged.get(name, ""),
            "metrics": {
                m: interval_facts(_estimate(one.get(m))) for m in CLASS_METRICS
            },
        }
        for name, one in evaluation.by_class.items()
        if name in names
    ]


def _rarest(results: TaskCrossValidated, most: int = MOST_ROWS) -> set[str]:
    rows = results.targets.rows
    order = np.argsort(rows.positives, kind="stable")[:most]
    return {rows.names[view] for view in order.tolist()}


def _estimate(value: Estimate | None) -> Estimate:
    return Estimate.undefined("it was not computed") if value is None else value


def effect_facts(verdict: Verdict) -> dict[str, Any]:
    """Return which classes the arms help or cost whose average differs.

    Args:
        verdict: Of a trial of several classes or labels.

    Returns:
        The sentences that hold, and every difference of the family.
    """
    metric = OF_EACH.get(verdict.metric)
    label = METRICS[metric].label if metric else ""
    texts = [
        (arm, class_sentence(each, label)) for arm, each in verdict.by_class.items()
    ]
    return {
        "metric": label,
        "sentences": [f"{arm}{text.removeprefix('It')}" for arm, text in texts if text],
        "rows": [
            {
                "arm": arm,
                "name": one.name,
                "outcome": one.outcome,
                "p": one.p,
                "difference": interval_facts(one.difference),
            }
            for arm, each in verdict.by_class.items()
            for one in each.values()
            if one.p == one.p  # there is a test
        ],
    }


def paired_facts(results: TaskCrossValidated) -> list[dict[str, Any]]:
    """Return how many rows of each class only one of an arm and the baseline decides.

    Args:
        results: The trial.

    Returns:
        One dictionary per arm and class or label, see `PairedDecisions`; empty if the
        rows have weights.
    """
    return [
        {"arm": arm, **one.as_dict()}
        for arm, each in paired_decisions(results).items()
        for one in each.values()
    ]


def confusion_facts(results: TaskCrossValidated, arm: str) -> dict[str, Any] | None:
    """Return the K x K confusion matrix of an arm with an interval for every cell.

    Args:
        results: A trial of several classes.
        arm: An arm.

    Returns:
        Rows are true classes and columns decisions; classes without rows are left out
        of the rows. None without decisions. Beyond `IN_CELLS` classes
        cells without rows are left out, and beyond `IN_MAP` there are neither cells
        nor intervals.
    """
    cells = results[arm].confusion
    if cells is None:
        return None
    targets = results.targets
    totals, size = cells.totals, len(cells.classes)
    made = None
    if size <= IN_MAP:  # K x K of them
        made = confusion_intervals(
            results.task,
            results.y,
            results[arm].decisions,
            targets.rows.weights,
            clusters=targets.unit,
            level=results.level,
        )
    place = {name: k for k, name in enumerate(cells.classes)}
    listed = [
        {
            "true": true,
            "decided": decided,
            "count": count,
            "of": totals[place[true]],
            **interval_facts(
                Estimate(count / totals[place[true]])
                if made is None
                else made.cells[place[true]][place[decided]]
            ),
        }
        for true, decided, count in cells.most_confused(LISTED)
    ]
    facts: dict[str, Any] = {
        "arm": arm,
        "classes": list(cells.classes),
        "totals": totals.tolist(),
        "numbers": size <= IN_CELLS,
        "listed": listed,
        "cells": [],
        "undecided": cells.undecided.tolist() if cells.undecided.any() else None,
    }
    if made is not None:
        facts["cells"] = [
            {
                "i": i,
                "j": j,
                "count": float(cells.counts[i, j]),
                **interval_facts(made.cells[i][j]),
            }
            for i in range(size)
            for j in range(size)
            if totals[i] > 0 and (size <= IN_CELLS or cells.counts[i, j] > 0)
        ]
    return facts


def label_tables(results: TaskCrossValidated, arm: str) -> list[dict[str, Any]]:
    """Return the four counts of each label's decisions, labels in their order.

    Args:
        results: A trial of several labels.
        arm: An arm.
    """
    names = _rarest(results)
    return [
        {"name": name, **one.confusion.as_dict()}
        for name, one in results[arm].by_class.items()
        if one.confusion is not None and name in names
    ]
