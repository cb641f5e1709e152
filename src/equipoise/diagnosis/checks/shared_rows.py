# SPDX-License-Identifier: Apache-2.0
"""EQP007: rows of the test file that the table holds too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import COLUMNS, TEST_FILE
from equipoise.diagnosis.repeats import EqualRows
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.table.duplicates import judge_duplicates
from equipoise.table.table import Table, concatenate
from equipoise.table.units import in_groups_of


def check_shared_rows(subject: Subject, *, sure: float = 0.01) -> Observation | None:
    """Count test rows with the features of a table row, and how many to expect.

    They are copies if neither of two estimates of coincidence explains so many. The
    first comes from the table: a row from the same population would meet an equal one
    in the table about as often as the table's rows meet an equal one among the others
    (it is not used if the table's equal rows are judged to be copies). The second
    comes from the rows of both files that nearly agree, as in EQP006.

    Rows of a group that the table has rows of are counted too.

    Args:
        subject: The table that is checked.
        sure: The level at which each estimate must be exceeded.
    """
    test = subject.test_file
    grouped = in_groups_of(test, subject.table)
    rows = _equal_rows(subject, sure)
    if not grouped.any():
        return rows
    groups = _of_groups(grouped, subject)
    if rows is None:
        return groups
    return Observation(
        rows.severity if rows.severity == "error" else groups.severity,
        f"{rows.message} {groups.message}",
        f"{rows.advice} {groups.advice}" if rows.severity == "error" else groups.advice,
        {**rows.evidence, **groups.evidence},
    )


def _of_groups(grouped: BoolArray, subject: Subject) -> Observation:
    """Return what is said of test rows whose group the table has rows of."""
    test = subject.test_file
    total, groups = int(grouped.sum()), np.unique(np.asarray(test.groups)[grouped])
    one = len(groups) == 1
    return Observation(
        "warning",
        f"{count(total, 'row')} of the test file ({share(total / len(test))})"
        f"{_positive(subject, grouped)} {'belongs' if total == 1 else 'belong'} to "
        f"{count(len(groups), 'group')} that the table has rows of too. A model has "
        f"seen other rows of {'this group' if one else 'these groups'}, so the test "
        "file says little about new groups.",
        f"Leave the rows of {'this group' if one else 'these groups'} out of the test "
        "file, or out of the table, if the model is meant for new groups.",
        {
            "rows_of_shared_groups": total,
            "shared_groups": len(groups),
            "share_of_shared_groups": total / len(test),
        },
    )


def _equal_rows(subject: Subject, sure: float) -> Observation | None:
    """Return what is said of test rows with the features of a table row."""
    test = subject.test_file
    equal = np.isin(subject.test_hashes, subject.hashes)
    total, rows = int(equal.sum()), len(test)
    near = _nearly(subject.table, test) & ~equal
    if near.any():
        return _near_copies(near, equal, subject)
    if total == 0:
        return None
    expected = _coverage(subject.equal_rows)
    beyond_twins = judge_duplicates(subject.table).equal_copies or (
        _p_by_twins(total, rows, subject.equal_rows) <= sure
    )
    copies = beyond_twins and _p_by_agreement(total, subject.table, test) <= sure
    return Observation(
        "error" if copies else "info",
        f"{count(total, 'row')} of the test file ({share(total / rows)})"
        f"{_positive(subject, equal)} {'has' if total == 1 else 'have'} the same "
        f"features as a row of the table; {_kind(copies, expected)}",
        REMOVE if copies else "Nothing, unless you know that rows were copied.",
        {
            "shared_rows": total,
            **_positives(subject, equal),
            "share": total / rows,
            "expected_share": expected,
        },
    )


REMOVE = "Remove them from the test file, or from the table, before you use any score."
SEEN = "A model has seen the answers to these rows."


def _nearly(table: Table, test: Table) -> npt.NDArray[np.bool_]:
    """Return which test rows are near-copies of a row of the table."""
    judged = judge_duplicates(concatenate([table.bare(), test.bare()]))
    if not judged.near:
        return np.zeros(len(test), np.bool_)
    return np.isin(judged.groups[len(table) :], judged.groups[: len(table)])


def _near_copies(
    near: npt.NDArray[np.bool_], equal: npt.NDArray[np.bool_], subject: Subject
) -> Observation:
    both = near | equal
    total, rows = int(both.sum()), len(both)
    return Observation(
        "error",
        f"{count(total, 'row')} of the test file ({share(total / rows)})"
        f"{_positive(subject, both)} {'has' if total == 1 else 'have'} nearly the "
        f"same features as a row of the table, {int(equal.sum()):,} of them exactly. "
        f"{SEEN}",
        REMOVE,
        {
            "shared_rows": total,
            **_positives(subject, both),
            "share": total / rows,
            "nearly": int(near.sum()),
        },
    )


def _positives(subject: Subject, shared: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Return how many shared rows are positive, if there are two classes."""
    if not subject.binary:
        return {}
    y = np.asarray(subject.test_file.labels())
    return {"shared_positives": int(y[shared].sum())}


def _positive(subject: Subject, shared: npt.NDArray[np.bool_]) -> str:
    counts = _positives(subject, shared).values()
    return "".join(f", {number:,} of them positive," for number in counts)


def _coverage(sets: EqualRows) -> float:
    """Return the chance that a new row has a twin: the share of rows that have one.

    The coverage of Good (1953), 1 - (rows that are alone) / rows.
    """
    return float(sets.size[sets.size > 1].sum() / sets.size.sum())


def _p_by_twins(total: int, rows: int, sets: EqualRows) -> float:
    """Return the one-sided p-value of so many shared rows, by twins in the table.

    The variance of the estimated coverage is that of Esty (1983); the test rows add
    a binomial one.
    """
    from scipy.special import ndtr

    coverage, size = _coverage(sets), float(sets.size.sum())
    alone, pairs = float(np.sum(sets.size == 1)), float(np.sum(sets.size == 2))
    variance = (alone * (1 - alone / size) + 2 * pairs) / size**2
    variance += coverage * (1 - coverage) / rows
    excess = total / rows - coverage
    if variance <= 0:
        return 0.0 if excess > 0 else 1.0
    return float(ndtr(-excess / np.sqrt(variance)))


def _p_by_agreement(total: int, table: Table, test: Table) -> float:
    """Return the one-sided p-value of so many, by rows that nearly agree (Poisson)."""
    from scipy.special import pdtrc

    judged = judge_duplicates(concatenate([table.bare(), test.bare()]))
    # Of the coincidences in both files, those with one row in each; two rows a pair.
    size = len(table) + len(test)
    expected = judged.expected * len(table) * len(test) / size**2
    return float(pdtrc(total - 1, expected))


def _kind(copies: bool, expected: float) -> str:
    text = f"by coincidence it would be about {share(expected)}."
    return f"{text} {SEEN}" if copies else text


CHECK = Check(
    "EQP007",
    "Rows shared with the test file",
    check_shared_rows,
    needs=(TEST_FILE, COLUMNS),
    scope="table",
)
