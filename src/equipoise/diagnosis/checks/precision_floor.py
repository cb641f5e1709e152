# SPDX-License-Identifier: Apache-2.0
"""EQP002: too few positives to certify the wanted precision."""

from __future__ import annotations

import math

from equipoise._core.numerals import exact
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.uncertainty.sample_sizes import cases_for_power, flawless_needed


def look(
    subject: Subject,
    *,
    held_out: float = 0.2,
    recall: float = 0.5,
    power: float = 0.8,
) -> Observation | None:
    """Count the positives that a certified floor on precision takes.

    A floor is certified on rows that nothing else has used: the test file where
    there is one, else a held-out share of the table. A model with a true precision
    half-way between the floor and 1 is taken as the case that should pass. Rows of
    one group, and copies of one row, count as one case.

    Args:
        subject: What is looked at; `subject.precision` is the floor.
        held_out: The share of the table that would be held out.
        recall: The share of the held-out positives that are flagged.
        power: The wanted probability of passing.
    """
    floor, truth = subject.precision, (1 + subject.precision) / 2
    own = subject.test is not None
    units = subject.test_units if own else subject.units
    rows = (subject.test_counts if own else subject.counts)[1]
    held = units.positives if own else math.floor(units.positives * held_out)
    flawless = flawless_needed(floor, subject.level)
    flagged = cases_for_power(floor, truth, power, subject.level)
    comfortable = math.ceil(flagged * truth / recall)
    if held >= comfortable:
        return None
    whole = 1.0 if own else held_out
    least = math.ceil(flawless / whole - 1e-9)
    wanted = math.ceil(comfortable / whole - 1e-9)
    where = "the test file" if own else f"a held-out {share(held_out)} of the table"
    has = f"{where} has {count(held, 'positive')}."
    if units.positives != rows:
        one = f"{units.kind[:-1]} with a positive"
        has = f"{where} has {count(held, one, f'{units.kind} with a positive')}."
    if held < flawless:
        message = (
            f"A precision of at least {exact(floor)} cannot be certified here: it "
            f"takes "
            f"{flawless} flagged cases without one false alarm, or about {flagged} if "
            f"the true precision is {exact(truth)}; {has}"
        )
    else:
        message = (
            f"Whether a precision of at least {exact(floor)} can be certified here "
            f"is open: "
            f"if the true precision is {exact(truth)}, it takes about {flagged} "
            f"flagged "
            f"cases, so {comfortable} positives where {share(recall)} of them are "
            f"flagged; {has}"
        )
    return Observation(
        "warning" if held < flawless else "info",
        message,
        f"It takes at least {least:,} positives{' in the test file' if own else ''}, "
        f"and about {wanted:,} for a chance of {share(power)}. Until then a precision "
        "floor can be estimated, not promised.",
        {
            "precision": floor,
            "held_out_positives": held,
            "flawless_flagged": flawless,
            "flagged_for_power": flagged,
            "positives_at_least": least,
            "positives_for_power": wanted,
        },
    )


CHECK = Check("EQP002", "Positives that a precision floor takes", look)
