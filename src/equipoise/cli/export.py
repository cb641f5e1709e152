# SPDX-License-Identifier: Apache-2.0
"""`equipoise export`: a saved model for runtimes without Equipoise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli import options
from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import say_wrote, steps

OutPath = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        help="A new folder, or a file whose name ends in .onnx.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="saved_model or onnx.",
        show_default="onnx if --out ends in .onnx, else saved_model",
    ),
]


def export(model: options.ModelFile, out: OutPath, format: Format = None) -> None:
    """Write a model as a SavedModel or as ONNX, and check it.

    The check is that its results agree with those of the model.
    """
    with without_tensorflow_lines(), steps(f"reading {model.name}") as show:
        from equipoise.export.formats import export as write_export
        from equipoise.verbs.model import load_model

        fitted = load_model(model)
        written = write_export(fitted, out, format=format, say=show)
    say_wrote(written)
