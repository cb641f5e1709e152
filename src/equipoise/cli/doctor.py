# SPDX-License-Identifier: Apache-2.0
"""`equipoise doctor`: what is installed, and whether TensorFlow sees a GPU."""

from __future__ import annotations

from typing import Annotated

import typer

from equipoise._core.layout import display_width, wrap
from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import say_text, steps


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print plain data instead of sentences.")
    ] = False,
) -> None:
    """Print versions, and the GPU that TensorFlow sees.

    It says why TensorFlow sees none, and which extras are installed.
    """
    from equipoise._core.files import to_json
    from equipoise.verbs.doctor import examine, installed_packages

    if not as_json:
        say_text(str(installed_packages()))
    with without_tensorflow_lines(), steps("asking TensorFlow which GPUs it sees"):
        health = examine()
    if as_json:
        say_text(to_json(health.to_dict()))
    else:
        width = display_width()
        say_text(wrap(f"GPU: {health.gpu}", width))
        say_text(f"\n{wrap(health.verdict, width)}")
    if not health.sound:
        raise typer.Exit(1)
