# SPDX-License-Identifier: Apache-2.0
"""EQP001: how precise any estimate on this many positives can be."""

from __future__ import annotations

from equipoise.diagnosis.bounds import (
    auroc_error,
    share_half_width,
    share_interval,
    trials_for_half_width,
)
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, interval


def look(
    subject: Subject,
    *,
    recall: float = 0.75,
    auroc: float = 0.85,
    half_width: float = 0.05,
    coarse: float = 0.10,
) -> Observation | None:
    """Compare the interval of a typical recall with the precision that is wanted.

    Args:
        subject: What is looked at.
        recall: The recall whose interval is shown.
        auroc: The AUROC whose standard error is shown.
        half_width: Silent where the recall's interval is +- this or narrower.
        coarse: A warning where it is wider than +- this.
    """
    negatives, positives = subject.counts
    low, high = share_interval(recall, positives, subject.level)
    half = share_half_width(recall, positives, subject.level)
    if half <= half_width:
        return None
    error = auroc_error(auroc, positives, negatives)
    needed = trials_for_half_width(recall, half_width, subject.level)
    message = (
        f"With {count(positives, 'positive')}, each a test case once, a measured "
        f"recall of {recall:.2f} means {interval(low, high)}, and a measured AUROC "
        f"of {auroc:.2f} is known to about ±{1.96 * error:.2f}."
    )
    return Observation(
        "warning" if half > coarse else "info",
        message,
        f"Read every figure with its interval. A recall to within ±{half_width:.2f} "
        f"takes about {needed:,} positives.",
        {
            "positives": positives,
            "recall": recall,
            "recall_low": low,
            "recall_high": high,
            "auroc": auroc,
            "auroc_standard_error": error,
            "positives_needed": needed,
            "half_width": half_width,
        },
    )


CHECK = Check("EQP001", "How precise an estimate can be", look)
