# SPDX-License-Identifier: Apache-2.0
"""`equipoise importance`: what a saved model owes to each column."""

from __future__ import annotations

from typing import Annotated

import typer

from equipoise.cli import options
from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import progress, say_text


def importance(
    model: options.ModelFile,
    source: options.Source,
    target: options.Target = None,
    targets: options.Targets = None,
    metric: Annotated[
        str,
        typer.Option(
            help="The metric whose drop is measured: average_precision or roc_auc."
        ),
    ] = "average_precision",
    permutations: Annotated[
        int, typer.Option(help="How often each column is shuffled.")
    ] = 5,
    together: Annotated[
        float,
        typer.Option(
            help="Columns with a higher association than this are shuffled together."
        ),
    ] = 0.8,
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print plain data instead of sentences.")
    ] = False,
    seed: options.Seed = 0,
) -> None:
    """Say which columns the ranking of a model depends on.

    It also names the columns of which that cannot be told.

    FILE holds labelled rows: those of the training, each of which is scored by models
    that have not seen it, or new ones.
    """
    from equipoise._core.files import to_json
    from equipoise.verbs.model import load

    with without_tensorflow_lines(), progress() as show:
        made = load(model).importance(
            source,
            targets or target,
            metric=metric,
            permutations=permutations,
            together=together,
            level=level,
            seed=seed,
            progress=show,
        )
    say_text(to_json(made.to_dict()) if as_json else str(made))
