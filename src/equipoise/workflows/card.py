# SPDX-License-Identifier: Apache-2.0
"""The model's card: what it is, what it was made of, how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from equipoise.workflows.model import FittedModel


def card(model: FittedModel) -> str:
    """Return the card as Markdown; it holds aggregates only, no rows."""
    facts = model.facts
    parts = [
        f"# A model of {facts['target']} = {facts['classes'][1]}",
        _made_of(model),
        "## Data",
        f"{facts['rows']:,} rows of {facts['source']}, {facts['positives']:,} of them "
        f"positive ({facts['prevalence']:.2%}). {_taken(model)}",
        "## Decision",
        model.rule.describe(),
        "## What is known",
        *_judged(model),
        "```\n" + str(model.evaluation) + "\n```",
        "## Limits",
        _limits(model),
        "## Versions",
        ", ".join(f"{name} {v}" for name, v in facts["versions"].items())
        + f"; seed {facts['seed']}.",
    ]
    return "\n\n".join(parts) + "\n"


def _judged(model: FittedModel) -> list[str]:
    """Say why the figures differ from those of a rule that was chosen on the rows."""
    if model.rule.basis != "estimated":
        return []
    return [
        "Each row is judged by a model and a threshold that have not seen it. The "
        "decision above was chosen on these rows and its own figures flatter it: "
        "expect the following."
    ]


def _taken(model: FittedModel) -> str:
    if model.own is not None:
        return f"Input: an array of shape {['rows', *model.own.shape]}."
    text = f"Columns: {', '.join(column.name for column in model.schema.columns)}."
    group = model.facts["group"]
    return text if group is None else f"{text} Rows of one {group} belong together."


def _made_of(model: FittedModel) -> str:
    facts = model.facts
    lines = [
        f"- {component.weight:.0%} {component.strategy.name}: "
        f"{component.strategy.describe()} ({len(component.scorers)} fold models)"
        for component in model.components
    ]
    return (
        "The probability is the calibrated average of models that were each trained "
        f"on {facts['folds'] - 1}/{facts['folds']} of the rows:\n\n" + "\n".join(lines)
    )


def _limits(model: FittedModel) -> str:
    text = (
        f"The figures hold for rows like these, at {model.facts['prevalence']:.2%} "
        "positive. At another prevalence precision changes and the threshold should "
        "be chosen anew. Rows are judged alone: a group or a time that training did "
        "not see may differ."
    )
    notes = [f"- {note}" for note in model.notes]
    return "\n".join([text, *notes])
