# SPDX-License-Identifier: Apache-2.0
"""Save a fitted model as one file of plain numbers, and load it again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise.bundle import pack, read_parts, unpack, write_parts
from equipoise.decision.rule import DecisionRule
from equipoise.errors import BundleError, InputError
from equipoise.evaluation.evaluation import Confusion, Evaluation
from equipoise.learners.registry import scorer_from_state
from equipoise.metrics.estimate import Estimate
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Dropped, Table
from equipoise.workflows.model import Component, FittedModel

SUFFIX = ".equipoise"
_DTYPES: dict[str, str] = {
    "numeric": "float64",
    "boolean": "float64",
    "categorical": "int32",
    "datetime": "datetime64[us]",
}


def save(model: FittedModel, path: str | os.PathLike[str]) -> Path:
    """Save a model as one file, whole or not at all.

    Args:
        model: What `fit` gave.
        path: The file; its name must end in ".equipoise".

    Returns:
        The path.

    Raises:
        InputError: The name ends otherwise.
        OSError: The file cannot be written; an old one is intact then.
    """
    target = Path(path)
    if target.suffix != SUFFIX:
        raise InputError(
            sentence(
                f"the path {target.name!r}",
                f"a name that ends in {SUFFIX}",
                f"Try {target.with_suffix(SUFFIX).name!r}.",
            )
        )
    state = {
        "schema": _schema_state(model.schema),
        "components": [
            {
                "strategy": component.strategy.to_dict(),
                "weight": component.weight,
                "scorers": len(component.scorers),
            }
            for component in model.components
        ],
        "rule": model.rule.to_dict(),
        "evaluation": model.evaluation.as_dict(),
        "facts": dict(model.facts),
        "notes": list(model.notes),
    }
    parts = {**pack(state, "model"), **pack({"hashes": model.seen}, "seen")}
    for i, component in enumerate(model.components):
        for k, scorer in enumerate(component.scorers):
            parts |= pack(scorer.state(), f"scorers/{i}/{k}")
    parts["card.md"] = model.card().encode()
    write_parts(target, parts)
    return target


def load(path: str | os.PathLike[str]) -> FittedModel:
    """Load a model; every byte is checked before anything is used.

    Args:
        path: A file that `save` has written.

    Raises:
        BundleError: The file is damaged, altered, or no bundle; the part is named.
        OSError: The file cannot be read.
    """
    parts = read_parts(path)
    state = unpack(parts, "model")
    try:
        return _rebuild(state, parts)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(
            sentence(
                f"{Path(path).name}, whose numbers do not make a model "
                f"({type(error).__name__}: {error})",
                "a bundle that `save` has written",
            )
        ) from error


def _rebuild(state: Mapping[str, Any], parts: Mapping[str, bytes]) -> FittedModel:
    components = []
    for i, data in enumerate(state["components"]):
        strategy = Strategy.from_dict(data["strategy"])
        scorers = tuple(
            scorer_from_state(strategy.learner, unpack(parts, f"scorers/{i}/{k}"))
            for k in range(int(data["scorers"]))
        )
        components.append(Component(strategy, float(data["weight"]), scorers))
    return FittedModel(
        schema=_schema(state["schema"]),
        components=tuple(components),
        rule=DecisionRule.from_dict(state["rule"]),
        evaluation=_evaluation(state["evaluation"]),
        facts=state["facts"],
        seen=unpack(parts, "seen")["hashes"],
        notes=tuple(state["notes"]),
    )


def _schema_state(schema: Table) -> dict[str, Any]:
    return {
        "columns": [
            {"name": c.name, "kind": c.kind, "categories": list(c.categories)}
            for c in schema.columns
        ],
        "classes": list(schema.classes),
        "target": schema.target,
        "task": schema.task,
        "dropped": [asdict(dropped) for dropped in schema.dropped],
        "source": schema.source,
    }


def _schema(state: Mapping[str, Any]) -> Table:
    columns = tuple(
        Column(c["name"], c["kind"], _empty(c["kind"]), tuple(c["categories"]))
        for c in state["columns"]
    )
    return Table(
        columns,
        np.zeros(0, np.int8),
        tuple(state["classes"]),
        target=state["target"],
        task=state["task"],
        dropped=tuple(Dropped(**d) for d in state["dropped"]),
        source=state["source"],
    )


def _empty(kind: str) -> npt.NDArray[Any]:
    return np.zeros(0, _DTYPES[kind])


def _evaluation(state: Mapping[str, Any]) -> Evaluation:
    confusion = state["confusion"]
    return Evaluation(
        {name: Estimate(**e) for name, e in state["metrics"].items()},
        state["rows"],
        state["positives"],
        state["threshold"],
        None if confusion is None else Confusion(**confusion),
        state["estimand"],
        state["level"],
        tuple(state["notes"]),
    )
