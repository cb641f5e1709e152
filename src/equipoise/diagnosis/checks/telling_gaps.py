# SPDX-License-Identifier: Apache-2.0
"""EQP016: missing values that depend on the class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise._core.types import BoolArray
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.needs import rows_of_each_class
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.uncertainty.multiplicity import holm
from equipoise.uncertainty.proportion import fisher_p_value
from equipoise.uncertainty.sample_sizes import difference_interval
from equipoise.uncertainty.shares import effective_counts, effective_rows


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


def check_telling_gaps(
    subject: Subject, *, material: float = 0.05, strong: float = 0.5
) -> Observation | NotApplicable | None:
    """Compare how often each column is missing in the two classes.

    Fisher's exact test with Holm's correction (1979) over the columns, and the
    interval of Newcombe (1998, method 10). If rows lie in groups, or are copies, each
    class counts its effective number of rows (`effective_rows`).

    Args:
        subject: The table that is checked.
        material: A column is reported if the shares differ by this or more.
        strong: A warning if they surely differ by this or more; being missing alone
            then has an AUROC of at least (1 + strong) / 2.
    """
    columns = [c for c in subject.table.columns if c.missing().any()]
    if not columns:
        return NotApplicable("no value is missing")
    gaps = [_gap(subject, c.name, c.missing()) for c in columns]
    rejected = holm([gap.p_value for gap in gaps]) <= subject.alpha
    telling = [
        gap
        for gap, differs in zip(gaps, rejected, strict=True)
        if differs and abs(gap.positive - gap.negative) >= material
    ]
    if not telling:
        return None
    telling.sort(key=lambda gap: -abs(gap.positive - gap.negative))
    worst = telling[0]
    sure = worst.low >= strong or worst.high <= -strong
    others = (
        f" The same holds for {count(len(telling) - 1, 'more column')}."
        if len(telling) > 1
        else ""
    )
    terms = subject.terms
    return Observation(
        "warning" if sure else "info",
        f"{worst.name!r} is missing in {share(worst.positive)} of the {terms.many} "
        f"and {share(worst.negative)} of the {terms.negatives}.{others}",
        "Being missing then predicts the class, and the encoding keeps it as a "
        "feature. Make sure that it is not decided after the outcome is known.",
        {
            "columns": [gap.name for gap in telling],
            "missing_among_positives": [gap.positive for gap in telling],
            "missing_among_negatives": [gap.negative for gap in telling],
            "p_value": [gap.p_value for gap in telling],
        },
    )


def _gap(subject: Subject, name: str, missing: BoolArray) -> Gap:
    positive = np.asarray(subject.table.labels() == 1)
    lost1, kept1 = _cases(subject, missing, positive)
    lost0, kept0 = _cases(subject, missing, ~positive)
    n1, n0 = lost1 + kept1, lost0 + kept0
    low, high = difference_interval(lost1, n1, lost0, n0, subject.level)
    return Gap(
        name,
        int(missing[positive].sum()) / int(positive.sum()),
        int(missing[~positive].sum()) / int((~positive).sum()),
        low,
        high,
        fisher_p_value((lost1, kept1), (lost0, kept0)),
    )


def _cases(subject: Subject, missing: BoolArray, rows: BoolArray) -> tuple[int, int]:
    """Return how many independent cases of some rows are missing, and how many not."""
    gaps, units = missing[rows], subject.units.rows
    if units is None:
        lost = int(gaps.sum())
        return lost, len(gaps) - lost
    cases = effective_rows(gaps, units[rows], subject.level)
    return effective_counts(float(gaps.mean()), max(cases, 1.0))


CHECK = Check(
    "EQP016",
    "Missing values that depend on the class",
    check_telling_gaps,
    needs=(rows_of_each_class(1),),
    tested=True,
)
