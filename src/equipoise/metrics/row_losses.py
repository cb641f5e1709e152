# SPDX-License-Identifier: Apache-2.0
"""Metrics of several classes or labels that are a mean of one number per row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer
from equipoise._core.types import BoolArray, FloatArray
from equipoise.metrics.task_definitions import RowValues
from equipoise.metrics.task_rows import TaskRows


def task_log_losses(
    rows: TaskRows, predictions: npt.ArrayLike, probabilities: bool = False
) -> RowValues:
    """Return -log p of each row's class, or of what each label is, in nats.

    From scores it is exact at any size of them. A probability of exactly 0 for what
    happened gives infinity; nothing is clipped. The mean over labels of a multi-label
    task is the mean of each label's log loss over the rows in which it is known.

    Args:
        rows: The targets.
        predictions: `[rows, width]` scores, or probabilities.
        probabilities: Whether they are probabilities.

    Example:
        >>> from equipoise.task import Task
        >>> rows = TaskRows.of(Task("multiclass", ("a", "b", "c")), [0, 1])
        >>> p = [[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]]
        >>> task_log_losses(rows, p, True).values.ravel().round(4).tolist()
        [0.6931, 0.0]
    """
    values = rows.predicted(predictions, probabilities)
    at = np.arange(len(values))
    with np.errstate(divide="ignore"):
        if rows.task.kind == "multilabel":
            if probabilities:
                losses = -np.where(rows.truth, np.log(values), np.log1p(-values))
            else:
                losses = np.logaddexp(0.0, np.where(rows.truth, -values, values))
            return RowValues(losses + 0.0, rows.labelled)
        if probabilities:
            losses = -np.log(values[at, rows.y])
        elif rows.task.kind == "binary":
            z = values[:, 0]
            losses = np.logaddexp(0.0, np.where(rows.y == 1, -z, z))
        else:
            most = values.max(axis=1)
            total = np.log(np.exp(values - most[:, None]).sum(axis=1))
            losses = most - values[at, rows.y] + total
    return _column(losses + 0.0)


def task_squared_errors(
    rows: TaskRows, predictions: npt.ArrayLike, probabilities: bool = False
) -> RowValues:
    """Return half the squared distance of probabilities and truth, each row's part.

    (1/2) sum_k (p_k - y_k)^2 over the classes, in which y_k is 1 for the row's class.
    Brier (1950) has no half: his score, as `sklearn.metrics.brier_score_loss` with
    `scale_by_half=False`, is twice this. With the half, two classes give the binary
    Brier score, and the range is 0 to 1. Of a multi-label task it is (p - y)^2 for
    each label, and the mean is that of the labels' Brier scores.

    Args:
        rows: The targets.
        predictions: `[rows, width]` scores, or probabilities.
        probabilities: Whether they are probabilities.

    Example:
        >>> from equipoise.task import Task
        >>> rows = TaskRows.of(Task("multiclass", ("a", "b", "c")), [0])
        >>> task_squared_errors(rows, [[0.5, 0.25, 0.25]], True).values.tolist()
        [[0.1875]]
    """
    p = rows.probability(predictions, probabilities)
    if rows.task.kind == "multilabel":
        return RowValues((p - rows.truth) ** 2, rows.labelled)
    truth = rows.y[:, None] == np.arange(p.shape[1])
    return _column(np.sum((p - truth) ** 2, axis=1) / 2)


def in_top_k(
    rows: TaskRows,
    predictions: npt.ArrayLike,
    probabilities: bool = False,
    *,
    k: int = 2,
) -> RowValues:
    """Return whether each row's class is among the k classes of highest score.

    If ties cross the border, it is the expectation over a random order of the tied
    classes, so their order plays no role.

    Args:
        rows: The targets of a multi-class task.
        predictions: `[rows, classes]` scores, or probabilities.
        probabilities: Whether they are probabilities.
        k: How many classes, at least 1.

    Raises:
        InputError: `k` is below 1.

    Example:
        >>> from equipoise.task import Task
        >>> rows = TaskRows.of(Task("multiclass", ("a", "b", "c")), [2, 0])
        >>> in_top_k(rows, [[2.0, 1.0, 1.0], [0.0, 3.0, 2.0]]).values.ravel().tolist()
        [0.5, 0.0]
    """
    first = integer(k, "k", 1)
    values = rows.predicted(predictions, probabilities)
    at = values[np.arange(len(values)), rows.y][:, None]
    above = np.sum(values > at, axis=1)
    tied = np.sum(values == at, axis=1)
    return _column(np.clip((first - above) / tied, 0.0, 1.0))


def wrong_labels(rows: TaskRows, decisions: npt.ArrayLike) -> RowValues:
    """Return whether each label of each row is decided wrongly.

    Its mean is the Hamming loss: the mean over labels of the share of wrong decisions
    among the rows in which the label is known. Undecided is not right.

    Args:
        rows: The targets of a multi-label task.
        decisions: `[rows, labels]` 0, 1, or -1 for undecided.

    Example:
        >>> from equipoise.task import Task
        >>> rows = TaskRows.of(Task("multilabel", ("x", "y")), [[1, 0], [1, -1]])
        >>> wrong_labels(rows, [[1, 1], [0, 1]]).mean(rows.weights)
        0.75
    """
    made = rows.decided(decisions)
    return RowValues((made != rows.truth).astype(np.float64), rows.labelled)


def all_labels_right(rows: TaskRows, decisions: npt.ArrayLike) -> RowValues:
    """Return whether all known labels of each row are decided rightly.

    Rows of which no label is known are left out.

    Args:
        rows: The targets of a multi-label task.
        decisions: `[rows, labels]` 0, 1, or -1 for undecided.

    Example:
        >>> from equipoise.task import Task
        >>> rows = TaskRows.of(Task("multilabel", ("x", "y")), [[1, 0], [1, -1]])
        >>> all_labels_right(rows, [[1, 1], [1, 1]]).mean(rows.weights)
        0.5
    """
    right = (rows.decided(decisions) == rows.truth) | ~rows.labelled
    return _column(right.all(axis=1).astype(np.float64), rows.labelled)


def label_ranking_precisions(
    rows: TaskRows, predictions: npt.ArrayLike, probabilities: bool = False
) -> RowValues:
    """Return each row's mean precision over its labels, ranked by score.

    For each label that a row has: the share of its labels among the known labels that
    score at least as high (Schapire and Singer 2000). 1 for a row that has none of its
    known labels, or all, as in `sklearn.metrics.label_ranking_average_precision_score`.
    Scores of labels are compared within a row, so they must be on one scale.

    Args:
        rows: The targets of a multi-label task.
        predictions: `[rows, labels]` scores, or probabilities.
        probabilities: Whether they are probabilities.

    Example:
        >>> from equipoise.task import Task
        >>> rows = TaskRows.of(Task("multilabel", ("x", "y", "z")), [[1, 0, 0]])
        >>> label_ranking_precisions(rows, [[0.75, 0.5, 1.0]]).values.tolist()
        [[0.5]]
    """
    values = rows.predicted(predictions, probabilities)
    precision = np.zeros(values.shape)
    for j in range(values.shape[1]):
        reached = (values >= values[:, j : j + 1]) & rows.labelled
        precision[:, j] = np.sum(reached & rows.truth, axis=1) / np.maximum(
            reached.sum(axis=1), 1
        )
    held = rows.truth.sum(axis=1)
    mean = np.sum(precision * rows.truth, axis=1) / np.maximum(held, 1)
    trivial = (held == 0) | (held == rows.labelled.sum(axis=1))
    return _column(np.where(trivial, 1.0, mean), rows.labelled)


def label_coverages(
    rows: TaskRows, predictions: npt.ArrayLike, probabilities: bool = False
) -> RowValues:
    """Return how many labels one must go down to have met all that a row has.

    The number of known labels that score at least as high as the lowest of the row's
    labels; 0 for a row without any (Tsoumakas et al. 2010, without the 1 that they
    take off; as `sklearn.metrics.coverage_error`).

    Args:
        rows: The targets of a multi-label task.
        predictions: `[rows, labels]` scores, or probabilities.
        probabilities: Whether they are probabilities.

    Example:
        >>> from equipoise.task import Task
        >>> rows = TaskRows.of(Task("multilabel", ("x", "y", "z")), [[1, 0, 0]])
        >>> label_coverages(rows, [[0.75, 0.5, 1.0]]).values.tolist()
        [[2.0]]
    """
    values = rows.predicted(predictions, probabilities)
    lowest = np.where(rows.truth, values, np.inf).min(axis=1)
    reached = np.sum((values >= lowest[:, None]) & rows.labelled, axis=1)
    reached = np.where(rows.truth.any(axis=1), reached, 0)
    return _column(reached.astype(np.float64), rows.labelled)


def _column(values: FloatArray, labelled: BoolArray | None = None) -> RowValues:
    used = np.ones((values.size, 1), np.bool_)
    if labelled is not None:
        used = np.asarray(labelled.any(axis=1, keepdims=True))
    return RowValues(np.asarray(values, np.float64)[:, None], used)
