# SPDX-License-Identifier: Apache-2.0
"""A diagnosis as the plain data that its page shows."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from equipoise._core.numerals import significant
from equipoise.diagnosis.catalogue import CHECKS
from equipoise.diagnosis.words import count

if TYPE_CHECKING:
    from equipoise.diagnosis.diagnosis import Diagnosis

MOST_ITEMS = 8
"""How many items of a list a page shows."""


def summarise_diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return what the page of a diagnosis shows, as plain data.

    Args:
        diagnosis: What `diagnose` gave.
    """
    data = diagnosis.to_dict()
    titles = {check.code: check.title for check in CHECKS}
    return {
        "facts": _without_repeats(data["facts"]),
        "verdict": verdict_of(diagnosis),
        "findings": [
            {**finding, "evidence": _readable(finding["evidence"])}
            for finding in data["findings"]
        ],
        "passed": [{"code": code, "title": titles[code]} for code in diagnosis.passed],
        "not_applicable": data["not_applicable"],
        "muted": data["muted"],
        "version": metadata.version("equipoise"),
    }


def verdict_of(diagnosis: Diagnosis) -> str:
    """Return the diagnosis in one sentence."""
    times = Counter(finding.severity for finding in diagnosis.findings)
    if times["error"]:
        text = f"Fix {count(times['error'], 'error')} before any training"
        more = times["warning"]
        return f"{text}; also {count(more, 'warning')}." if more else f"{text}."
    if times["warning"]:
        return (
            f"{count(times['warning'], 'warning')}: results on this data may mislead."
        )
    if times["info"]:
        return "No obstacle to training was found; some findings are worth knowing."
    return "No obstacle to training was found."


def _without_repeats(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out notes on columns that are listed as left out already."""
    dropped = [column["name"] for column in facts["dropped"]]
    notes = [
        note
        for note in facts["notes"]
        if not any(f"{name!r} left out" in note for name in dropped)
    ]
    return {**facts, "notes": notes}


def _readable(evidence: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): _text(value) for name, value in evidence.items()}


def _text(value: Any) -> str:
    """Write a value of a finding's evidence on one line.

    Example:
        >>> _text([1, 0.12345, "a"]), _text({"x": True, "y": None})
        ('1, 0.1235, a', 'x: yes, y: none')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if isinstance(value, numbers.Real):
        return significant(float(value), 4)
    if isinstance(value, Mapping):
        return _listed([f"{name}: {_text(item)}" for name, item in value.items()])
    if isinstance(value, list | tuple):
        return _listed([_text(item) for item in value])
    return str(value)


def _listed(items: list[str]) -> str:
    more = len(items) - MOST_ITEMS
    head = ", ".join(items[:MOST_ITEMS])
    return f"{head} and {more} more" if more > 0 else head
