# SPDX-License-Identifier: Apache-2.0
"""EQP004: a test file whose share of positives differs."""

from __future__ import annotations

import math

from equipoise._core.numerals import as_p_value, figure
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import TEST_FILE
from equipoise.diagnosis.subject import Subject, Units
from equipoise.diagnosis.words import TWO_CLASSES, Wording, share
from equipoise.priors import log_odds
from equipoise.table.table import Table
from equipoise.uncertainty.proportion import fisher_p_value
from equipoise.uncertainty.sample_sizes import difference_interval
from equipoise.uncertainty.shares import effective_counts, effective_rows


def check_prevalence_gap(
    subject: Subject, *, material: float = 0.1
) -> Observation | None:
    """Test whether both files can come from one population.

    Fisher's exact test, and the interval of Newcombe (1998, method 10). If rows lie in
    groups, or are copies, both files count their effective number of rows
    (`effective_rows`).

    Args:
        subject: The table that is checked.
        material: A difference below this, in log-odds, is no more than an info.
    """
    (n0, n1), (m0, m1) = subject.counts, subject.test_counts
    ours, theirs = n1 / (n0 + n1), m1 / (m0 + m1)
    if subject.units.kind or subject.test_units.kind:
        n1, n0 = _effective(subject.table, subject.units)
        m1, m0 = _effective(subject.test_file, subject.test_units)
    p_value = fisher_p_value((n1, n0), (m1, m0))
    if p_value > subject.alpha:
        return None
    low, high = difference_interval(m1, m0 + m1, n1, n0 + n1, subject.level)
    shift = float(log_odds(theirs) - log_odds(ours))
    return Observation(
        "warning" if abs(shift) >= material else "info",
        f"{_shares(subject.terms, ours, theirs)}: chance does not explain this (exact "
        f"{as_p_value(p_value)}). The difference is "
        f"{figure(100 * (theirs - ours), signed=True)} points, "
        f"{figure(100 * low, signed=True)} to {figure(100 * high, signed=True)}.",
        _advice(shift, subject.terms),
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


def _effective(table: Table, units: Units) -> tuple[int, int]:
    """Return positives and negatives, scaled to the effective number of rows."""
    rows = effective_rows(table.labels(), units.rows)
    return effective_counts(table.prevalence, max(rows, 1.0))


def _shares(terms: Wording, ours: float, theirs: float) -> str:
    if terms == TWO_CLASSES:
        return f"The table is {share(ours)} positive, the test file {share(theirs)}"
    return (
        f"{share(ours)} of the table's rows {terms.are}, and {share(theirs)} of the "
        "test file's"
    )


def _advice(shift: float, terms: Wording) -> str:
    advice = (
        "Find out how the file was split off. Average precision and precision depend "
        f"on the share of {terms.short}: do not compare them between the two files."
    )
    if math.isfinite(shift) and terms == TWO_CLASSES:
        advice += (
            f" If the rows in use will be like the test file, add {shift:+.2f} to the "
            "log-odds."
        )
    return advice


CHECK = Check(
    "EQP004",
    "A test file of another prevalence",
    check_prevalence_gap,
    needs=(TEST_FILE,),
    effort="counts",
    tested=True,
)
