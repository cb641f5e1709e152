# SPDX-License-Identifier: Apache-2.0
"""`equipoise doctor`: what is installed, and whether TensorFlow sees a GPU."""

from __future__ import annotations

from typing import Annotated

import typer

from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import say_text


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print plain data instead of sentences.")
    ] = False,
) -> None:
    """Print versions, the GPU that TensorFlow sees or why not, and extras."""
    from equipoise._core.files import to_json
    from equipoise.verbs.doctor import examine

    with without_tensorflow_lines():
        health = examine()
    text = to_json(health.to_dict()) if as_json else str(health)
    say_text(text)
    if not health.sound:
        raise typer.Exit(1)
