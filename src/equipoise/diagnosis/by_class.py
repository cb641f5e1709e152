# SPDX-License-Identifier: Apache-2.0
"""One check over several classes or labels, and one finding of all of them.

A check that is about a class runs on each class against the rest, and on each label in
the rows in which it is known. What is found is one finding: the sentence about the
worst class, the names of the others, and the evidence of each.

Tests share their level over the classes by the step-down procedure of Holm (1979): all
run at the level divided by the number of classes; those that found nothing run again at
the level divided by their own number, until nothing new is found.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.finding import (
    SEVERITIES,
    Check,
    Effort,
    Finding,
    NotApplicable,
)
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import class_list

MOST: Mapping[Effort, int] = {
    "counts": 100,
    "columns": 50,
    "models": 5,
    "many models": 2,
}
"""How many classes a check examines at most, the rarest first."""
CELLS = 5_000_000
"""Cells that a check of columns reads at most, over all classes; three are examined in
any case."""
SHORTEST = 3_000
"""A column costs at least as much as so many cells."""
FEWEST = 3
ENOUGH = 10
"""Checks of columns and models prefer classes of so many rows: fewer show little."""

Result = Finding | NotApplicable | None


def run_check(check: Check, classes: ClassSubjects) -> Result:
    """Run a check on a table of several classes or labels.

    Args:
        check: The check.
        classes: The classes of the table.
    """
    subject = classes.whole
    if check.scope == "table" or subject.table.task.kind in check.several:
        return check.run(subject)
    chosen = examined(check, classes)
    if not chosen:
        return NotApplicable("no class has rows", check.code, check.title)
    results = _results(check, chosen)
    observed = [(one, result) for one, result in results if isinstance(result, Finding)]
    if observed:
        return _merged(check, classes, observed, len(chosen))
    skipped = [r.reason for _, r in results if isinstance(r, NotApplicable)]
    if len(skipped) < len(results):
        return None
    (reason, _), *_ = Counter(skipped).most_common(1)
    return NotApplicable(reason, check.code, check.title)


def examined(check: Check, classes: ClassSubjects) -> list[Subject]:
    """Return the classes that a check examines: the rarest that it can examine.

    Args:
        check: The check.
        classes: All classes.
    """
    most = MOST[check.effort]
    order = classes.rarest_first.tolist()
    if check.effort != "counts":
        most = min(most, affordable(classes))
        smaller = classes.sides.min(1)
        order.sort(key=lambda number: smaller[number] < ENOUGH)
    return [classes.of(number) for number in order[:most]]


def affordable(classes: ClassSubjects) -> int:
    """Return of how many classes a check can read all columns."""
    table = classes.whole.table
    cells = max(len(table), SHORTEST) * max(1, len(table.columns))
    return max(FEWEST, CELLS // cells)


def _results(check: Check, chosen: Sequence[Subject]) -> list[tuple[Subject, Result]]:
    """Run a check on each class, at a level that holds for all together."""
    if not check.tested:
        return [(one, check.run(one)) for one in chosen]
    open_ones = {
        number: one
        for number, one in enumerate(chosen)
        if all(need.is_met(one) for need in check.needs)
    }
    results = {
        number: check.run(one)
        for number, one in enumerate(chosen)
        if number not in open_ones
    }
    while open_ones:
        tests = len(open_ones)
        latest = {n: check.run(_at(one, tests)) for n, one in open_ones.items()}
        results |= latest
        left = {
            n: one for n, one in open_ones.items() if not isinstance(latest[n], Finding)
        }
        if len(left) == tests:
            break
        open_ones = left
    return [(one, results[number]) for number, one in enumerate(chosen)]


def _at(subject: Subject, tests: int) -> Subject:
    """Return the subject with another number of tests; what it worked out is shared."""
    other = copy.copy(subject)
    vars(other)["tests"] = tests
    return other


def _merged(
    check: Check,
    classes: ClassSubjects,
    observed: Sequence[tuple[Subject, Finding]],
    number: int,
) -> Finding:
    """Return one finding of all classes that a check reports, worst first."""
    lenient = check.error_of_all and len(observed) < number and not classes.labels
    entries = [
        (one.table.classes[1], _warned(finding) if lenient else finding)
        for one, finding in observed
    ]
    entries.sort(key=lambda entry: SEVERITIES.index(entry[1].severity))
    worst = entries[0][1]
    names = [name for name, _ in entries]
    text = worst.message
    if len(names) > 1:
        text += f" Likewise for {class_list(names[1:])}."
    if number < len(classes.rarest_first):
        text += f" {_limit(check, classes, number)}"
    evidence: dict[str, Any] = {
        "classes": names,
        "examined": number,
        "of": len(classes),
        "by_class": {
            name: {"severity": finding.severity, **finding.evidence}
            for name, finding in entries
        },
    }
    return replace(worst, message=text, evidence=evidence)


def _warned(finding: Finding) -> Finding:
    return (
        replace(finding, severity="warning")
        if finding.severity == "error"
        else (finding)
    )


def _limit(check: Check, classes: ClassSubjects, number: int) -> str:
    enough = int((classes.sides.min(1) >= ENOUGH).sum())
    few = check.effort == "counts" or number > enough
    which = "" if few else f" with {ENOUGH} rows or more"
    return (
        f"(Of the {len(classes):,} {classes.noun} the {number} rarest{which} were "
        "examined.)"
    )
