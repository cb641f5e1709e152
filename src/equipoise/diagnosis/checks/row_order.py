# SPDX-License-Identifier: Apache-2.0
"""EQP011: labels that depend on where the row stands in the file."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.needs import rows_of_each_class
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import share
from equipoise.uncertainty.proportion import normal_quantile
from equipoise.uncertainty.sample_sizes import auroc_interval

FEWEST = 10


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
    return Observation("warning", f"{text[0].upper()}{text[1:]}.", TIED, evidence)


SORTED = (
    "Draw rows at random, as every split here does; validation_split in Keras takes "
    "the last rows, which are not like the others. A column made from the row number "
    "would give the answer away."
)
TIED = (
    "If the file is in order of time, name the time column (time=) and split by time; "
    "if neighbouring rows belong together, name the group (group=). A random split "
    "would flatter every model."
)


def _blocks(runs: int) -> str:
    if runs == 2:
        return "The rows are sorted by class."
    return f"The rows are sorted by class, in {runs:,} blocks of one class each."


def _fifths(y: npt.NDArray[np.int8]) -> str:
    rates = [share(float(part.mean())) for part in np.array_split(y, 5)]
    return (
        f"the share of positives follows the row order: {', '.join(rates)} from the "
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
)
