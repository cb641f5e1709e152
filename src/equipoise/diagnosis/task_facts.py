# SPDX-License-Identifier: Apache-2.0
"""The plain facts of a table of several classes or labels, and how they look."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from equipoise._core.layout import WIDTH, wrap
from equipoise._core.numerals import figure, significant
from equipoise.diagnosis.by_class import ENOUGH, MOST, affordable
from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.predictive import Strength
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import LONGEST, count, inputs_in_words, name_list, share
from equipoise.errors import printable
from equipoise.table.table import Table, shortened
from equipoise.table.units import count_units
from equipoise.uncertainty.sample_sizes import auroc_interval

COMMON, RARE = 6, 5
"""Of many classes, so many of the commonest and of the rarest are shown."""
BAR = 24
LONGEST_IN_TABLE = 28


def task_facts(classes: ClassSubjects) -> dict[str, Any]:
    """Return the facts as plain data, ready for JSON.

    Args:
        classes: The classes of the table.

    Returns:
        "task" is "multiclass" or "multilabel". "classes" has an entry for each class,
        or label, in their order: its "name", its "rows", their "share" (of the rows in
        which a label is known), the independent "cases" they are worth; for labels
        also the rows "without" it and those in which it is "unknown".
        "imbalance_ratio" is that of the largest to the smallest number of rows.
    """
    subject = classes.whole
    table, units = subject.table, subject.tied
    facts: dict[str, Any] = {
        **size_facts(table, classes.cases.tolist()),
        "cases": count_units(units, np.ones(len(table), np.bool_)),
        "case_kind": ""
        if units is None
        else ("distinct rows" if table.groups is None else "groups"),
        "duplicate_rows": subject.equal_rows.repeated if subject.featured else 0,
        "strongest_columns": _strongest(classes),
        "dropped": [{"name": d.name, "reason": d.reason} for d in table.dropped],
        "notes": list(table.notes),
    }
    if subject.test is not None:
        cases = ClassSubjects(_test_alone(classes)).cases.tolist()
        facts["test"] = size_facts(subject.test, cases)
    return facts


def _test_alone(classes: ClassSubjects) -> Subject:
    subject = classes.whole
    alone = dataclasses.replace(subject, table=subject.test_file, test=None)
    vars(alone)["tied"] = subject.test_tied
    return alone


def size_facts(table: Table, cases: Sequence[int]) -> dict[str, Any]:
    """Return how many rows, classes and missing values there are, as plain data.

    Args:
        table: Of several classes or labels.
        cases: Of each, how many independent cases.
    """
    cells = len(table) * len(table.columns)
    missing = sum(int(column.missing().sum()) for column in table.columns)
    entries = _classes(table, cases)
    rows = [entry["rows"] for entry in entries if entry["rows"]]
    facts: dict[str, Any] = {
        "source": table.source,
        "target": table.target,
        "task": table.task.kind,
        "rows": len(table),
        "columns": dict(Counter(column.kind for column in table.columns)),
        "classes": entries,
        "imbalance_ratio": max(rows) / min(rows) if rows else math.nan,
        "missing_cells": missing,
        "missing_share": missing / cells if cells else 0.0,
    }
    if table.task.kind == "multilabel":
        y = table.labels()
        labelled = np.maximum((y >= 0).sum(), 1)
        facts |= {
            "labels_per_row": float((y == 1).sum(1).mean()),
            "share_without_label": float((y != 1).all(1).mean()),
            "label_sets": len(np.unique(y, axis=0)),
            "unknown_share": float((y < 0).mean()),
            "density": float((y == 1).sum() / labelled),
        }
    return facts


def _classes(table: Table, cases: Sequence[int]) -> list[dict[str, Any]]:
    totals = table.task.totals(table.labels())
    if table.task.kind == "multiclass":
        return [
            {"name": name, "rows": int(rows), "share": rows / len(table), "cases": n}
            for name, rows, n in zip(table.classes, totals.tolist(), cases, strict=True)
        ]
    return [
        {
            "name": name,
            "rows": int(having),
            "without": int(without),
            "unknown": len(table) - int(having + without),
            "share": having / max(having + without, 1.0),
            "cases": n,
        }
        for name, (without, having), n in zip(
            table.classes, totals.tolist(), cases, strict=True
        )
    ]


def _strongest(classes: ClassSubjects) -> list[dict[str, Any]]:
    """Return the columns that tell some class apart best, of those examined."""
    table = classes.whole.table
    most = min(MOST["columns"], affordable(classes))
    smaller = classes.sides.min(1)
    numbers = [n for n in classes.rarest_first.tolist() if smaller[n] >= ENOUGH]
    # The largest of many is large by chance: compare lower ends that allow for it.
    level = 1 - classes.whole.alpha / max(len(numbers[:most]) * len(table.columns), 1)
    best: dict[str, tuple[float, Strength, str]] = {}
    for number in numbers[:most]:
        one = classes.of(number)
        sizes = one.units.positives, one.units.negatives
        for strength in one.strengths[:3]:
            low = auroc_interval(strength.auroc, *sizes, level)[0]
            if low > max(0.5, best.get(strength.name, (0.0,))[0]):
                best[strength.name] = low, strength, one.table.classes[1]
    entries = sorted(best.values(), key=lambda entry: -entry[0])[:3]
    return [
        {"name": s.name, "class": name, "auroc": s.auroc, "low": s.low, "high": s.high}
        for _, s, name in entries
    ]


def task_headline(facts: Mapping[str, Any], width: int = WIDTH) -> str:
    """Write the facts as the first lines of a screen, with a small table of classes.

    Args:
        facts: What `task_facts` gave.
        width: Columns.
    """
    lines = [_first(facts, "Table", width)]
    lines += [wrap(text, width, first=" " * 7) for text in _rest(facts)]
    test = facts.get("test")
    lines += _bars(facts, width, test)
    if test is not None:
        lines.append(_first(test, "Test ", width))
    return "\n".join(lines)


def _first(size: Mapping[str, Any], what: str, width: int) -> str:
    kinds = ", ".join(f"{number} {kind}" for kind, number in size["columns"].items())
    shown = inputs_in_words(size)
    shown += f" ({kinds})" if kinds else ""
    shape = f"{what}  {count(size['rows'], 'row')} x {shown}"
    number = len(size["classes"])
    ratio = significant(size["imbalance_ratio"])
    if size["task"] == "multiclass":
        target = printable(shortened(size["target"], LONGEST), lines=False)
        noun = count(number, "class", "classes")
        text = f"{noun} of {target!r}, the commonest {ratio} times the rarest"
    else:
        text = (
            f"{count(number, 'label')}, the commonest {ratio} times the rarest; "
            f"{figure(size['labels_per_row'])} labels per row"
        )
        if size["share_without_label"]:
            text += f", none in {share(size['share_without_label'])} of the rows"
        if size["unknown_share"]:
            text += f"; {share(size['unknown_share'])} of the entries unknown"
    return "\n".join(
        [wrap(shape, width, rest=" " * 7), wrap(text, width, first=" " * 7)]
    )


def _rest(facts: Mapping[str, Any]) -> list[str]:
    rest = []
    if facts["missing_cells"]:
        rest.append(f"missing cells {share(facts['missing_share'])}")
    if facts["duplicate_rows"]:
        rest.append(count(facts["duplicate_rows"], "repeated row"))
    if facts["dropped"]:
        rest.append(f"left out: {name_list([d['name'] for d in facts['dropped']])}")
    best = facts["strongest_columns"]
    if best:
        first = best[0]
        auroc = figure(first["auroc"])
        rest.append(
            f"strongest column {first['name']!r}, for "
            f"{shortened(first['class'], LONGEST)!r}: AUROC {auroc}"
        )
    return ["; ".join(rest)] if rest else []


def _bars(
    facts: Mapping[str, Any], width: int, test: Mapping[str, Any] | None
) -> list[str]:
    """Return the classes with their rows, shares and bars, the rarest last."""
    later = {} if test is None else {c["name"]: c["rows"] for c in test["classes"]}
    ordered = sorted(facts["classes"], key=lambda c: -c["rows"])
    cut = len(ordered) - COMMON - RARE
    shown = ordered if cut <= 1 else [*ordered[:COMMON], *ordered[-RARE:]]
    names = [_short(entry["name"]) for entry in shown]
    wide = max(len(name) for name in names)
    digits = max(len(f"{entry['rows']:,}") for entry in shown)
    most = max(entry["rows"] for entry in shown) or 1
    lines = []
    for place, (name, entry) in enumerate(zip(names, shown, strict=True)):
        if cut > 1 and place == COMMON:
            hidden = ordered[COMMON:-RARE]
            lines.append(
                f"       and {cut:,} more, of {hidden[-1]['rows']:,} to "
                f"{count(hidden[0]['rows'], 'row')}"
            )
        text = (
            f"       {name:<{wide}}  {entry['rows']:>{digits},}  "
            f"{share(entry['share']):>6}"
        )
        if test is not None:
            text += f"  test {later.get(entry['name'], 0):>{digits},}"
        room = min(BAR, width - len(text) - 2)
        if room > 3 and entry["rows"]:
            text += "  " + "#" * max(1, round(room * entry["rows"] / most))
        lines.append(text)
    return lines


def _short(name: str) -> str:
    return printable(shortened(name, LONGEST_IN_TABLE), lines=False) or "''"
