# SPDX-License-Identifier: Apache-2.0
"""`equipoise evaluate`: a saved model on labelled rows that it has not seen."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise._core.layout import display_width, wrap
from equipoise.cli import options
from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import say_text, say_written, say_wrote, steps
from equipoise.errors import TrialWarning

if TYPE_CHECKING:
    from equipoise.evaluation.evaluation import Evaluation
    from equipoise.evaluation.task_evaluation import TaskEvaluation


def evaluate(
    model: options.ModelFile,
    source: options.Source,
    target: options.Target = None,
    targets: options.Targets = None,
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print plain data instead of sentences.")
    ] = False,
    seed: options.Seed = 0,
    unlabelled: options.Unlabelled = "refuse",
    slices: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Search the values of COLUMN for more errors than elsewhere; may be "
            "repeated. 'all': all columns and their pairs.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Also write a page that opens in any browser.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print every metric with its interval on new labelled rows."""
    from equipoise._core.files import to_json, write_whole
    from equipoise._core.outputs import writable_file, write_or_rescue

    if html is not None:
        writable_file(html, "html", suffixes=[".html", ".htm"], inputs=[source, model])
    with (
        without_tensorflow_lines(),
        warnings.catch_warnings(record=True) as caught,
        steps(f"reading {model.name}") as show,
    ):
        from equipoise.verbs.evaluate import evaluate_model
        from equipoise.verbs.model import load_model

        warnings.simplefilter("always")
        fitted = load_model(model)
        show(f"scoring the rows of {Path(source).name}")
        evaluation = evaluate_model(
            fitted,
            source,
            targets or target,
            level=level,
            seed=seed,
            slices=slices == ["all"] or slices or False,
            unlabelled=unlabelled,
            say=show,
        )
    grave = [str(w.message) for w in caught if w.category is TrialWarning]
    for other in caught:
        if other.category is not TrialWarning:
            warnings.warn(other.message, stacklevel=1)
    say_text(
        to_json(evaluation.as_dict()) if as_json else _graver_first(evaluation, grave)
    )
    if html is None:
        return
    from equipoise.report.page import render_evaluation

    page = render_evaluation(
        evaluation, model=model.name, source=Path(source).name, warnings=grave
    ).encode()
    _, elsewhere = write_or_rescue(lambda path: write_whole(path, page), html)
    if elsewhere:
        say_written([html], elsewhere)
    say_wrote(html, to_stderr=True)


def _graver_first(evaluation: Evaluation | TaskEvaluation, grave: Sequence[str]) -> str:
    """Return an evaluation as text, with the warnings about its figures first."""
    notes = tuple(note for note in evaluation.notes if note not in grave)
    width = display_width()
    first = [wrap(note, width, first="warning: ") for note in grave]
    return "\n".join([*first, str(dataclasses.replace(evaluation, notes=notes))])
