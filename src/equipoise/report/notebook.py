# SPDX-License-Identifier: Apache-2.0
"""Trials and models in a notebook: the parts of the report as tabs of a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from equipoise._core import numerals
from equipoise._core.notebook import (
    html_card,
    html_table,
    lines_html,
    paragraph,
    tabs,
)
from equipoise._core.numerals import duration
from equipoise.report.drawings import figures
from equipoise.report.summary import summarise
from equipoise.report.task_drawings import precision_recall_drawing
from equipoise.report.terminal import leaderboard_metrics

if TYPE_CHECKING:
    from equipoise.models.model import ModelRecord
    from equipoise.trials.trial import TrialRecord


LINES = ("solid", "dashed", "dotted")
"""How the lines of the arms are drawn, in their order."""


def trial_card(trial: TrialRecord) -> str:
    """Return a trial as a card: verdict, leaderboard, decision, curves, data.

    Args:
        trial: What `compare` gave.
    """
    summary = summarise(trial)
    parts = {
        "Arms": _arms(trial),
        "Decision": "".join(map(paragraph, summary["decision"]["sentences"])),
        "Curves": _curves(summary),
        "Data": trial.diagnosis.notebook_parts(),
        "How": "".join(
            paragraph(f"{entry['term']}: {entry['text']}")
            for entry in summary["methods"]
        ),
    }
    parts["How"] += "".join(paragraph(note, "note") for note in trial.notes)
    return html_card(str(trial.verdict), tabs({k: v for k, v in parts.items() if v}))


def model_card_html(model: ModelRecord, title: str) -> str:
    """Return a fitted model as a card: rule, evaluation, what it is made of.

    Args:
        model: What `fit` gave.
        title: What it is, in a few words.
    """
    made = [
        (c.strategy.name, f"{c.weight:.0%}", len(c.scorers), c.strategy.describe())
        for c in model.components
    ]
    columns = [(c.name, c.kind) for c in model.schema.columns]
    return html_card(
        title,
        tabs(
            {
                "Decision": lines_html(model.rule.describe()),
                "Evaluation": model.evaluation.notebook_parts(),
                "Made of": html_table(("strategy", "share", "models", "what"), made),
                "Columns": html_table(("column", "kind"), columns),
                "Notes": "".join(paragraph(note) for note in model.notes)
                or paragraph("None."),
            }
        ),
    )


def _arms(trial: TrialRecord) -> str:
    metrics = leaderboard_metrics(trial)
    baseline = trial.results.baseline
    head = [trial.results.record(m).label for m in metrics]
    rows = []
    for name in trial.names:
        evaluation = trial.results[name].evaluation
        verdict = trial.verdict.arms.get(name)
        difference, outcome = "", "baseline"
        if verdict is not None:
            d = verdict.difference
            difference = numerals.estimate(d.value, d.low, d.high, signed=True)
            outcome = verdict.outcome
        rows.append(
            [
                name,
                *(str(evaluation[m]) if m in evaluation else "" for m in metrics),
                difference,
                outcome,
                duration(trial.scores.seconds[name]),
            ]
        )
    chosen = trial.names.index(trial.verdict.choice)
    titles = ("arm", *head, f"against {baseline}", "verdict", "time")
    failed = [paragraph(f"{n} failed: {r}", "error") for n, r in trial.failed.items()]
    return html_table(titles, rows, chosen) + "".join(failed)


def _curves(summary: dict[str, Any]) -> str:
    if "task" not in summary:
        pictures, arms = figures(summary), summary["highlighted"]
        names = ("precision_recall", "roc", "calibration")
        shown = [f"<figure>{pictures[name]}</figure>" for name in names]
    else:
        curves = summary["curves"]
        arms = curves["arms"]
        shown = [
            f"<figure>{precision_recall_drawing(entry)}"
            f"<figcaption>{paragraph(entry['name'], 'note')}</figcaption></figure>"
            for entry in curves["classes"][: curves["drawn"]]
        ]
    lines = zip(LINES, arms, strict=False)
    legend = ", ".join(f"{line} {name}" for line, name in lines)
    return (
        paragraph(f"Lines: {legend}.") + f'<div class="figures">{"".join(shown)}</div>'
    )
