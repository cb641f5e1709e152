# SPDX-License-Identifier: Apache-2.0
"""EQP016: missing values that depend on the class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import share
from equipoise.uncertainty.multiplicity import holm
from equipoise.uncertainty.proportion import fisher_p_value
from equipoise.uncertainty.sample_sizes import difference_interval


@dataclass(frozen=True)
class Gap:
    """How often one column is missing in each class.

    Attributes:
        name: The column.
        positive: The share missing among positives.
        negative: The share missing among negatives.
        low: Lower end of the interval of the difference.
        high: Its upper end.
        p_value: Of Fisher's exact test.
    """

    name: str
    positive: float
    negative: float
    low: float
    high: float
    p_value: float


def look(
    subject: Subject, *, material: float = 0.05, strong: float = 0.5
) -> Observation | NotApplicable | None:
    """Compare the missing share of the classes in every column (Fisher, Holm).

    Args:
        subject: What is looked at.
        material: A column counts where the shares differ by this or more.
        strong: A warning where they surely differ by this or more; being missing
            alone then has an AUROC of at least (1 + strong) / 2.
    """
    columns = [c for c in subject.table.columns if c.missing().any()]
    if not columns:
        return NotApplicable("no value is missing")
    if min(subject.counts) == 0:
        return NotApplicable("one class has no rows")
    gaps = [_gap(subject, c.name, c.missing()) for c in columns]
    rejected = holm([gap.p_value for gap in gaps]) <= subject.alpha
    found = [
        gap
        for gap, differs in zip(gaps, rejected, strict=True)
        if differs and abs(gap.positive - gap.negative) >= material
    ]
    if not found:
        return None
    found.sort(key=lambda gap: -abs(gap.positive - gap.negative))
    worst = found[0]
    sure = worst.low >= strong or worst.high <= -strong
    others = (
        f" {len(found) - 1} more column{'s' if len(found) > 2 else ''} likewise."
        if len(found) > 1
        else ""
    )
    return Observation(
        "warning" if sure else "info",
        f"{worst.name!r} is missing in {share(worst.positive)} of the positives and "
        f"{share(worst.negative)} of the negatives.{others}",
        "Being missing is a feature then, and the encoding keeps it as one. Make "
        "sure that it is not decided after the outcome is known.",
        {
            "columns": [gap.name for gap in found],
            "missing_among_positives": [gap.positive for gap in found],
            "missing_among_negatives": [gap.negative for gap in found],
            "p_value": [gap.p_value for gap in found],
        },
    )


def _gap(subject: Subject, name: str, missing: npt.NDArray[np.bool_]) -> Gap:
    negatives, positives = subject.counts
    lost1 = int(missing[subject.table.labels() == 1].sum())
    lost0 = int(missing.sum()) - lost1
    p_value = fisher_p_value((lost1, positives - lost1), (lost0, negatives - lost0))
    low, high = difference_interval(lost1, positives, lost0, negatives, subject.level)
    return Gap(name, lost1 / positives, lost0 / negatives, low, high, p_value)


CHECK = Check("EQP016", "Missing values that depend on the class", look)
