# SPDX-License-Identifier: Apache-2.0
"""`equipoise work`: do items of a trial that another process runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import say_hint

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="The folder of compare --out FOLDER, as this machine sees it.",
        show_default=False,
    ),
]
Wait = Annotated[
    float, typer.Option(metavar="SECONDS", help="How long to wait for a trial there.")
]


def work(folder: Folder, wait: Wait = 60.0) -> None:
    """Help a trial that runs with --workers, until it has ended.

    Start as many as there are processors to spare, on any machine with the same
    versions that sees the folder. A worker may be stopped at any time: what it was
    doing is done again.
    """
    from equipoise.workers.loop import work as run

    with without_tensorflow_lines():
        count = run(folder, wait=wait, say=say_hint)
    say_hint(f"done: {count} {'item' if count == 1 else 'items'}")
