# SPDX-License-Identifier: Apache-2.0
"""The curves of each class or label, as plain lists of a bounded length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise._core.types import BoolArray, FloatArray
from equipoise.evaluation.curves import (
    Line,
    calibration_curve,
    precision_recall_curve,
)
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.report.summary_curves import (
    MOST_GROUPS,
    POSITIVES_PER_GROUP,
    line_facts,
)
from equipoise.uncertainty.proportion import clopper_pearson

DRAWN = 12
"""So many classes are drawn side by side, the rarest; others can be picked."""
PICKED = 60
"""From so many, the rarest, one can be picked."""
POINTS = 40


def class_curves(results: TaskCrossValidated, arms: Sequence[str]) -> dict[str, Any]:
    """Return precision over recall and the reliability of each class or label.

    Args:
        results: The trial.
        arms: Which arms; the first is also drawn for its reliability.

    Returns:
        For each class that can be judged, the rarest first: its share, a line per arm,
        and the reliability of the first arm; "drawn" is how many are drawn at once.
    """
    rows = results.targets.rows
    judged = np.flatnonzero(rows.judged)
    order = judged[np.argsort(rows.positives[judged], kind="stable")][:PICKED]
    first = results[arms[0]]
    probability = results.task.probability(first.fitted.scores)
    classes = []
    for view in order.tolist():
        used, truth, _ = rows.view(view)
        positives = int(truth.sum())
        lines = [
            precision_recall_curve(
                truth,
                results[arm].values.aligned[:, used, view],
                points=POINTS,
                level=results.level,
            )
            for arm in arms
        ]
        honest = calibration_curve(
            truth,
            probability[:, used, view],
            groups=_groups(positives),
            level=results.level,
        )
        classes.append(
            {
                "name": rows.names[view],
                "positives": positives,
                "share": positives / max(int(used.sum()), 1),
                "lines": [line_facts(line, False) for line in lines],
                "calibration": line_facts(honest, True),
            }
        )
    return {"arms": list(arms), "drawn": min(DRAWN, len(classes)), "classes": classes}


def _groups(positives: int) -> int:
    return int(np.clip(positives // POSITIVES_PER_GROUP, 2, MOST_GROUPS))


def reliability(results: TaskCrossValidated, arms: Sequence[str]) -> dict[str, Any]:
    """Return how often the most probable class is right, by its probability.

    Of labels, how often a label is there, by its probability, all labels together.

    Args:
        results: The trial.
        arms: Which arms.
    """
    lines = []
    for name in arms:
        line = _reliability(results, name)
        lines.append(
            {
                "name": name,
                **line_facts(line, True),
                "rows": [round(float(n), 1) for n in line.at],
            }
        )
    right = "labels that are there" if results.task.kind == "multilabel" else "right"
    return {"log": False, "title": f"Share {right}", "lines": lines}


def _reliability(results: TaskCrossValidated, name: str) -> Line:
    rows = results.targets.rows
    p = results.task.probability(results[name].fitted.scores)
    if results.task.kind == "multilabel":
        labelled = rows.labelled
        truth, p = rows.truth[labelled], p[:, labelled]
        groups = _groups(int(truth.sum()))
        return calibration_curve(truth, p, groups=groups, level=results.level)
    top = p.argmax(axis=2)
    right = top == rows.y
    best = np.take_along_axis(p, top[..., None], 2)[..., 0]
    return pooled_reliability(right, best, results.level)


def pooled_reliability(right: BoolArray, best: FloatArray, level: float) -> Line:
    """Return the share of right decisions over the probability of being right.

    Args:
        right: `[repeats, rows]` whether a decision is right.
        best: `[repeats, rows]` its probability.
        level: Coverage of the intervals, which rest on as many rows as a repeat has.
    """
    order = np.argsort(best.ravel(), kind="stable")
    parts = np.array_split(order, min(MOST_GROUPS, max(1, order.size // 10)))
    repeats = len(right)
    n = np.array([part.size for part in parts]) / repeats
    k = np.array([float(right.ravel()[part].sum()) for part in parts]) / repeats
    x = np.array([float(best.ravel()[part].mean()) for part in parts])
    low, high = clopper_pearson(k, n, level)
    return Line("calibration", x, k / n, low, high, n)
