# SPDX-License-Identifier: Apache-2.0
"""`equipoise fit`: a model with honest probabilities and a decision rule."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli import options
from equipoise.cli.config import ConfigFile, WriteConfig, write_config
from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import progress, say_text, say_written, say_wrote, steps
from equipoise.cli.wording import in_options

StrategyNames = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="A strategy, several separated by commas, or auto: an average of "
        "networks, trees and linear models.",
    ),
]
OutModel = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="The model's file; its name ends in .equipoise.",
        show_default=False,
    ),
]
PrecisionFloor = Annotated[
    float | None,
    typer.Option(
        help="The lowest precision that the rule may have.", show_default=False
    ),
]
RecallFloor = Annotated[
    float | None,
    typer.Option(help="The lowest recall that the rule may have.", show_default=False),
]
Certify = Annotated[
    float | None,
    typer.Option(
        metavar="LEVEL",
        help="Certify the floors at this confidence, for example 0.95, on a third of "
        "the rows that nothing else sees.",
        show_default=False,
    ),
]
Capacity = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="The largest share of rows that may be flagged.",
        show_default=False,
    ),
]


Floor = Annotated[
    list[str] | None,
    typer.Option(
        "--floor",
        metavar="NAME:WHAT=NUMBER",
        help="Several classes or labels: a floor of one of them, such as "
        "'POX:recall=0.9' or 'POX:precision=0.5'; may be repeated.",
        show_default=False,
    ),
]


def fit(
    context: typer.Context,
    source: options.Source,
    out: OutModel,
    config: ConfigFile = None,
    write: WriteConfig = None,
    test: options.TestFile = None,
    target: options.Target = None,
    targets: options.Targets = None,
    task: options.TaskName = None,
    positive: options.Positive = None,
    group: options.GroupColumn = None,
    time: options.TimeColumn = None,
    drop: options.Drop = None,
    keep: options.KeepColumn = None,
    unlabelled: options.Unlabelled = "refuse",
    day_first: options.DayFirst = None,
    strategy: StrategyNames = "auto",
    precision_floor: PrecisionFloor = None,
    recall_floor: RecallFloor = None,
    floor: Floor = None,
    certify: Certify = None,
    duplicates: options.DuplicatesName = "auto",
    rare: options.RareName = "keep",
    objective: options.TaskObjectiveName = None,
    cost_fp: options.CostFp = None,
    cost_fn: options.CostFn = None,
    cost_abstain: options.CostAbstain = None,
    costs_file: options.CostsFile = None,
    capacity: Capacity = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            metavar="N",
            help="Search the options of the strategies inside each training part, "
            "with N candidates each.",
            show_default=False,
        ),
    ] = None,
    folds: options.Folds = 5,
    minutes: Annotated[
        float,
        typer.Option(help="Time budget in minutes, for drawing the folds again."),
    ] = 5.0,
    network: options.Network = "default",
    precision: options.ProductPrecision = "float32",
    all_rows: options.AllRows = False,
    importance: Annotated[
        bool,
        typer.Option(
            "--importance",
            help="Add to the model's card which columns its ranking depends on.",
        ),
    ] = False,
    seed: options.Seed = 0,
    workers: options.WorkerCount = None,
    ray: options.RayAddress = None,
    memory: options.Memory = None,
    store: options.Store = None,
) -> None:
    """Fit, calibrate and save a model with its decision rule."""
    with steps("starting"):
        from equipoise._core.checks import one_of
        from equipoise._core.outputs import writable_file, write_or_rescue
        from equipoise.models.goal import Goal
        from equipoise.models.storage import model_path
        from equipoise.table.rare_classes import RARE
        from equipoise.training.settings import TrainingSettings
        from equipoise.verbs.fit import fit as run

    if write is not None:
        write_config(context, write)
        say_wrote(write)
        return
    pair = options.costs(cost_fp, cost_fn, cost_abstain)
    options.require_one_goal(objective, pair, costs_file)
    one_of(rare, RARE, "rare")
    goal = Goal(
        objective=options.parse_task_objective(objective),
        precision_floor=precision_floor,
        recall_floor=recall_floor,
        certify=certify,
        costs=pair,
        capacity=capacity,
        floors=options.floors(floor),
    )
    runner = options.runner(workers, ray)
    path = writable_file(model_path(out), "out", inputs=[source])
    reading = options.Reading(
        target,
        positive,
        group,
        time,
        drop,
        day_first,
        keep,
        unlabelled,
        targets,
        task,
        memory,
        store,
    ).drawing_by(None if strategy == "auto" else options.names(strategy))
    table, _ = reading.read(source, test)
    if table.task.kind == "binary":
        options.parse_objective(objective)
    else:
        options.require_goal_of_several(
            table,
            precision_floor=precision_floor,
            recall_floor=recall_floor,
            capacity=capacity,
        )
    costs = options.costs_of_classes(costs_file, pair, table, rare, folds, duplicates)
    goal = dataclasses.replace(goal, costs=costs)
    with without_tensorflow_lines(), progress() as show:
        model = run(
            table,
            strategy="auto" if strategy == "auto" else options.names(strategy),
            goal=goal,
            folds=folds,
            minutes=minutes,
            duplicates=duplicates,
            rare=rare,
            network=network,
            precision=precision,
            training=TrainingSettings(fewer_rows=False) if all_rows else None,
            tune=False if trials is None else trials,
            importance=importance,
            seed=seed,
            runner=runner,
            progress=show,
        )
    say_text(in_options(context)(str(model.card())))
    with without_tensorflow_lines():
        _, elsewhere = write_or_rescue(model.save, path)
    if test is not None:
        with without_tensorflow_lines():
            evaluation = model.evaluate(test, targets or target)
        say_text(f"On {Path(test).name}:\n{evaluation}")
    say_written([path], elsewhere)
