# SPDX-License-Identifier: Apache-2.0
"""The plain facts of a table: what is there, before any judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from equipoise._core.layout import WIDTH, wrap
from equipoise._core.numerals import figure
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, inputs_in_words, name_list, ratio, share
from equipoise.errors import printable
from equipoise.table.table import Table


def facts_of(subject: Subject) -> dict[str, Any]:
    """Return the facts as plain data, ready for JSON."""
    table = subject.table
    facts = {
        **_size(table),
        "positive_cases": subject.units.positives,
        "case_kind": subject.units.kind,
        "duplicate_rows": subject.equal_rows.repeated if subject.featured else 0,
        "strongest_columns": [
            {"name": s.name, "auroc": s.auroc, "low": s.low, "high": s.high}
            for s in subject.strengths[:3]
        ],
        "dropped": [{"name": d.name, "reason": d.reason} for d in table.dropped],
        "notes": list(table.notes),
    }
    if subject.test is not None:
        facts["test"] = _size(subject.test)
    return facts


def _size(table: Table) -> dict[str, Any]:
    positives = int(table.labels().sum())
    negatives = len(table) - positives
    cells = len(table) * len(table.columns)
    missing = sum(int(column.missing().sum()) for column in table.columns)
    return {
        "source": table.source,
        "target": table.target,
        "positive_class": table.classes[1],
        "negative_class": table.classes[0],
        "rows": len(table),
        "columns": dict(Counter(column.kind for column in table.columns)),
        "positives": positives,
        "negatives": negatives,
        "prevalence": positives / len(table),
        "ratio": negatives / positives if positives else float("inf"),
        "missing_cells": missing,
        "missing_share": missing / cells if cells else 0.0,
    }


def headline(facts: Mapping[str, Any], width: int = WIDTH) -> str:
    """Write the facts as the first lines of a screen.

    Args:
        facts: What `facts_of` gave.
        width: Columns.
    """
    lines = [_describe(facts, "Table", width)]
    rest = []
    if facts["missing_cells"]:
        rest.append(f"missing cells {share(facts['missing_share'])}")
    if facts["duplicate_rows"]:
        rest.append(f"{count(facts['duplicate_rows'], 'repeated row')}")
    if facts["dropped"]:
        rest.append(f"left out: {name_list([d['name'] for d in facts['dropped']])}")
    best = facts["strongest_columns"]
    if best:
        first = best[0]
        rest.append(
            f"strongest column {first['name']!r}, AUROC {figure(first['auroc'])}"
        )
    if rest:
        lines.append(wrap("; ".join(rest), width, first=" " * 7))
    if "test" in facts:
        lines.append(_describe(facts["test"], "Test ", width))
    return "\n".join(lines)


def _describe(size: Mapping[str, Any], what: str, width: int) -> str:
    kinds = ", ".join(f"{number} {kind}" for kind, number in size["columns"].items())
    shown = inputs_in_words(size)
    shown += f" ({kinds})" if kinds else ""
    first = f"{what}  {count(size['rows'], 'row')} x {shown}"
    second = (
        f"       {count(size['positives'], 'positive')} "
        f"({printable(size['target'], lines=False)} = "
        f"{printable(size['positive_class'], lines=False)}), "
        f"{count(size['negatives'], 'negative')}: {share(size['prevalence'])} "
        f"positive, {ratio(size['ratio'])}"
    )
    both = wrap(first, width, rest=" " * 7), wrap(second, width)
    return "\n".join(both)
