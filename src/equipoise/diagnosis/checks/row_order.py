# SPDX-License-Identifier: Apache-2.0
"""EQP011: labels that depend on where the row stands in the file."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.needs import rows_of_each_class
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import capital, class_list, share
from equipoise.table.table import Column
from equipoise.uncertainty.proportion import normal_quantile
from equipoise.uncertainty.sample_sizes import auroc_interval

FEWEST = 10
MOST_CLASSES = 100
"""Of more classes, the rarest are examined."""


def check_row_order(
    subject: Subject,
    *,
    clustering: float = 0.1,
    sorted_from: float = 0.9,
    trend: float = 0.05,
    alpha: float = 0.001,
) -> Observation | NotApplicable | None:
    """Count runs of equal labels (Wald & Wolfowitz 1940), and look for a trend.

    Args:
        subject: The table that is checked.
        clustering: By what share the runs must be fewer than expected.
        sorted_from: From this share on the file counts as sorted.
        trend: How far the AUROC of the row number must be from 0.5.
        alpha: One-sided level of the runs test, whose normal form is approximate.
    """
    y = subject.table.labels()
    negatives, positives = subject.counts
    if subject.table.time is not None:
        return NotApplicable("a time column was named, and EQP013 examines it")
    runs, expected, z = runs_test(y)
    auroc = order_auroc(y)
    low, high = auroc_interval(auroc, positives, negatives, subject.level)
    fewer = 1 - runs / expected
    evidence = {
        "runs": runs,
        "expected_runs": expected,
        "z": z,
        "order_auroc": auroc,
        "order_auroc_low": low,
        "order_auroc_high": high,
    }
    if fewer > sorted_from:
        return Observation("info", _blocks(runs), SORTED, evidence)
    drifts = (low > 0.5 or high < 0.5) and abs(auroc - 0.5) > trend
    clusters = z < normal_quantile(alpha) and fewer > clustering
    if not drifts and not clusters:
        return None
    parts = [_fifths(y)] if drifts else []
    if clusters:
        parts.append(
            f"rows of one class stand together ({runs:,} runs; in random order there "
            f"would be {expected:,.0f})"
        )
    text = "; ".join(parts)
    return Observation("warning", f"{capital(text)}.", _tied(subject), evidence)


def check_order_of_classes(
    subject: Subject,
    *,
    clustering: float = 0.1,
    sorted_from: float = 0.9,
    trend: float = 0.05,
    alpha: float = 0.001,
) -> Observation | NotApplicable | None:
    """Do the same for several classes; rows with the same set of labels are one class.

    The mean and variance of the number of runs of several kinds are those of Mood
    (1940, section 4). The trends of the classes share the level (Bonferroni).

    Args:
        subject: The table that is checked.
        clustering: As in `check_row_order`.
        sorted_from: As there.
        trend: As there.
        alpha: As there.
    """
    table = subject.table
    if table.time is not None:
        return NotApplicable("a time column was named, and EQP013 examines it")
    y = np.asarray(table.labels())
    kinds = y if y.ndim == 1 else np.unique(y, axis=0, return_inverse=True)[1].ravel()
    runs, expected, z = runs_of_kinds(kinds)
    fewer = 1 - runs / expected
    evidence: dict[str, Any] = {"runs": runs, "expected_runs": expected, "z": z}
    what = "set of labels" if y.ndim > 1 else "class"
    if fewer > sorted_from:
        return Observation("info", _sorted(runs, what), SORTED, evidence)
    drifting = _drifting(subject, trend)
    evidence["order_auroc"] = {name: auroc for name, auroc, _ in drifting}
    clusters = z < normal_quantile(alpha) and fewer > clustering
    if not drifting and not clusters:
        return None
    parts = []
    if drifting:
        others = [name for name, *_ in drifting[1:]]
        more = f" (so does that of {class_list(others)})" if others else ""
        parts.append(f"{drifting[0][2]}{more}")
    if clusters:
        parts.append(
            f"rows of one {what} stand together ({runs:,} runs; in random order there "
            f"would be {expected:,.0f})"
        )
    message = f"{capital('; '.join(parts))}."
    return Observation("warning", message, _tied(subject), evidence)


def _sorted(runs: int, what: str) -> str:
    return f"The rows are sorted by {what}, in {runs:,} blocks of one {what} each."


def _drifting(subject: Subject, trend: float) -> list[tuple[str, float, str]]:
    """Return name, AUROC of the row number and words of the classes with a trend."""
    classes = ClassSubjects(subject)
    numbers = [
        number
        for number in classes.rarest_first.tolist()
        if classes.sides[number].min() >= FEWEST
    ][:MOST_CLASSES]
    drifting = []
    for number in numbers:
        one = classes.of(number)
        y, level = one.table.labels(), 1 - subject.alpha / len(numbers)
        auroc = order_auroc(y)
        low, high = auroc_interval(auroc, one.counts[1], one.counts[0], level)
        if (low > 0.5 or high < 0.5) and abs(auroc - 0.5) > trend:
            text = _fifths(y, one.terms.many)
            drifting.append((one.table.classes[1], auroc, text))
    return sorted(drifting, key=lambda entry: -abs(entry[1] - 0.5))


def runs_of_kinds(kinds: npt.ArrayLike) -> tuple[int, float, float]:
    """Return the runs of equal kinds, the expected number and the z value.

    Args:
        kinds: `[rows]` whole numbers from 0.

    Example:
        >>> runs, expected, _ = runs_of_kinds([0, 0, 1, 2, 2, 1])
        >>> runs, expected
        (4, 5.0)
    """
    values = np.asarray(kinds)
    size = np.bincount(values).astype(np.float64)
    n, squares, cubes = float(values.size), float(size @ size), float((size**3).sum())
    runs = 1 + int(np.count_nonzero(values[1:] != values[:-1]))
    expected = n + 1 - squares / n
    variance = squares * (squares + n * (n + 1)) - 2 * n * cubes - n**3
    variance /= n**2 * max(n - 1.0, 1.0)
    z = (runs - expected) / math.sqrt(variance) if variance > 1e-9 else 0.0
    return runs, expected, z


SORTED = (
    "Draw rows at random, as every split here does; validation_split in Keras takes "
    "the last rows, which are not like the others. A column made from the row number "
    "would give the answer away."
)
TIED = (
    "if neighbouring rows belong together, name the group (group=). A random split "
    "would flatter every model."
)


def _tied(subject: Subject) -> str:
    """Return what to do about rows that are like their neighbours."""
    for column in subject.table.columns:
        if column.kind == "datetime" and _in_order(column):
            name = repr(column.name)
            return (
                f"The rows are in order of {name}: pass time={name} to split by time; "
                f"or, {TIED}"
            )
    return (
        "If the file is in order of time, name the time column (time=) and split by "
        f"time; {TIED}"
    )


def _in_order(column: Column) -> bool:
    """Return whether the times of a column rise, or fall, from row to row."""
    if column.missing().any():
        return False
    steps = np.diff(column.values.astype("datetime64[us]").astype(np.int64))
    return bool(steps.any() and ((steps >= 0).all() or (steps <= 0).all()))


def _blocks(runs: int) -> str:
    if runs == 2:
        return "The rows are sorted by class."
    return f"The rows are sorted by class, in {runs:,} blocks of one class each."


def _fifths(y: npt.NDArray[np.int8], many: str = "positives") -> str:
    rates = [share(float(part.mean())) for part in np.array_split(y, 5)]
    return (
        f"the share of {many} follows the row order: {', '.join(rates)} from the "
        "first fifth of the file to the last"
    )


def order_auroc(y: npt.ArrayLike) -> float:
    """Return the AUROC of the row number: positives late in the file give 1.

    Example:
        >>> order_auroc([0, 0, 1, 1])
        1.0
    """
    places = np.flatnonzero(np.asarray(y))
    positives, negatives = len(places), np.size(y) - len(places)
    return float(np.mean(places - np.arange(positives))) / negatives


def runs_test(y: npt.ArrayLike) -> tuple[int, float, float]:
    """Return the runs of equal labels, the expected number and the z value.

    Example:
        >>> runs, expected, _ = runs_test([0, 0, 1, 1, 0, 1])
        >>> runs, expected
        (4, 4.0)
    """
    labels = np.asarray(y)
    n, n1 = len(labels), int(np.sum(labels))
    pairs = 2.0 * n1 * (n - n1)
    expected = 1 + pairs / n
    variance = pairs * (pairs - n) / (n**2 * (n - 1.0))
    runs = 1 + int(np.sum(labels[1:] != labels[:-1]))
    return runs, expected, (runs - expected) / math.sqrt(variance)


CHECK = Check(
    "EQP011",
    "Labels that follow the row order",
    check_row_order,
    needs=(rows_of_each_class(FEWEST),),
    several=dict.fromkeys(("multiclass", "multilabel"), check_order_of_classes),
)
