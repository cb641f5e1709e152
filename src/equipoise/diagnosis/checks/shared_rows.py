# SPDX-License-Identifier: Apache-2.0
"""EQP007: rows of the test file that the table holds too."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.repeats import EqualRows
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.table.duplicates import judge_duplicates
from equipoise.table.table import Table, concatenate


def look(subject: Subject, *, sure: float = 0.01) -> Observation | NotApplicable | None:
    """Count test rows with the features of a table row, beside what is expected.

    They are copies where two estimates of coincidence explain fewer. The first is
    the table's own: a row from the same population would meet an equal one in the
    table about as often as the table's rows meet an equal one among the others
    (it is left out where the table's own equal rows are judged to be copies). The
    second comes from the rows of both files that nearly agree, as in EQP006.

    Args:
        subject: What is looked at.
        sure: The level at which each estimate must be exceeded.
    """
    if subject.test is None:
        return NotApplicable("no test file was given")
    if not subject.table.columns:
        return NotApplicable("the table has no feature columns")
    found = np.isin(subject.test_hashes, subject.hashes)
    total, rows = int(found.sum()), len(subject.test)
    near = _nearly(subject.table, subject.test) & ~found
    if near.any():
        return _near_copies(near, found, np.asarray(subject.test.y))
    if total == 0:
        return None
    expected = _seen(subject.equal_rows)
    own = judge_duplicates(subject.table).equal_copies or (
        _more_than_own(total, rows, subject.equal_rows) <= sure
    )
    copies = own and _more_than_near(total, subject.table, subject.test) <= sure
    positives = int(np.asarray(subject.test.y)[found].sum())
    return Observation(
        "error" if copies else "info",
        f"{count(total, 'row')} of the test file ({share(total / rows)}), "
        f"{positives:,} of them positive, {'has' if total == 1 else 'have'} the same "
        f"features as a row of the table; {_kind(copies, expected)}",
        "Remove them from the test file, or from the table, before any score is read."
        if copies
        else "Nothing, unless you know of copies.",
        {
            "shared_rows": total,
            "shared_positives": positives,
            "share": total / rows,
            "expected_share": expected,
        },
    )


def _nearly(table: Table, test: Table) -> npt.NDArray[np.bool_]:
    """Return which test rows are near-copies of a row of the table."""
    judged = judge_duplicates(concatenate([_features(table), _features(test)]))
    if not judged.near:
        return np.zeros(len(test), np.bool_)
    return np.isin(judged.groups[len(table) :], judged.groups[: len(table)])


def _near_copies(
    near: npt.NDArray[np.bool_], equal: npt.NDArray[np.bool_], y: npt.NDArray[np.int8]
) -> Observation:
    both = near | equal
    total, positives = int(both.sum()), int(y[both].sum())
    return Observation(
        "error",
        f"{count(total, 'row')} of the test file ({share(total / len(y))}), "
        f"{positives:,} of them positive, {'has' if total == 1 else 'have'} nearly the "
        f"features of a row of the table, {int(equal.sum()):,} exactly so. A model has "
        "seen the answers of these rows.",
        "Remove them from the test file, or from the table, before any score is read.",
        {
            "shared_rows": total,
            "shared_positives": positives,
            "share": total / len(y),
            "nearly": int(near.sum()),
        },
    )


def _seen(sets: EqualRows) -> float:
    """Return the share of rows with a twin: what a new row has a chance of.

    It is the coverage of Good (1953), 1 - (rows that are alone) / rows.
    """
    return float(sets.size[sets.size > 1].sum() / sets.size.sum())


def _more_than_own(total: int, rows: int, sets: EqualRows) -> float:
    """Return the one-sided p-value of so many shared rows, by the table's own twins.

    The coverage and its estimate differ with the variance of Esty (1983); the test
    rows add a binomial one.
    """
    from scipy.special import ndtr

    seen, size = _seen(sets), float(sets.size.sum())
    alone, pairs = float(np.sum(sets.size == 1)), float(np.sum(sets.size == 2))
    variance = (alone * (1 - alone / size) + 2 * pairs) / size**2
    variance += seen * (1 - seen) / rows
    excess = total / rows - seen
    if variance <= 0:
        return 0.0 if excess > 0 else 1.0
    return float(ndtr(-excess / np.sqrt(variance)))


def _more_than_near(total: int, table: Table, test: Table) -> float:
    """Return the one-sided p-value of so many, by rows that nearly agree (Poisson)."""
    from scipy.special import pdtrc

    judged = judge_duplicates(concatenate([_features(table), _features(test)]))
    # Of the coincidences in both files, those with one row in each; two rows a pair.
    size = len(table) + len(test)
    expected = judged.expected * len(table) * len(test) / size**2
    return float(pdtrc(total - 1, expected))


def _features(table: Table) -> Table:
    return dataclasses.replace(table, groups=None, time=None)


def _kind(copies: bool, expected: float) -> str:
    if not copies:
        return f"by coincidence it would be about {share(expected)}."
    return (
        f"by coincidence it would be about {share(expected)}. A model has seen the "
        "answers of these rows."
    )


CHECK = Check("EQP007", "Rows shared with the test file", look)
