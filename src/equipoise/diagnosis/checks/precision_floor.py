# SPDX-License-Identifier: Apache-2.0
"""EQP002: too few positives to certify the wanted precision."""

from __future__ import annotations

import math

from equipoise._core.numerals import exact
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.uncertainty.sample_sizes import cases_for_power, flawless_needed


def check_precision_floor(
    subject: Subject,
    *,
    held_out: float = 0.2,
    recall: float = 0.5,
    power: float = 0.8,
) -> Observation | None:
    """Count the positives that are needed to certify a floor on precision.

    A floor is certified on rows that nothing else has used: the test file if there
    is one, else a held-out share of the table. A model whose true precision lies
    half-way between the floor and 1 is the one that should pass. Rows of one group,
    and copies of one row, count as one case.

    Args:
        subject: What is looked at; `subject.precision` is the floor.
        held_out: The share of the table that would be held out.
        recall: The share of the held-out positives that are flagged.
        power: The probability of passing that is asked for.
    """
    floor, truth = subject.precision, (1 + subject.precision) / 2
    on_file = subject.test is not None
    units = subject.test_units if on_file else subject.units
    rows = (subject.test_counts if on_file else subject.counts)[1]
    held = units.positives if on_file else math.floor(units.positives * held_out)
    flawless = flawless_needed(floor, subject.level)
    flagged = cases_for_power(floor, truth, power, subject.level)
    comfortable = math.ceil(flagged * truth / recall)
    if held >= comfortable:
        return None
    part = 1.0 if on_file else held_out
    least = math.ceil(flawless / part - 1e-9)
    enough = math.ceil(comfortable / part - 1e-9)
    where = "the test file" if on_file else f"a held-out {share(held_out)} of the table"
    terms = subject.terms
    has = f"{where} has {terms.count(held)}."
    if units.positives != rows:
        one = f"{units.kind[:-1]} with a {terms.one}"
        has = f"{where} has {count(held, one, f'{units.kind} with a {terms.one}')}."
    if held < flawless:
        message = (
            f"A precision of at least {exact(floor)} cannot be certified here: it "
            f"takes {flawless} flagged cases without one false alarm, or about "
            f"{flagged} if the true precision is {exact(truth)}; {has}"
        )
    else:
        message = (
            f"Whether a precision of at least {exact(floor)} can be certified here "
            f"depends on luck: if the true precision is {exact(truth)}, it takes about "
            f"{flagged} flagged cases, and so {comfortable} {terms.short} if "
            f"{share(recall)} of them are flagged; {has}"
        )
    return Observation(
        "warning" if held < flawless else "info",
        message,
        f"You need at least {least:,} {terms.short}"
        f"{' in the test file' if on_file else ''}, and about {enough:,} for a chance "
        f"of {share(power)}. Until then a precision can be estimated, not promised.",
        {
            "precision": floor,
            "held_out_positives": held,
            "flawless_flagged": flawless,
            "flagged_for_power": flagged,
            "positives_at_least": least,
            "positives_for_power": enough,
        },
    )


CHECK = Check(
    "EQP002",
    "Positives that a precision floor needs",
    check_precision_floor,
    effort="counts",
)
