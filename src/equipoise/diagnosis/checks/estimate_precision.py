# SPDX-License-Identifier: Apache-2.0
"""EQP001: how precise any estimate on this many positives can be."""

from __future__ import annotations

from equipoise._core.numerals import figure
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject, Units
from equipoise.diagnosis.words import Wording, interval_text
from equipoise.uncertainty.proportion import normal_quantile
from equipoise.uncertainty.sample_sizes import (
    auroc_error,
    share_interval,
    trials_for_half_width,
)


def check_estimate_precision(
    subject: Subject,
    *,
    recall: float = 0.75,
    auroc: float = 0.85,
    half_width: float = 0.05,
    coarse: float = 0.10,
) -> Observation | NotApplicable | None:
    """Find how wide the interval of a typical recall will be.

    The test cases are those of the test file, or else every row of the table once,
    which is the best that cross-validation can give. Rows of one group, and copies of
    one row, count as one case. The interval is that of Clopper and Pearson (1934), the
    standard error of the AUROC that of Hanley and McNeil (1982, eq. 2).

    Args:
        subject: The table that is checked.
        recall: The recall whose interval is shown.
        auroc: The AUROC whose standard error is shown.
        half_width: Silent if the recall's interval is +- this or narrower.
        coarse: A warning if it is wider than +- this.
    """
    on_file = subject.test is not None
    units = subject.test_units if on_file else subject.units
    rows = (subject.test_counts if on_file else subject.counts)[1]
    negatives, positives = units.negatives, units.positives
    if not negatives or not positives:
        return NotApplicable("the test file lacks a class")
    low, high = share_interval(recall, positives, subject.level)
    if (high - low) / 2 <= half_width:
        return None
    error = auroc_error(auroc, positives, negatives)
    needed = trials_for_half_width(recall, half_width, subject.level)
    advice = "Read every figure with its interval."
    if on_file:
        whole = subject.units
        better = share_interval(recall, whole.positives, subject.level)
        advice += (
            f" Cross-validation on the table's {whole.named(subject.counts[1])} would "
            f"give {interval_text(*better)} for that recall."
        )
    return Observation(
        "warning" if (high - low) / 2 > coarse else "info",
        f"{_cases(units, rows, on_file)}, a measured recall of {figure(recall)} means "
        f"{interval_text(low, high)}, and a measured AUROC of {figure(auroc)} is known "
        f"to about ±{figure(normal_quantile((1 + subject.level) / 2) * error)}.",
        f"{advice} To know a recall to within ±{figure(half_width)} takes about "
        f"{needed:,} {_kind(units, subject.terms)}.",
        {
            "positives": rows,
            "positive_cases": positives,
            "recall": recall,
            "recall_low": low,
            "recall_high": high,
            "auroc": auroc,
            "auroc_standard_error": error,
            "positives_needed": needed,
            "half_width": half_width,
        },
    )


def _cases(units: Units, positives: int, on_file: bool) -> str:
    text = units.named(positives)
    if on_file:
        return f"On the test file's {text}"
    each = "each a test case once" if units.positives == positives else _tied(units)
    return f"With {text}, {each}"


def _tied(units: Units) -> str:
    return f"each of these {units.kind} a test case once"


def _kind(units: Units, terms: Wording) -> str:
    if not units.kind:
        return terms.short
    if units.kind == "groups":
        return f"groups with a {terms.short_one}"
    return f"distinct {terms.short}"


CHECK = Check(
    "EQP001",
    "How precise an estimate can be",
    check_estimate_precision,
    effort="counts",
)
