# SPDX-License-Identifier: Apache-2.0
"""EQP023: what more positives would buy."""

from __future__ import annotations

from equipoise._core.numerals import estimate, exact, figure
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.futility import LearningCurve, learning_curve
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import TWO_CLASSES, Wording


def check_more_data(
    subject: Subject, *, factor: float = 4.0, worthwhile: float = 0.02
) -> Observation | NotApplicable | None:
    """Continue the learning curve of a fast learner (`learning_curve`).

    Args:
        subject: The table that is checked.
        factor: How many times as many positives are asked about.
        worthwhile: A gain in average precision that is worth the effort.
    """
    curve = learning_curve(
        subject.table,
        factor=factor,
        level=subject.level,
        seed=subject.seed,
        units=subject.units.rows,
    )
    if curve.refused:
        return NotApplicable(curve.refused)
    now, then, gain = curve.now, curve.then, curve.gain
    kind = subject.units.kind
    terms = subject.terms
    cases = f" {kind} with a {terms.short_one}" if kind else ""
    return Observation(
        "info",
        f"With {exact(factor)} times the {terms.many} ({factor * curve.positives:,.0f}"
        f"{cases}), the average precision of small boosted trees would go from "
        f"{figure(now.value)} to {estimate(then.value, then.low, then.high)}: "
        f"{_gain(curve)}.",
        _advice(gain.low, gain.high, worthwhile, terms),
        curve.to_dict(),
    )


def _gain(curve: LearningCurve) -> str:
    gain = curve.gain
    if gain.high < 0.005:
        return "no gain worth mentioning"
    return f"a gain of {estimate(gain.value, gain.low, gain.high)}"


def _advice(
    low: float, high: float, worthwhile: float, terms: Wording = TWO_CLASSES
) -> str:
    if high < worthwhile:
        return (
            "More rows of the same kind gain little. New columns or better labels may "
            "gain more."
        )
    if low > worthwhile:
        return f"More {terms.short} pay off: collect them before you tune anything."
    return (
        f"More {terms.short} may pay off; the table is too small to be sure. If they "
        "are cheap, collect them; if not, look for better columns first."
    )


CHECK = Check(
    "EQP023",
    "What more positives would buy",
    check_more_data,
    deep=True,
    effort="many models",
)
