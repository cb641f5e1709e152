# SPDX-License-Identifier: Apache-2.0
"""An evaluation as the plain data that its page shows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import Any

from equipoise._core.numerals import (
    as_p_value,
    estimate_parts,
    percent,
    significant,
)
from equipoise._core.numerals import share as as_share
from equipoise.decision.decimals import decimal
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.slice_search import SLICE_TITLES, FoundSlices
from equipoise.evaluation.task_evaluation import SHOWN_BY_CLASS, TaskEvaluation
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.registry import METRICS
from equipoise.metrics.task_registry import TASK_METRICS


def evaluation_facts(
    evaluation: Evaluation | TaskEvaluation,
    *,
    model: str,
    source: str,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what the page of an evaluation shows, as plain data.

    Args:
        evaluation: Of a model on labelled rows.
        model: What it is called.
        source: What the rows are called.
        warnings: What must be read first.
    """
    return {
        "model": model,
        "source": source,
        "warnings": list(warnings),
        "head": _head(evaluation),
        "level": as_share(evaluation.level),
        "metrics": [
            {"title": _title(name), **_parts(one)} for name, one in evaluation.items()
        ],
        "confusion": _confusion(evaluation),
        "classes": _classes(evaluation),
        "slices": _slices(evaluation.slices),
        "notes": [note for note in evaluation.notes if note not in warnings],
        "version": metadata.version("equipoise"),
    }


def _head(evaluation: Evaluation | TaskEvaluation) -> str:
    if isinstance(evaluation, TaskEvaluation):
        noun = "labels" if evaluation.task.kind == "multilabel" else "classes"
        return f"{evaluation.rows:,} rows, {len(evaluation.by_class)} {noun}."
    text = (
        f"{evaluation.rows:,} rows, {evaluation.positives:,} positive "
        f"({as_share(evaluation.prevalence)})"
    )
    if evaluation.threshold is not None:
        text += f"; flagged from a probability of {decimal(evaluation.threshold)}"
    return f"{text}."


def _title(name: str) -> str:
    record = METRICS.get(name)
    if record is not None:
        return record.title
    several = TASK_METRICS.get(name)
    return name.replace("_", " ") if several is None else several.label


def _parts(one: Estimate) -> dict[str, str]:
    if not one.defined:
        return {"value": "undefined", "ends": one.reason}
    value, *ends = estimate_parts(one.value, one.low, one.high)
    return {"value": value, "ends": " to ".join(ends)}


def _confusion(evaluation: Evaluation | TaskEvaluation) -> dict[str, Any] | None:
    if evaluation.confusion is None:
        return None
    rows = evaluation.plot_rows("confusion")
    true = list(dict.fromkeys(row["true"] for row in rows))
    decided = list(dict.fromkeys(row["decided"] for row in rows))
    return {
        "decided": decided,
        "rows": [
            {
                "name": name,
                "counts": [
                    significant(row["count"], 6) for row in rows if row["true"] == name
                ],
            }
            for name in true
        ],
    }


def _classes(evaluation: Evaluation | TaskEvaluation) -> dict[str, Any] | None:
    if not isinstance(evaluation, TaskEvaluation):
        return None
    first = next(iter(evaluation.by_class.values()))
    names = [name for name in SHOWN_BY_CLASS if name in first]
    return {
        "metrics": [_title(name) for name in names],
        "rows": [
            {
                "name": name,
                "rows": f"{one.positives:,}",
                "shown": [_short(one[metric]) for metric in names if metric in one],
            }
            for name, one in evaluation.by_class.items()
        ],
    }


def _slices(slices: FoundSlices | None) -> dict[str, Any] | None:
    if slices is None:
        return None
    more = len(slices.worse) - len(slices.shown)
    return {
        "sentence": slices.sentence(),
        "titles": SLICE_TITLES,
        "rows": [
            {
                "name": one.name,
                "cells": [
                    one.of,
                    f"{percent(one.share.value)} of {one.counted:,}",
                    percent(one.rest),
                    as_p_value(one.p),
                ],
            }
            for one in slices.shown
        ],
        "more": f"and {more} more" if more > 0 else "",
    }


def _short(one: Estimate) -> str:
    parts = _parts(one)
    return f"{parts['value']} ({parts['ends']})" if parts["ends"] else parts["value"]
