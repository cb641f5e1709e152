# SPDX-License-Identifier: Apache-2.0
"""What a trial says of classes that are too rare to be scored: in one note.

The rows' own note says which classes these are, the results' that no metric counts
them, and the finding EQP027 what would help.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from equipoise.evaluation.task_cross_validation import TOO_FEW_ROWS

if TYPE_CHECKING:
    from equipoise.diagnosis.finding import Finding

__all__ = ["findings_beside", "with_one_rare_note"]

CODE = "EQP027"
NOT_SCORED = "trained on but not scored"


def with_one_rare_note(
    of_rows: Sequence[str],
    of_results: Sequence[str],
    findings: Iterable[Finding],
    folds: int,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the notes, of which one says all that is to be said of rare classes.

    Args:
        of_rows: What was done to the rows, see `treat_rare`.
        of_results: What the reader of the results should know.
        findings: Of the diagnosis, whose advice is taken over if it counts the same
            folds.
        folds: The trial's number of folds.

    Example:
        >>> rows = ["A class of few cases is trained on but not scored: 'c' (3 rows)."]
        >>> of_rows, of_results = with_one_rare_note(rows, ["Other."], (), 5)
        >>> print(of_rows[0].partition(": ")[2])
        'c' (3 rows). No metric and no average counts it.
    """
    place = next((k for k, note in enumerate(of_rows) if NOT_SCORED in note), None)
    if place is None:
        return tuple(of_rows), tuple(of_results)
    note = of_rows[place]
    them = "them" if note.startswith(("Classes", "Labels")) else "it"
    text = f"{note} No metric and no average counts {them}."
    finding = next((f for f in findings if f.code == CODE), None)
    if finding is not None and finding.evidence["folds"] == folds:
        # Whoever merged, or tried to, is not advised to.
        advice = "" if "merge" in "".join(of_rows) else f" {finding.advice}"
        text += f"{advice} ({CODE})"
    first = (*of_rows[:place], text, *of_rows[place + 1 :])
    return first, tuple(n for n in of_results if not n.startswith(TOO_FEW_ROWS))


def findings_beside(
    findings: Iterable[Finding], notes: Iterable[str]
) -> tuple[Finding, ...]:
    """Return the findings without the one that a note of the trial says already.

    Args:
        findings: Of the diagnosis.
        notes: Of the trial.
    """
    said = any(note.endswith(f"({CODE})") for note in notes)
    return tuple(f for f in findings if not said or f.code != CODE)
