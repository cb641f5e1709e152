# SPDX-License-Identifier: Apache-2.0
"""EQP003: a test file that cannot separate two strategies."""

from __future__ import annotations

import math

from equipoise._core.numerals import figure
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject


def look(
    subject: Subject, *, difference: float = 0.05, coarse: float = 0.10
) -> Observation | NotApplicable | None:
    """Find the smallest difference in recall that the test file can prove.

    Two models are compared on the same positives by the exact sign test on those
    that only one of them finds (McNemar 1947). It rejects from d disagreements on,
    all in one direction, where 2 (1/2)^d <= alpha: 6 at 5 %.

    Args:
        subject: What is looked at.
        difference: Silent where a difference of this size can be proved.
        coarse: A warning where not even a difference of this size can be.
    """
    if subject.test is None:
        return NotApplicable("no test file was given")
    units, rows = subject.test_units, subject.test_counts[1]
    positives = units.positives
    least = math.ceil(1 - math.log2(subject.alpha) - 1e-9)
    provable = least / positives if positives else math.inf
    if provable <= difference:
        return None
    needed = math.ceil(least / difference - 1e-9)
    return Observation(
        "warning" if provable > coarse else "info",
        _message(units.named(rows), positives, least, provable),
        "Choose between strategies by cross-validation on the table, and use the "
        f"test file once, at the end. A difference of {figure(difference)} takes at "
        f"least "
        f"{needed:,} positives in the test file.",
        {
            "test_positives": rows,
            "test_positive_cases": positives,
            "disagreements_needed": least,
            "provable_difference": min(provable, 1.0),
            "positives_needed": needed,
        },
    )


def _message(named: str, positives: int, least: int, provable: float) -> str:
    if provable > 1:
        return (
            f"The test file has {named}: no two models can be "
            f"told apart by their recall, which takes at least {least} positives."
        )
    return (
        f"With {named} in the test file, one model must find "
        f"{least} positives that the other misses, and miss none that it finds, "
        f"before their recall differs provably: a difference of {figure(provable)}."
    )


CHECK = Check("EQP003", "A test file that cannot separate strategies", look)
