# SPDX-License-Identifier: Apache-2.0
"""`equipoise report`: a finished trial, shown and drawn again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import say_wrote, show_trial
from equipoise.cli.wording import in_options

TrialFolder = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="The folder of a finished trial: what compare --out named.",
        show_default=False,
    ),
]
PageFile = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Where to write the page; report.html in the folder by default.",
        show_default=False,
    ),
]


def report(context: typer.Context, folder: TrialFolder, out: PageFile = None) -> None:
    """Show a finished trial again, and draw its page.

    Nothing is trained.
    """
    from equipoise._core.files import write_whole
    from equipoise._core.outputs import writable_file
    from equipoise.verbs.model import load_trial

    target = folder / "report.html" if out is None else out
    with without_tensorflow_lines():
        trial = load_trial(folder)
        target = writable_file(target, "out", suffixes=[".html"])
        show_trial(trial, in_options(context))
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, trial.report().encode())
    say_wrote(target)
