# SPDX-License-Identifier: Apache-2.0
"""The model's card: what it is, what it was made of, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equipoise._core.layout import display_width, wrap
from equipoise._core.numerals import percent, share
from equipoise.errors import printable
from equipoise.models.model import ModelRecord

UNBROKEN = 10**6
"""The width of a text that is wrapped only when it is printed."""


class Card(str):
    r"""A text of whole paragraphs that is wrapped to the terminal when it is printed.

    Example:
        >>> card = Card("word " * 30)
        >>> len(card), str(card).count("\n") >= 1
        (150, True)
    """

    __slots__ = ()

    def __str__(self) -> str:
        return wrap(self[:], display_width())


def card(model: ModelRecord) -> str:
    """Return the card as Markdown; it holds aggregates only, no rows."""
    facts = model.facts
    parts = [
        f"# A model of {_name(facts['target'])} = {_name(facts['classes'][1])}",
        _made_of(model),
        "## Data",
        f"{facts['rows']:,} rows of {facts['source']}, {facts['positives']:,} of them "
        f"positive ({percent(facts['prevalence'])}){_cases(model)}. {_taken(model)}",
        "## Decision",
        model.rule.describe(),
        "## What is known",
        *_judged(model),
        "```\n" + model.evaluation.text(UNBROKEN) + "\n```",
        "## Limits",
        _limits(model),
        "## Versions",
        ", ".join(f"{name} {v}" for name, v in facts["versions"].items())
        + f"; seed {facts['seed']}.",
    ]
    return Card(printable("\n\n".join(parts) + "\n"))


def _name(text: str) -> str:
    return printable(text, lines=False)


def _judged(model: ModelRecord) -> list[str]:
    """Say on which rows the rule above is judged, and what its choice flatters."""
    rows = model.evaluation.rows
    scored = f"Each of {rows:,} rows is scored by models that have not seen it"
    text = {
        "certified": f"{scored}, and decided by the certified rule above. The "
        f"{model.rule.rows:,} rows of the certificate are not among them.",
        "estimated": f"{scored}, and decided by the rule above. The rule was chosen on "
        "these rows and its own figures flatter it: the intervals of the decisions "
        "allow for that.",
    }.get(model.rule.basis, f"{scored}, and decided by the rule above.")
    return [note for note in model.notes if note.startswith("Warning")] + [text]


def _cases(model: ModelRecord) -> str:
    """Return how many of the rows are independent cases, if not all are."""
    facts = model.facts
    cases = facts.get("cases", facts["rows"])
    if cases == facts["rows"]:
        return ""
    kind = "distinct rows" if facts["group"] is None else "groups"
    return (
        f", in {cases:,} {kind}: the positives lie in "
        f"{facts['positive_cases']:,} of them"
    )


def _taken(model: ModelRecord) -> str:
    if model.user_input is not None:
        return f"Input: an array of shape {['rows', *model.user_input.shape]}."
    text = f"Columns: {', '.join(_name(c.name) for c in model.schema.columns)}."
    group = model.facts["group"]
    return (
        text if group is None else f"{text} Rows of one {_name(group)} belong together."
    )


def _made_of(model: ModelRecord) -> str:
    facts = model.facts
    lines = [
        f"- {share(component.weight)} {component.strategy.name}: "
        f"{component.strategy.describe()} ({len(component.scorers)} fold models)"
        for component in model.components
    ]
    return (
        "The probability is the calibrated average of models that were trained on "
        f"{trained_on(facts)}:\n\n" + "\n".join(lines)
    )


def trained_on(facts: Mapping[str, Any]) -> str:
    """Return how much of the table the fold models learned from, in words.

    For models that were saved before this was stored, it follows from the folds.
    """
    if "trained_on" in facts:
        return str(facts["trained_on"])
    folds = int(facts["folds"])
    if facts.get("by") == "time":
        ends = f"1/{folds + 1} to {folds}/{folds + 1}"
        return f"{ends} of this table, always on earlier rows"
    return f"{folds - 1}/{folds} of this table"


def _limits(model: ModelRecord) -> str:
    prevalence = percent(model.evaluation.prevalence)
    text = (
        f"The figures hold for rows like these, at {prevalence} positive. At another "
        "prevalence the precision changes, and the threshold should be chosen again. "
        "Each row is judged on its own. Groups or times that training did not see may "
        "differ."
    )
    if model.rule.offset:
        text += (
            " The decision above and the probabilities are for a prevalence of "
            f"{percent(model.rule.prevalence)}; the figures are those of training, "
            f"for {prevalence}, so precision and what depends on it differ there."
        )
    notes = [f"- {note}" for note in model.notes if not note.startswith("Warning")]
    return "\n".join([text, *notes])
