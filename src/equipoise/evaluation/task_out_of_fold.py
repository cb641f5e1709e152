# SPDX-License-Identifier: Apache-2.0
"""Out-of-fold scores of several classes or labels: calibrated, and on one scale.

As `out_of_fold` does for two classes: a fold's calibrator has seen the other folds of
its repeat alone, and for metrics of a ranking the scores of each class against the
rest, or of each label, are put on one scale over the folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.decision.calibrator import Calibrator
from equipoise.decision.class_calibration import fit_class_calibrator
from equipoise.decision.class_calibrator import ClassCalibrator, LabelCalibrator
from equipoise.evaluation.out_of_fold import align
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task

TaskCalibrator = Calibrator | ClassCalibrator | LabelCalibrator

CALIBRATION_ROWS = 6_000
"""Beyond this many rows a calibrator of classes is fitted on a sample of them: as many
of each class, as far as it has them, weighted by what they stand for."""


MOST_SHIFTED = 20
"""With more classes than this, "auto" is the temperature alone: a shift and a slope for
each class take seconds for every fold, and rest on few rows each."""


@dataclass(frozen=True, eq=False)
class TaskCrossFitted:
    """One arm's calibrated scores.

    Attributes:
        scores: `[repeats, rows, width]` calibrated; a row's calibrator comes from the
            other folds of the repeat.
        calibrators: `[repeats][folds]`.
    """

    scores: FloatArray
    calibrators: tuple[tuple[TaskCalibrator, ...], ...]


def cross_fit_task(
    scores: FloatArray,
    rows: TaskRows,
    folds: IntArray,
    *,
    exact: bool = True,
    method: str = "auto",
    seed: int = 0,
) -> TaskCrossFitted:
    """Calibrate fold by fold, each from the other folds of its repeat.

    Args:
        scores: `[repeats, rows, width]` out-of-fold scores.
        rows: The targets.
        folds: `[repeats, rows]` the fold of each row.
        exact: Whether the scores are log-odds, or logits, up to estimation error.
        method: As in `fit_class_calibrator`.
        seed: Of the sample of rows, if there are very many.
    """
    calibrated = np.empty_like(scores)
    calibrators = []
    for repeat, (z, fold) in enumerate(zip(scores, folds, strict=True)):
        row = []
        for k in range(int(fold.max()) + 1):
            inside = fold == k
            fitted = fit_task_calibrator(
                rows.task,
                z[~inside],
                rows.y[~inside],
                fold[~inside],
                rows.weights[~inside],
                exact=exact,
                method=method,
                seed=seed,
            )
            calibrated[repeat, inside] = fitted.apply(z[inside])
            row.append(fitted)
        calibrators.append(tuple(row))
    return TaskCrossFitted(calibrated, tuple(calibrators))


def fit_task_calibrator(
    task: Task,
    scores: FloatArray,
    y: AnyArray,
    folds: IntArray,
    weights: FloatArray,
    *,
    exact: bool = True,
    method: str = "auto",
    seed: int = 0,
) -> TaskCalibrator:
    """Fit a calibrator, of classes on a sample of the rows if there are very many.

    Args:
        task: What the scores are for.
        scores: `[rows, width]` out-of-fold scores.
        y: `[rows]` class numbers; `[rows, labels]` if multi-label.
        folds: `[rows]` the fold of each score.
        weights: `[rows]` row weights.
        exact: Whether the scores are log-odds, or logits, up to estimation error.
        method: As in `fit_class_calibrator`.
        seed: Of the sample.
    """
    if task.kind == "multiclass" and method == "auto" and task.width > MOST_SHIFTED:
        method = "temperature"
    if task.kind == "multiclass" and len(y) > CALIBRATION_ROWS:
        part, weight = class_sample(y, weights, CALIBRATION_ROWS, seed)
        scores, y, folds, weights = scores[part], y[part], folds[part], weight
    return fit_class_calibrator(
        task,
        scores,
        y,
        exact=exact,
        weights=weights,
        folds=folds,
        method=method,
        seed=seed,
    )


def class_sample(
    y: AnyArray, weights: FloatArray, most: int, seed: int
) -> tuple[IntArray, FloatArray]:
    """Draw a sample of rows, as many of each class as far as it has them.

    Args:
        y: `[rows]` class numbers.
        weights: `[rows]` row weights.
        most: About how many rows.
        seed: Of the draw.

    Returns:
        Positions of the rows, ascending, and their weights, which sum to those of all
        rows within each class.

    Example:
        >>> part, weight = class_sample(np.repeat([0, 1], [90, 3]), np.ones(93), 10, 0)
        >>> len(part), round(float(weight.sum()), 6)
        (10, 93.0)
    """
    counts = np.bincount(y)
    # Raise the number per class until the sample is full.
    each, left, open_ = 0, most, counts.astype(np.int64)
    while left > 0 and (open_ > 0).any():
        step = max(1, left // int(np.count_nonzero(open_)))
        taken = np.minimum(open_, step)
        if taken.sum() > left:
            break
        each, left, open_ = each + step, left - int(taken.sum()), open_ - taken
    random = generator(seed, "calibration sample")
    parts, masses = [], []
    for label, count in enumerate(counts):
        members = np.flatnonzero(y == label)
        if count > each:
            members = np.sort(random.choice(members, each, replace=False))
        parts.append(members)
        whole, sampled = weights[y == label].sum(), weights[members].sum()
        masses.append(weights[members] * (whole / sampled if sampled > 0 else 1.0))
    place = np.concatenate(parts)
    order = np.argsort(place)
    return place[order], np.concatenate(masses)[order]


def aligned_views(scores: FloatArray, rows: TaskRows, folds: IntArray) -> FloatArray:
    """Put the scores of each view on one scale over the splits.

    Args:
        scores: `[repeats, rows, width]` out-of-fold scores.
        rows: The targets.
        folds: `[repeats, rows]` the fold of each row.

    Returns:
        `[repeats, rows, views]` scores that may be ranked within a repeat and a view;
        0 for a row whose label is unknown.
    """
    ordered = np.stack([rows.ranked(z) for z in scores])
    result = np.zeros_like(ordered)
    for view in range(ordered.shape[2]):
        there = rows.labelled[:, view]
        if not there.any():
            continue
        result[:, there, view] = align(
            ordered[:, there, view], rows.truth[there, view], folds[:, there]
        )
    return result
