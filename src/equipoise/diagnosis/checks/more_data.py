# SPDX-License-Identifier: Apache-2.0
"""EQP023: what more positives would buy."""

from __future__ import annotations

from equipoise._core.numerals import estimate, exact, figure
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.futility import LearningCurve, learning_curve
from equipoise.diagnosis.subject import Subject


def look(
    subject: Subject, *, factor: float = 4.0, worthwhile: float = 0.02
) -> Observation | NotApplicable | None:
    """Continue the learning curve of a fast learner (`learning_curve`).

    Args:
        subject: What is looked at.
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
    held = f" {kind} with a positive" if kind else ""
    return Observation(
        "info",
        f"With {exact(factor)} times the positives ({factor * curve.positives:,.0f}"
        f"{held}) small boosted trees would go from an average precision of "
        f"{figure(now.value)} to {estimate(then.value, then.low, then.high)}: "
        f"{_gain(curve)}.",
        _advice(gain.low, gain.high, worthwhile),
        curve.to_dict(),
    )


def _gain(curve: LearningCurve) -> str:
    gain = curve.gain
    if gain.high < 0.005:
        return "no gain worth the name"
    return f"a gain of {estimate(gain.value, gain.low, gain.high)}"


def _advice(low: float, high: float, worthwhile: float) -> str:
    if high < worthwhile:
        return (
            "More rows of the same kind buy little. New columns, or better labels, may."
        )
    if low > worthwhile:
        return "More positives pay: collect them before tuning anything."
    return (
        "More positives may pay; the table is too small to be sure. If they are cheap, "
        "collect them; if not, look for better columns first."
    )


CHECK = Check("EQP023", "What more positives would buy", look, deep=True)
