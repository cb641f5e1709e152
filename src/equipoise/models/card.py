# SPDX-License-Identifier: Apache-2.0
"""The model's card: what it is, what it was made of, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from equipoise._core.layout import display_width, wrap
from equipoise._core.numerals import percent, share
from equipoise.errors import printable
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.explanations.importance import Importance
from equipoise.models.model import ModelRecord

UNBROKEN = 10**6
"""The width of a text that is wrapped only when it is printed."""
TABLE = 78
"""The width of a table of classes, whose lines cannot be wrapped later."""
MOST_NAMED = 10
"""Of more classes than twice this the first and the last so many are named."""


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
    if not isinstance(model.evaluation, Evaluation):
        return _card(_task_parts(model, model.evaluation), model)
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
        *_columns(model),
        "## Limits",
        _limits(model, model.evaluation),
    ]
    return _card(parts, model)


def _card(parts: list[str], model: ModelRecord) -> str:
    facts = model.facts
    versions = ", ".join(f"{name} {v}" for name, v in facts["versions"].items())
    precise = facts.get("precision")
    how = f" Networks were trained with products in {precise}." if precise else ""
    last = ["## Versions", f"{versions}; seed {facts['seed']}.{how}"]
    return Card(printable("\n\n".join([*parts, *last]) + "\n"))


def _task_parts(model: ModelRecord, evaluation: TaskEvaluation) -> list[str]:
    """Return the card of a model of several classes or labels."""
    facts, task = model.facts, model.task
    noun = "labels" if task.kind == "multilabel" else "classes"
    cases = facts.get("cases", facts["rows"])
    kind = "distinct rows" if facts["group"] is None else "groups"
    tied = "" if cases == facts["rows"] else f", in {cases:,} {kind}"
    return [
        f"# A model of {_name(facts['target'])}: {len(task.classes)} {noun}",
        _made_of(model, "probabilities are"),
        "## Data",
        f"{facts['rows']:,} rows of {facts['source']}{tied}. Rows of each "
        f"{'label' if noun == 'labels' else 'class'}: {_sizes(model)}. {_taken(model)}",
        "## Decision",
        model.rule.describe(),
        "## What is known",
        _task_judged(model),
        "```\n" + replace(evaluation, rule="").text(TABLE) + "\n```",
        *_columns(model),
        "## Limits",
        _task_limits(model),
    ]


def _columns(model: ModelRecord) -> list[str]:
    """Return what the model owes to each column, if that was asked for."""
    if "importance" not in model.facts:
        return []
    made = Importance.from_dict(model.facts["importance"])
    return ["## Columns", "```\n" + made.text(TABLE) + "\n```"]


def _sizes(model: ModelRecord) -> str:
    """Return how many rows each class, or label, has; the most frequent first."""
    totals = model.facts["totals"]
    if model.task.kind == "multilabel":
        totals = [with_it for _, with_it in totals]
    rows = sorted(zip(totals, model.task.classes, strict=True), key=lambda one: -one[0])
    shown = [f"{_name(name)} {total:,}" for total, name in rows]
    if len(shown) <= 2 * MOST_NAMED:
        return ", ".join(shown)
    first, last = ", ".join(shown[:MOST_NAMED]), ", ".join(shown[-MOST_NAMED:])
    return f"{first}, ... (of {len(shown) - 2 * MOST_NAMED} more), {last}"


def _task_judged(model: ModelRecord) -> str:
    """Say on which rows the rule above is judged."""
    scored = f"Each of {model.evaluation.rows:,} rows is scored by models that have "
    if getattr(model.rule, "level", None) is not None:
        return (
            f"{scored}not seen it, and decided by the certified rule above. The rows "
            "of the certificate are not among them."
        )
    return (
        f"{scored}not seen it, and is calibrated and decided by what the other folds "
        "choose: the figures do not flatter the rule above."
    )


def _task_limits(model: ModelRecord) -> str:
    noun = "labels" if model.task.kind == "multilabel" else "classes"
    text = (
        f"The figures hold for rows like these, with these shares of the {noun}. With "
        "others the precisions change, and the rule should be chosen again. Each row "
        "is judged on its own. Groups or times that training did not see may differ."
    )
    if noun == "classes":
        text += " A row of a class that is not among these gets one of these."
    return "\n".join([text, *(f"- {note}" for note in model.notes)])


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
    }.get(model.binary_rule.basis, f"{scored}, and decided by the rule above.")
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


def _made_of(model: ModelRecord, several: str = "probability is") -> str:
    facts = model.facts
    lines = [
        f"- {share(component.weight)} {component.strategy.name}: "
        f"{component.strategy.describe()} ({len(component.scorers)} fold models)"
        for component in model.components
    ]
    return (
        f"The {several} the calibrated average of models that were trained on "
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


def _limits(model: ModelRecord, evaluation: Evaluation) -> str:
    prevalence = percent(evaluation.prevalence)
    text = (
        f"The figures hold for rows like these, at {prevalence} positive. At another "
        "prevalence the precision changes, and the threshold should be chosen again. "
        "Each row is judged on its own. Groups or times that training did not see may "
        "differ."
    )
    if model.binary_rule.offset:
        text += (
            " The decision above and the probabilities are for a prevalence of "
            f"{percent(model.binary_rule.prevalence)}; the figures are those of "
            f"training, for {prevalence}, so precision and what depends on it differ "
            "there."
        )
    notes = [f"- {note}" for note in model.notes if not note.startswith("Warning")]
    return "\n".join([text, *notes])
