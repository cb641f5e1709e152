# SPDX-License-Identifier: Apache-2.0
"""`equipoise compare`: every remedy in one fair trial."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.cli import options
from equipoise.cli.config import ConfigFile, WriteConfig, write_config
from equipoise.cli.quiet import without_tensorflow_lines
from equipoise.cli.terminal import (
    progress,
    say_hint,
    say_next,
    say_text,
    say_written,
    say_wrote,
    show_trial,
    steps,
)
from equipoise.cli.wording import command, in_options

if TYPE_CHECKING:
    from equipoise.verbs.trial import Trial

Strategies = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="What to try, separated by commas, for example "
        "plain,smote,focal,bagging. An unknown name lists all. groups_COLUMN draws "
        "rows by the groups of a column, each alike.",
        show_default="prior,logistic,trees,plain,class_weight,auto",
    ),
]
RepeatCount = Annotated[
    str,
    typer.Option(metavar="N|auto", help="Repeats of the folds; auto spends --minutes."),
]

OutFolder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FOLDER",
        help="Write report.html and comparison.json here, and what is needed to resume "
        "after an interruption.",
        show_default=False,
    ),
]
Tensorboard = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Also write TensorBoard runs, one per strategy, to a new folder.",
        show_default=False,
    ),
]
Mlflow = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="Also log to this MLflow tracking server, one run per strategy.",
        show_default=False,
    ),
]

Unseen = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN|auto",
        help="Leave one kind of positives out of training at a time: the kinds of this "
        "column, or clusters of the positives.",
        show_default=False,
    ),
]

CHECKPOINTS = ".checkpoints"
QUEUE = "queue"
"""Below the checkpoints: where workers find the trial."""
CHOICE_OF_ARM = ("--strategy", "--trials", "--all-rows")
"""The options of `fit` that say which arm of a trial it makes."""


def compare(
    context: typer.Context,
    source: options.Source,
    config: ConfigFile = None,
    write: WriteConfig = None,
    target: options.Target = None,
    targets: options.Targets = None,
    task: options.TaskName = None,
    test: options.TestFile = None,
    positive: options.Positive = None,
    group: options.GroupColumn = None,
    time: options.TimeColumn = None,
    drop: options.Drop = None,
    keep: options.KeepColumn = None,
    unlabelled: options.Unlabelled = "refuse",
    day_first: options.DayFirst = None,
    strategies: Strategies = None,
    tune: options.TunedNames = None,
    trials: options.TrialCount = 32,
    folds: options.Folds = 5,
    repeats: RepeatCount = "auto",
    minutes: Annotated[
        float, typer.Option(help="Time budget of --repeats auto, in minutes.")
    ] = 2.0,
    duplicates: options.DuplicatesName = "auto",
    rare: options.RareName = "keep",
    unseen: Unseen = None,
    importance: Annotated[
        bool,
        typer.Option(
            "--importance",
            help="Say which columns the ranking of the chosen strategy depends on; it "
            "is fitted once more for that.",
        ),
    ] = False,
    metric: options.MetricName = None,
    objective: options.TaskObjectiveName = None,
    cost_fp: options.CostFp = None,
    cost_fn: options.CostFn = None,
    cost_abstain: options.CostAbstain = None,
    costs_file: options.CostsFile = None,
    network: options.Network = "default",
    precision: options.ProductPrecision = "float32",
    all_rows: options.AllRows = False,
    seed: options.Seed = 0,
    workers: options.WorkerCount = None,
    ray: options.RayAddress = None,
    out: OutFolder = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace another trial in --out FOLDER.")
    ] = False,
    tensorboard: Tensorboard = None,
    mlflow: Mlflow = None,
    memory: options.Memory = None,
    store: options.Store = None,
) -> None:
    """Try every remedy in one fair trial, and say what helps.

    With --out, a trial that was interrupted resumes when the same command is given
    again: each fit is saved when it ends, and the state of the networks every half
    minute. A trial that is finished is shown again, and with more strategies only
    these are trained.
    """
    with steps("starting"):
        from equipoise._core.outputs import writable_folder, write_or_rescue
        from equipoise.models.trial_file import TRIAL_FILE
        from equipoise.training.settings import TrainingSettings
        from equipoise.verbs.compare import compare as run

    if write is not None:
        write_config(context, write)
        say_wrote(write)
        return
    if out is not None:
        writable_folder(out, "out")
    _require_trackers(tensorboard, mlflow)
    checkpoints = None if out is None else out / CHECKPOINTS
    queue = None if checkpoints is None else checkpoints / QUEUE
    runner = options.runner(workers, ray, queue)
    pair = options.costs(cost_fp, cost_fn, cost_abstain)
    options.require_one_goal(objective, pair, costs_file)
    arms = options.with_tuned(strategies, tune, trials)
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
    ).drawing_by(arms)
    if unseen is None or unseen == "auto":
        table, later = reading.read(source, test)
    else:  # it is kept while it is read, whatever it looks like, and no feature then
        kept_column = dataclasses.replace(reading, keep=[*(keep or ()), unseen])
        table, later = kept_column.read(source, test)
        reading = dataclasses.replace(reading, drop=[*(drop or ()), unseen])
    if table.task.kind == "binary":
        options.parse_objective(objective)
    costs = options.costs_of_classes(costs_file, pair, table, rare, folds, duplicates)
    earlier = out is not None and not force and (out / TRIAL_FILE).exists()
    options.say_flattery(arms, table)
    with (
        _telling_how_to_resume(checkpoints),
        without_tensorflow_lines(),
        progress() as show,
    ):
        trial = run(
            table,
            test=later,
            strategies=arms,
            folds=folds,
            repeats=_repeats(repeats),
            minutes=minutes,
            duplicates=duplicates,
            rare=rare,
            unseen=unseen,
            importance=importance,
            metric=metric,
            objective=objective,
            costs=costs,
            network=network,
            precision=precision,
            training=TrainingSettings(fewer_rows=False) if all_rows else None,
            checkpoints=checkpoints,
            folder=out,
            force=force,
            seed=seed,
            runner=runner,
            progress=show,
        )
    if earlier:
        say_hint(f"{out} holds this trial: only what is new was trained.")
    show_trial(trial, in_options(context))
    elsewhere = ""
    if out is not None:
        trial = reading.remembered(trial, source, test)
        files, elsewhere = write_or_rescue(trial.write, out)
        say_written(files, elsewhere, leave=False)
    if checkpoints is not None and checkpoints.exists() and not elsewhere:
        shutil.rmtree(checkpoints)
    with without_tensorflow_lines():
        for line in _tracked(trial, tensorboard, mlflow):
            say_text(line)
    _say_how_to_go_on(trial, source, reading, rare, costs_file)
    if elsewhere:
        raise typer.Exit(1)


def _say_how_to_go_on(
    trial: Trial,
    source: str,
    reading: options.Reading,
    rare: str,
    costs_file: Path | None,
) -> None:
    """Tell the command that fits the arm to take, if there is one."""
    from equipoise.report.summary_choice import (
        alternative,
        fitting,
        highest_word,
        options_text,
    )

    fitted = fitting(trial, trial.best.name, costs_file=costs_file).options
    if fitted is None:
        return
    words = [*reading.options(), *fitted, ("--out", "model.equipoise")]
    if rare != "keep":
        words.insert(-1, ("--rare", rare))
    other = alternative(trial)
    if other is not None and trial.best.name == trial.results.baseline:
        made = fitting(trial, other).options or (("--strategy", other),)
        instead = options_text(pair for pair in made if pair[0] in CHOICE_OF_ARM)
        say_hint(
            f"{other} measured {highest_word(trial)}, but was not shown to beat "
            f"{trial.best.name}; to use it, pass {instead} below."
        )
    say_next(command("fit", source, words))


@contextlib.contextmanager
def _telling_how_to_resume(checkpoints: Path | None) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:  # the latter is that of a signal
        if checkpoints is None:
            say_hint("With --out FOLDER, a trial that is stopped can be resumed.")
        else:
            say_hint(_what_is_saved(stop, checkpoints))
        raise


def _what_is_saved(stop: BaseException, checkpoints: Path) -> str:
    """Return what is saved of a trial at a stop, and how to go on.

    Args:
        stop: Its last note is that of the runner, if the runner has said something.
        checkpoints: Where the trial is saved.
    """
    saved = any(path.is_file() for path in checkpoints.rglob("*.checkpoint"))
    if not saved:
        return "Nothing is saved yet: no fit had ended. The same command begins again."
    notes = getattr(stop, "__notes__", ())
    said = notes[-1] if notes else f"What was done is saved in {str(checkpoints)!r}."
    return (
        f"{said} Run the same command again: it resumes from there, with the same "
        "results."
    )


def _require_trackers(tensorboard: Path | None, mlflow: str | None) -> None:
    """Raise before the trial if its result could not be written after it."""
    if tensorboard is not None:
        from equipoise.report.tracking.tensorboard import require_tensorboard

        require_tensorboard(tensorboard)
    if mlflow is not None:
        from equipoise.report.tracking.mlflow import require_mlflow

        require_mlflow(mlflow)


def _tracked(
    trial: Trial, tensorboard: Path | None, mlflow: str | None
) -> Iterator[str]:
    """Hand the trial to the trackers, and yield a line about each."""
    if tensorboard is not None:
        yield f"wrote {trial.to_tensorboard(tensorboard)}"
    if mlflow is not None:
        runs = trial.to_mlflow(uri=mlflow)
        count = len(runs) - 1
        yield f"logged {count} {'strategy' if count == 1 else 'strategies'} to {mlflow}"


def _repeats(text: str) -> int | str:
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(
            f"--repeats takes a whole number or auto, not {text!r}"
        ) from None
