# SPDX-License-Identifier: Apache-2.0
"""`equipoise evaluate`: a saved model on labelled rows that it has not seen."""

from __future__ import annotations

import warnings
from typing import Annotated

import typer

from equipoise.cli import options
from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import console
from equipoise.errors import TrialWarning


def evaluate(
    model: options.Model,
    source: options.Source,
    target: options.Target = None,
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print plain data instead of sentences.")
    ] = False,
    seed: options.Seed = 0,
) -> None:
    """Print every metric with its interval on new labelled rows."""
    from equipoise._core.files import to_json
    from equipoise.workflows.storage import load

    with without_tensorflow_lines(), warnings.catch_warnings():
        # What was noticed stands among the notes of what is printed.
        warnings.simplefilter("ignore", TrialWarning)
        found = load(model).evaluate(source, target, level=level, seed=seed)
    text = to_json(found.as_dict()) if as_json else str(found)
    console().print(text, markup=False, highlight=False, soft_wrap=True)
