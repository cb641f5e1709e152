# SPDX-License-Identifier: Apache-2.0
"""`equipoise predict`: a file of rows in, a file of decisions out."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli import options
from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import say_hint, say_text, say_wrote, steps
from equipoise.reading.formats import ACCEPTED

RowsFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help=f"A file with the model's columns: {ACCEPTED}.",
        show_default=False,
    ),
]
OutFile = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="The file to write: .csv or .parquet; - for CSV to standard output.",
        show_default=False,
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="A column of FILE to copy, such as an identifier; may be repeated.",
        show_default=False,
    ),
]


Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Add the three columns that moved each row's score most, and by how much.",
    ),
]
Background = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Rows to compare with for --explain; else a sample of FILE's first rows.",
        show_default=False,
    ),
]


STDOUT = "-"


def predict(
    model: options.ModelFile,
    source: RowsFile,
    out: OutFile,
    keep: Keep = None,
    explain: Explain = False,
    background: Background = None,
) -> None:
    """Write a probability and a decision for each row of a file.

    A decision is 1 for flagged, 0 for not flagged, and -1 for undecided.
    """
    from equipoise._core.outputs import writable_file
    from equipoise.verbs.model import load_model
    from equipoise.verbs.predict import SUFFIXES, predict_file

    to_stdout = str(out) == STDOUT
    if not to_stdout:
        writable_file(out, "out", suffixes=SUFFIXES, inputs=[source, model])
    with contextlib.ExitStack() as stack:
        if to_stdout:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            target = Path(folder, "scores.csv")
        else:
            target = out
        with without_tensorflow_lines(), steps(f"reading {model.name}") as show:
            fitted = load_model(model)
            show(f"scoring the rows of {source.name}")
            done = predict_file(
                fitted,
                source,
                target,
                keep=tuple(keep or ()),
                explain=explain,
                background=background,
                say=show,
            )
        if to_stdout:
            _copy_to_stdout(target)
            say_hint(str(done))
            return
    say_text(str(done))
    say_wrote(out)


def _copy_to_stdout(path: Path) -> None:
    """Write a file to standard output; a reader that stops early is no error."""
    with path.open("rb") as file:
        try:
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # What Python flushes at its end goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
