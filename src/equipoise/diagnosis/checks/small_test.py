# SPDX-License-Identifier: Apache-2.0
"""EQP003: a test file that cannot separate two strategies."""

from __future__ import annotations

import math

from equipoise._core.numerals import figure
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import TEST_FILE
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import Wording


def check_small_test(
    subject: Subject, *, difference: float = 0.05, coarse: float = 0.10
) -> Observation | None:
    """Find the smallest difference in recall that the test file can prove.

    Two models are compared on the same positives by the exact sign test on those
    that only one of them finds (McNemar 1947). If all d disagreements go in one
    direction, it rejects from 2 (1/2)^d <= alpha on: 6 at 5 %.

    Args:
        subject: The table that is checked.
        difference: Silent if a difference of this size can be proved.
        coarse: A warning if not even a difference of this size can be.
    """
    units, rows = subject.test_units, subject.test_counts[1]
    positives = units.positives
    least = math.ceil(1 - math.log2(subject.alpha) - 1e-9)
    provable = least / positives if positives else math.inf
    if provable <= difference:
        return None
    needed = math.ceil(least / difference - 1e-9)
    return Observation(
        "warning" if provable > coarse else "info",
        _message(units.named(rows), positives, least, provable, subject.terms),
        "Choose between strategies by cross-validation on the table, and use the "
        f"test file once, at the end. To prove a difference of {figure(difference)} "
        f"takes at least {needed:,} {subject.terms.short} in the test file.",
        {
            "test_positives": rows,
            "test_positive_cases": positives,
            "disagreements_needed": least,
            "provable_difference": min(provable, 1.0),
            "positives_needed": needed,
        },
    )


def _message(
    named: str, positives: int, least: int, provable: float, terms: Wording
) -> str:
    if provable > 1:
        return (
            f"The test file has {named}: it cannot tell any two models apart by their "
            f"recall, which takes at least {least} {terms.short}."
        )
    return (
        f"With {named} in the test file, one model must find {least} {terms.short} "
        "that the other misses, and miss none that the other finds, before a "
        f"difference in recall is proved: a difference of {figure(provable)}."
    )


CHECK = Check(
    "EQP003",
    "A test file that cannot separate strategies",
    check_small_test,
    needs=(TEST_FILE,),
    effort="counts",
)
