# SPDX-License-Identifier: Apache-2.0
"""EQP004: a test file whose share of positives differs."""

from __future__ import annotations

import math

from equipoise._core.numerals import as_p_value, figure
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject, Units
from equipoise.diagnosis.words import share
from equipoise.priors import log_odds
from equipoise.table.table import Table
from equipoise.uncertainty.proportion import fisher_p_value
from equipoise.uncertainty.sample_sizes import difference_interval
from equipoise.uncertainty.shares import effective_counts, effective_rows


def look(
    subject: Subject, *, material: float = 0.1
) -> Observation | NotApplicable | None:
    """Test whether both files can come from one population (Fisher's exact test).

    Where rows lie in groups, or are copies, both files count as many rows as they are
    worth (`effective_rows`).

    Args:
        subject: What is looked at.
        material: A difference below this, in log-odds, is no more than an info.
    """
    if subject.test is None:
        return NotApplicable("no test file was given")
    (n0, n1), (m0, m1) = subject.counts, subject.test_counts
    ours, theirs = n1 / (n0 + n1), m1 / (m0 + m1)
    if subject.units.kind or subject.test_units.kind:
        n1, n0 = _worth(subject.table, subject.units)
        m1, m0 = _worth(subject.test, subject.test_units)
    p_value = fisher_p_value((n1, n0), (m1, m0))
    if p_value > subject.alpha:
        return None
    low, high = difference_interval(m1, m0 + m1, n1, n0 + n1, subject.level)
    shift = float(log_odds(theirs) - log_odds(ours))
    return Observation(
        "warning" if abs(shift) >= material else "info",
        f"The table is {share(ours)} positive, the test file {share(theirs)}: more "
        f"than chance explains (exact {as_p_value(p_value)}). The difference is "
        f"{figure(100 * (theirs - ours), signed=True)} points, "
        f"{figure(100 * low, signed=True)} to {figure(100 * high, signed=True)}.",
        _advice(shift),
        {
            "prevalence": ours,
            "test_prevalence": theirs,
            "difference": theirs - ours,
            "difference_low": low,
            "difference_high": high,
            "p_value": p_value,
            "log_odds_shift": shift,
        },
    )


def _worth(table: Table, units: Units) -> tuple[int, int]:
    """Return positives and negatives, scaled to the effective number of rows."""
    rows = effective_rows(table.labels(), units.rows)
    return effective_counts(table.prevalence, max(rows, 1.0))


def _advice(shift: float) -> str:
    advice = (
        "Find out how the file was split off. Average precision and precision depend "
        "on the share of positives: do not compare them between the two."
    )
    if math.isfinite(shift):
        advice += (
            f" If the test file is what deployment looks like, add {shift:+.2f} to "
            "the log-odds."
        )
    return advice


CHECK = Check("EQP004", "A test file of another prevalence", look)
