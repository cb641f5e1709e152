# SPDX-License-Identifier: Apache-2.0
"""From a summary to one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from equipoise.errors import printable
from equipoise.metrics.registry import metric
from equipoise.report import words
from equipoise.report.column_table import column_facts, shape
from equipoise.report.drawings import calibration, figures
from equipoise.report.evaluation_facts import evaluation_facts
from equipoise.report.finding_page import finding_page
from equipoise.report.looks import summarise_diagnosis
from equipoise.report.page_parts import contents, csv_address, interval_axis, place
from equipoise.report.task_drawings import (
    confusion_map,
    precision_recall_drawing,
    reliability_drawing,
)

if TYPE_CHECKING:
    from jinja2 import Environment

    from equipoise.diagnosis.diagnosis import Diagnosis
    from equipoise.evaluation.evaluation import Evaluation
    from equipoise.evaluation.task_evaluation import TaskEvaluation
    from equipoise.table.table import Table


def render(summary: Mapping[str, Any]) -> str:
    """Return the report of a trial as one standalone HTML page.

    The page reaches no network, holds no row of the data, follows the reader's
    light or dark setting, and prints. Every text of the summary is escaped.

    Args:
        summary: Plain data, what `Trial.summary()` gives.

    Returns:
        HTML; the same summary gives the same page.
    """
    environment = _environment()
    if "task" in summary:
        return _task_page(summary, environment)
    page = environment.get_template("report.html")
    from markupsafe import Markup

    pictures = {name: Markup(svg) for name, svg in figures(summary).items()}
    return page.render(
        s=summary,
        axis=_axis(summary),
        download=csv_address(summary),
        explorer=_explorer(summary["explorer"]),
        figure=pictures,
        css=Markup(_text(environment, "report.css")),
        script=_script(environment, "explorer.js"),
    )


def _task_page(summary: Mapping[str, Any], environment: Environment) -> str:
    """Return the page of a trial of several classes or labels."""
    from markupsafe import Markup

    curves = summary["curves"]
    pictures = [
        (precision_recall_drawing(entry), reliability_drawing(entry))
        for entry in curves["classes"]
    ]
    picked = [
        {"name": entry["name"], "curve": curve, "calibration": honest}
        for entry, (curve, honest) in zip(curves["classes"], pictures, strict=True)
    ]
    confusion = summary["confusion"]
    large = confusion and not confusion["numbers"] and confusion["cells"]
    css = _text(environment, "report.css") + _text(environment, "task.css")
    return environment.get_template("report_task.html").render(
        s=summary,
        download=csv_address(summary),
        explorer={
            **summary["explorer"],
            "picked": picked[curves["drawn"] :],
        },
        figure={"calibration": Markup(calibration(summary))},
        small=[[Markup(svg) for svg in pair] for pair in pictures[: curves["drawn"]]],
        map=Markup(confusion_map(confusion)) if large else "",
        css=Markup(css),
        script=_script(environment, "task_explorer.js"),
    )


def _axis(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the axis of the leaderboard's average precision."""
    estimates = [row["average_precision"] for row in summary["leaderboard"]]
    return interval_axis(estimates, [summary["data"]["prevalence"]])


def _explorer(explorer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the explorer computes with, the rule's own figures in words."""
    arms = [
        {
            **arm,
            "texts": {
                name: [words.value(estimate), words.ends(estimate)]
                for name, estimate in arm["estimates"].items()
            },
        }
        for arm in explorer["arms"]
    ]
    return {**explorer, "arms": arms}


def render_diagnosis(diagnosis: Diagnosis, table: Table | None = None) -> str:
    """Return a diagnosis as one standalone HTML page, in the style of the report.

    The page reaches no network, runs no script and holds no row of the data. Every
    text of the data is escaped.

    Args:
        diagnosis: What `equipoise.diagnose` gave.
        table: The rows that it is of, for a table of the columns and their
            distributions by class; without it the page has none.

    Returns:
        HTML; the same diagnosis gives the same page.
    """
    from markupsafe import Markup

    environment = _environment()
    page = environment.get_template("diagnosis.html")
    css = Markup(_text(environment, "report.css"))
    shown = None if table is None else column_facts(table)
    return page.render(s=summarise_diagnosis(diagnosis), css=css, columns=shown)


def render_evaluation(
    evaluation: Evaluation | TaskEvaluation,
    *,
    model: str,
    source: str,
    warnings: Sequence[str] = (),
) -> str:
    """Return an evaluation as one standalone HTML page, in the style of the report.

    The page reaches no network, runs no script and holds no row of the data.

    Args:
        evaluation: Of a model on labelled rows.
        model: What it is called.
        source: What the rows are called.
        warnings: What must be read first.
    """
    from markupsafe import Markup

    environment = _environment()
    facts = evaluation_facts(evaluation, model=model, source=source, warnings=warnings)
    css = Markup(_text(environment, "report.css"))
    return environment.get_template("evaluation.html").render(s=facts, css=css)


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("equipoise.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    from equipoise.diagnosis.words import count, ratio, share

    environment.filters.update(
        contents=contents,
        finding_page=finding_page,
        shape=shape,
        place=place,
        number=words.written_number,
        value=words.value,
        ends=words.ends,
        amount=words.written_amount,
        seconds=words.seconds,
        count=count,
        share=share,
        ratio=ratio,
        metric_title=lambda name: metric(name).title,
        metric_label=lambda name: metric(name).label,
        more_is_better=lambda name: metric(name).higher_is_better,
    )
    return environment


def _finalize(value: Any) -> Any:
    """Write control characters out, except in what is marked as HTML, which is ours."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return printable(value)
    return value


def _script(environment: Environment, name: str) -> str:
    """Return a script of the templates folder behind what all scripts share."""
    from markupsafe import Markup

    return Markup(_text(environment, "shared.js") + _text(environment, name))


def _text(environment: Environment, name: str) -> str:
    """Return a file of the templates folder as it is."""
    loader = environment.loader
    if loader is None:  # never: `_environment` sets it
        return ""
    return loader.get_source(environment, name)[0]
