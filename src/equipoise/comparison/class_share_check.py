# SPDX-License-Identifier: Apache-2.0
"""Whether two tables may have the same shares of classes, or of labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import number
from equipoise._core.numerals import as_p_value, percent
from equipoise._core.types import FloatArray, IntArray
from equipoise.metrics.task_rows import TaskRows
from equipoise.uncertainty.multiplicity import holm
from equipoise.uncertainty.proportion import fisher_p_value
from equipoise.uncertainty.share_tests import shares_p_value
from equipoise.uncertainty.shares import effective_counts, effective_rows

OF_CLASSES = "Fisher-Freeman-Halton test, tables drawn"
OF_LABELS = "Fisher's exact test of each label, Holm's correction"
MOST_NAMED = 3


@dataclass(frozen=True)
class ShareCheck:
    """Whether two tables may have the same shares of classes, or of labels.

    Attributes:
        train: By class or label, its share where the models were trained.
        test: The same in the test file; NaN of a label that is nowhere known there.
        p: P-value of "the same shares"; of labels the smallest after the correction.
        by_label: By label, its p-value after the correction; empty for classes.
        method: The test, in words.
        sentence: What it means, in words.
    """

    train: Mapping[str, float]
    test: Mapping[str, float]
    p: float
    by_label: Mapping[str, float]
    method: str
    sentence: str


def share_check(
    train: TaskRows,
    test: TaskRows,
    *,
    units: tuple[IntArray | None, IntArray | None] = (None, None),
    alpha: float = 0.05,
    seed: int = 0,
) -> ShareCheck:
    """Test whether two tables have the same shares of several classes or labels.

    Classes by the test of Freeman and Halton (1951); each label by Fisher's exact
    test, with Holm's correction. Rows that depend on each other are worth fewer: then
    tables enter with their effective numbers of rows, and the tests are approximate.
    For classes that number is the rows over the mean design effect of the shares (Rao
    and Scott 1981, first order). A row of weight w stands for w rows whose targets are
    known: the numbers of rows are those of the rows stood for.

    Args:
        train: Targets where the models were trained.
        test: Targets of the test file.
        units: `[rows]` of each, which rows are one case; None for each.
        alpha: At or below it shares are called different.
        seed: Of the tables that are drawn.

    Example:
        >>> from equipoise.task import Task
        >>> three = Task("multiclass", ("a", "b", "c"))
        >>> tables = [
        ...     TaskRows.of(three, np.repeat([0, 1, 2], sizes))
        ...     for sizes in ([500, 300, 50], [60, 30, 20])
        ... ]
        >>> check = share_check(*tables)
        >>> round(check.test["c"], 3), check.p < 0.001
        (0.182, True)
    """
    limit = number(alpha, "alpha", 0, 1, open_ends=True)
    both = (train, units[0]), (test, units[1])
    earlier, later = (
        dict(zip(train.names, _shares(rows).tolist(), strict=True)) for rows, _ in both
    )
    if train.task.kind == "multilabel":
        counts = [_label_counts(rows, unit) for rows, unit in both]
        p = [
            fisher_p_value(one, other) if sum(one) and sum(other) else np.nan
            for one, other in zip(*counts, strict=True)
        ]
        adjusted = dict(zip(train.names, holm(p).tolist(), strict=True))
        tested = [value for value in adjusted.values() if value == value]
        least = min(tested, default=float("nan"))
        words = _of_labels(earlier, later, adjusted, limit)
        return ShareCheck(earlier, later, least, adjusted, OF_LABELS, words)
    first, second = (_class_counts(rows, unit) for rows, unit in both)
    value = shares_p_value(first, second, seed=seed) if test.weights.size else np.nan
    words = _of_classes(earlier, later, value, limit)
    return ShareCheck(earlier, later, float(value), {}, OF_CLASSES, words)


def _shares(rows: TaskRows) -> FloatArray:
    """Return `[views]` the share of each class or label among rows with it known."""
    total = rows.positives + rows.negatives
    with np.errstate(invalid="ignore"):
        return np.asarray(rows.positives / total)


def _label_counts(rows: TaskRows, unit: IntArray | None) -> list[tuple[int, int]]:
    """Return of each label how many rows have it, and have not, as independent ones."""
    counts = []
    for view in range(rows.truth.shape[1]):
        used, truth, weights = rows.view(view)
        total = float(weights.sum())
        share = float(weights @ truth) / total if total else 0.0
        if unit is None or not truth.size:
            counts.append(effective_counts(share, total))
            continue
        worth = effective_rows(truth, unit[used]) * (total / truth.size)
        counts.append(effective_counts(share, worth))
    return counts


def _class_counts(rows: TaskRows, unit: IntArray | None) -> FloatArray:
    """Return `[classes]` how many rows each has, as independent ones."""
    used = rows.weights > 0
    truth, counts = rows.truth[used], rows.positives
    size = len(truth)
    if unit is None or not size:
        return np.asarray(np.round(counts))
    total = float(rows.weights.sum())
    share = counts / total
    there = (share > 0) & (share < 1)
    if not there.any():
        return np.asarray(np.round(counts))
    effects = [
        size / effective_rows(truth[:, view], unit[used])
        for view in np.flatnonzero(there).tolist()
    ]
    rest = 1 - share[there]
    worth = size * rest.sum() / (rest @ np.array(effects))
    return np.asarray(np.round(share * (min(worth, size) * (total / size))))


def _moved(train: float, test: float) -> float:
    """Return how far a share has moved, so that rare ones count as well."""
    return abs(test - train) / math.sqrt(max(train * (1 - train), 1e-12))


def _listed(
    names: list[str], train: Mapping[str, float], test: Mapping[str, float]
) -> str:
    names = sorted(names, key=lambda name: -_moved(train[name], test[name]))
    parts = [
        f"{name!r} ({percent(test[name])}; {percent(train[name])} in training)"
        for name in names[:MOST_NAMED]
    ]
    more = len(names) - MOST_NAMED
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")


def _of_classes(
    train: Mapping[str, float], test: Mapping[str, float], p: float, alpha: float
) -> str:
    if p != p:
        return "The test file has no row that is scored."
    if p > alpha:
        return (
            "The shares of the classes in the test file show no sign of a difference "
            f"from those in training (Fisher-Freeman-Halton, {as_p_value(p)})."
        )
    return (
        "The shares of the classes in the test file differ from those in training "
        f"(Fisher-Freeman-Halton, {as_p_value(p)}), most of all "
        f"{_listed(list(train), train, test)}. Recalls and balanced accuracy compare "
        "with the trial's; average precision, AUROC of a class against the rest, F1 "
        "and losses do not, and probabilities need a correction for the new shares."
    )


def _of_labels(
    train: Mapping[str, float],
    test: Mapping[str, float],
    adjusted: Mapping[str, float],
    alpha: float,
) -> str:
    tested = {name: p for name, p in adjusted.items() if p == p}
    if not tested:
        return "The test file has no row with a label that is scored."
    names = [name for name, p in tested.items() if p <= alpha]
    least = as_p_value(min(tested.values()))
    how = f"Fisher's exact test of each label, Holm's correction, smallest {least}"
    if not names:
        return (
            "The shares of the labels in the test file show no sign of a difference "
            f"from those in training ({how})."
        )
    return (
        f"{len(names)} of {len(tested)} labels have another share in the test file "
        f"than in training ({how}): {_listed(names, train, test)}. Their average "
        "precision, precision and F1 do not compare with the trial's; their AUROC and "
        "recall do, and their probabilities need a correction for the new share."
    )
