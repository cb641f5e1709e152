# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share, each with one text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.reading.formats import ACCEPTED

if TYPE_CHECKING:
    from equipoise.decision.costs import Costs
    from equipoise.reading.options import ReadingOptions
    from equipoise.stores.stored_table import StoredTable
    from equipoise.table.table import Table
    from equipoise.verbs.trial import Trial

OBJECTIVES = ("f1", "f2", "f0.5", "balanced_accuracy", "g_mean", "mcc")
"""Those that need no number; costs and floors have options of their own."""

Source = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help=f"{ACCEPTED}; or example:digits, example:digits-hard.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        metavar="COLUMN",
        help="The column to predict.",
        show_default=False,
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--targets",
        metavar="PATTERN",
        help="In place of --target: the columns of several labels that do not exclude "
        "each other, such as 'label_*'; may be repeated.",
        show_default=False,
    ),
]
TunedNames = Annotated[
    str | None,
    typer.Option(
        "--tune",
        metavar="NAMES",
        help="Strategies, separated by commas, that are tried a second time with "
        "options that a search inside each training part chooses.",
        show_default=False,
    ),
]
TrialCount = Annotated[
    int,
    typer.Option("--trials", metavar="N", help="Candidates of each search of --tune."),
]
TaskName = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="NAME",
        help="binary, multiclass or multilabel, if the target does not tell.",
        show_default=False,
    ),
]
Positive = Annotated[
    str | None,
    typer.Option(
        metavar="LABEL",
        help="The class to find, as written in the target; several, separated by "
        "commas, count as one class.",
        show_default="the rarest",
    ),
]
TestFile = Annotated[
    str | None,
    typer.Option(
        "--test",
        metavar="FILE",
        help="A separate test file with the same columns; nothing is chosen on it.",
        show_default=False,
    ),
]
GroupColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Rows that share this value stay on one side of every split.",
        show_default=False,
    ),
]
TimeColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Split by time along this column: the past predicts the future.",
        show_default=False,
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Leave a column out; may be repeated.",
        show_default=False,
    ),
]
KeepColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-column",
        metavar="COLUMN",
        help="Take a column as a feature even if it looks like an identifier; may be "
        "repeated.",
        show_default=False,
    ),
]
Unlabelled = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Rows without a label (missing, or a value such as -1 besides 0 and 1): "
        "refuse, drop, or keep if that value is a class.",
    ),
]
DayFirst = Annotated[
    bool | None,
    typer.Option(
        "--day-first/--month-first",
        help="How to read 03/04/2021 if no date of the column settles it: 3 April or "
        "4 March.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="One seed gives one result.")]
DuplicatesName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Rows that are equal in all features: group keeps them on one side of "
        "every split, ignore does not, auto does if they are probably copies.",
    ),
]
Network = Annotated[str, typer.Option(help="default, small (a first look) or linear.")]
ProductPrecision = Annotated[
    str,
    typer.Option(
        metavar="float32|bfloat16",
        help="The number format of products while networks are trained. bfloat16 is "
        "faster on processors with units for it.",
    ),
]
AllRows = Annotated[
    bool,
    typer.Option(
        "--all-rows",
        help="Learn from all rows. If there are very many, some strategies otherwise "
        "learn from a share of the largest class.",
    ),
]
WorkerCount = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="Do the fits in N processes of this machine. With --out, others can help, "
        "on any machine that sees the folder: equipoise work FOLDER. 0 starts none and "
        "waits for them.",
        show_default=False,
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|ADDRESS",
        help="Do the fits on the Ray cluster at this address (needs the extra [ray]); "
        "local starts a cluster on this machine.",
        show_default=False,
    ),
]
Folds = Annotated[int, typer.Option(help="Number of outer folds.")]
TaskObjectiveName = Annotated[
    str | None,
    typer.Option(
        "--objective",
        metavar="NAME",
        help=f"What the decisions are best at. Two classes: {', '.join(OBJECTIVES)}. "
        "Several classes or labels: macro_f1, balanced_accuracy (classes), "
        "subset_accuracy (labels) and others; an unknown name lists all.",
        show_default="f1, or macro_f1",
    ),
]
MetricName = Annotated[
    str | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="The metric that ranks the strategies and decides the verdict, for "
        "example balanced_accuracy; an unknown name lists all.",
        show_default="average_precision, or macro_average_precision",
    ),
]
RareName = Annotated[
    str,
    typer.Option(
        "--rare",
        metavar="NAME",
        help="Classes, or labels, with fewer rows than folds: keep trains on them and "
        "does not judge them, merge makes one class of these classes, drop leaves them "
        "out.",
    ),
]
CostsFile = Annotated[
    Path | None,
    typer.Option(
        "--costs",
        metavar="FILE",
        help="Several classes: a CSV file with what each decision costs, one line per "
        "true class and one column per decision, both with names.",
        show_default=False,
    ),
]
CostFp = Annotated[
    float | None,
    typer.Option("--cost-fp", help="Cost of a false alarm; needs --cost-fn."),
]
CostFn = Annotated[
    float | None,
    typer.Option("--cost-fn", help="Cost of a missed positive; needs --cost-fp."),
]
CostAbstain = Annotated[
    float | None,
    typer.Option(
        "--cost-abstain",
        help="Cost of leaving a row undecided, for somebody else to decide; needs "
        "--cost-fp and --cost-fn.",
    ),
]
ModelFile = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="A model that fit saved.", show_default=False),
]


def runner(workers: int | None, ray: str | None, folder: Path | None = None) -> Any:
    """Return who does the fits; None for this process.

    Args:
        workers: How many processes, or None.
        ray: The address of a Ray cluster, or None.
        folder: Where workers find the trial; None for a temporary folder.
    """
    if workers is not None and ray is not None:
        raise typer.BadParameter("--workers and --ray exclude each other: give one")
    if ray is not None:
        from equipoise.workers.ray_tasks import Ray

        return Ray(ray)
    if workers is None:
        return None
    from equipoise.workers.processes import Workers

    if workers == 0 and folder is None:
        raise typer.BadParameter(
            "--workers 0 needs --out FOLDER, where workers find the trial"
        )
    return Workers(workers, folder)


Memory = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="For rows larger than memory: how much of it they may take, such as 2GB. "
        "FILE is then a file, a folder of files or a pattern in quotes; the rows are "
        "written once to a store.",
        show_default=False,
    ),
]
Store = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="FOLDER",
        help="With --memory: where the store is written.",
        show_default="beside the files",
    ),
]


@dataclass(frozen=True)
class Reading:
    """The options that say how a table is read; see `read_table` for each."""

    target: str | None = None
    positive: str | None = None
    group: str | None = None
    time: str | None = None
    drop: Sequence[str] | None = None
    day_first: bool | None = None
    keep: Sequence[str] | None = None
    unlabelled: str = "refuse"
    targets: Sequence[str] | None = None
    task: str | None = None
    memory: str | None = None
    store: Path | None = None
    draw_by: Sequence[str] = ()

    @property
    def record(self) -> ReadingOptions:
        """How a source is read."""
        from equipoise.reading.options import ReadingOptions

        return ReadingOptions(**self.arguments(), draw_by=self.draw_by)

    def drawing_by(self, arms: Any) -> Reading:
        """Return the same with the columns by which strategies draw rows.

        Args:
            arms: The strategies, or their names; None for the usual ones.
        """
        from equipoise.strategies.catalogue import as_strategies, columns_to_draw_by

        if arms is None:
            return self
        columns = columns_to_draw_by(as_strategies(arms), self.group)
        return replace(self, draw_by=columns)

    def read(
        self, source: str, test: str | None = None
    ) -> tuple[Table | StoredTable, Any]:
        """Return the table of a source, and that of `--test`.

        With `--memory` the rows stay on disk, and the verb reads the test file.
        """
        from equipoise.reading.read import read_stored, read_with_test

        if self.memory is not None:
            table = read_stored(
                source, self.target, self.record, self.memory, store=self.store
            )
            return table, test
        if self.store is not None:
            raise typer.BadParameter("--store is for --memory: give both, or neither")
        return read_with_test(source, self.target, test, self.record)

    def arguments(self) -> dict[str, Any]:
        """Return the options as arguments of `ReadingOptions`."""
        return {
            "positive": self.positive,
            "task": self.task,
            "targets": list(self.targets) if self.targets else None,
            "group": self.group,
            "time": self.time,
            "drop": self.drop or (),
            "keep": self.keep or (),
            "unlabelled": self.unlabelled,
            "day_first": self.day_first,
        }

    def remembered(self, trial: Trial, source: str, test: str | None) -> Trial:
        """Return a trial that knows how its rows were read, for further arms.

        Args:
            trial: What `compare` gave for the table.
            source: The file.
            test: Of `--test`.
        """
        from equipoise.cli.origin import origin_of
        from equipoise.verbs.trial_again import reading_of

        basis = trial.basis
        if basis is None:  # of rows that stay on disk
            return trial
        origin = origin_of({"Table": source, "Test file": test})
        read = reading_of(source, self.target, test, **self.arguments())
        return replace(trial, basis=replace(basis, reading=read, origin=origin))

    def options(self) -> list[tuple[str, Any]]:
        """Return the same options for another verb's command."""
        order = {None: "", True: "--day-first", False: "--month-first"}
        return [
            ("--target", self.target),
            ("--targets", list(self.targets or ())),
            ("--task", self.task),
            ("--positive", self.positive),
            ("--group", self.group),
            ("--time", self.time),
            ("--drop", list(self.drop or ())),
            ("--keep-column", list(self.keep or ())),
            ("--unlabelled", None if self.unlabelled == "refuse" else self.unlabelled),
            (order[self.day_first], None if self.day_first is None else True),
            ("--memory", self.memory),
            ("--store", self.store),
        ]


def costs(
    fp: float | None, fn: float | None, abstain: float | None = None
) -> Costs | tuple[float, float] | None:
    """Return the costs, or None if none is given.

    Raises:
        typer.BadParameter: Only one of the first two is given, or the third without
            them.
    """
    if fp is None and fn is None and abstain is None:
        return None
    if fp is None or fn is None:
        raise typer.BadParameter(
            "give both --cost-fp and --cost-fn, or neither"
            if abstain is None
            else "give --cost-fp and --cost-fn with --cost-abstain"
        )
    if abstain is None:
        return fp, fn
    from equipoise.decision.costs import Costs

    return Costs(fp=fp, fn=fn, abstain=abstain)


def costs_of_classes(
    file: Path | None,
    pair: Costs | tuple[float, float] | None,
    table: Table | StoredTable,
    rare: str = "keep",
    folds: int = 5,
    duplicates: str = "auto",
) -> Any:
    """Return the costs that `--costs` or the options of two costs give for a table.

    Args:
        file: Of `--costs`, or None.
        pair: What `costs` gave: of `--cost-fp` and its kin.
        table: The rows, whose classes the file names.
        rare: What becomes of rare classes: the file names those that are left.
        folds: By which classes are rare.
        duplicates: Which equal rows are one case.

    Returns:
        A `CostMatrix`; the pair of two classes or of labels; or None.

    Raises:
        typer.BadParameter: The options do not serve the task of the table.
        InputError: The file is no matrix of the costs of the table's classes.
    """
    from equipoise.decision.cost_files import read_costs
    from equipoise.stores.rare_stored import treat_rare_store
    from equipoise.table.rare_classes import treat_rare
    from equipoise.table.table import Table
    from equipoise.table.units import tied_rows

    classes = table.task.kind == "multiclass"
    if pair is not None and classes:
        raise typer.BadParameter(
            "--cost-fp and --cost-fn are for two classes, or for labels, and "
            f"{table.target} has {len(table.classes)} classes: give --costs FILE"
        )
    if file is None:
        return pair
    if not classes:
        what = "two classes" if table.task.kind == "binary" else "labels"
        raise typer.BadParameter(
            f"--costs FILE is for several classes, and these are {what}: give "
            "--cost-fp and --cost-fn"
        )
    if rare != "keep":
        if isinstance(table, Table):
            units = tied_rows(table, duplicates)
            table, _ = treat_rare(table, rare, folds, units=units)
        else:
            table, _, _ = treat_rare_store(table, rare, folds)
    return read_costs(file, table.classes)


def require_one_goal(
    objective: str | None,
    pair: Costs | tuple[float, float] | None,
    file: Path | None,
) -> None:
    """Check that costs are given once, and no objective beside them.

    Args:
        objective: Of `--objective`.
        pair: What `costs` gave.
        file: Of `--costs`.

    Raises:
        typer.BadParameter: Two of them are given.
    """
    if pair is not None and file is not None:
        raise typer.BadParameter("give --costs or --cost-fp and --cost-fn, not both")
    if objective is not None and (pair is not None or file is not None):
        raise typer.BadParameter("give --objective or costs, not both")


def parse_objective(name: str | None) -> str | None:
    """Check the name of an objective of two classes and return it.

    Args:
        name: What was given.

    Raises:
        InputError: There is no objective of that name.
    """
    from equipoise._core.checks import one_of

    return None if name is None else one_of(name, OBJECTIVES, "objective")


def parse_task_objective(name: str | None) -> str | None:
    """Check the name of an objective of any task and return it.

    Args:
        name: What was given.

    Raises:
        InputError: There is no objective of that name.
    """
    from equipoise._core.checks import one_of

    names = task_objective_words()
    return None if name is None else one_of(name, names, "objective")


def task_objective_words() -> tuple[str, ...]:
    """Return the objectives of any task that `--objective` takes."""
    from equipoise.decision.task_objectives import CLASS_OBJECTIVES, LABEL_OBJECTIVES

    names = dict.fromkeys([*OBJECTIVES, *CLASS_OBJECTIVES, *LABEL_OBJECTIVES])
    del names["cost"]  # costs have options of their own
    return tuple(names)


def floors(texts: Sequence[str] | None) -> dict[str, dict[str, float]] | None:
    """Return the floors of named classes or labels.

    Args:
        texts: Such as "POX:recall=0.9"; the name may hold colons. None without any.

    Raises:
        typer.BadParameter: One is not of this form.

    Example:
        >>> floors(["a:recall=0.9", "a:precision=0.5", "b:c:recall=1"])
        {'a': {'recall': 0.9, 'precision': 0.5}, 'b:c': {'recall': 1.0}}
    """
    if not texts:
        return None
    named: dict[str, dict[str, float]] = {}
    for text in texts:
        name, colon, floor = text.rpartition(":")
        what, _, number = floor.partition("=")
        what = what.strip()
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        fits = name.strip() and colon and what in ("recall", "precision")
        if not fits or math.isnan(value):
            raise typer.BadParameter(
                f"--floor takes NAME:recall=NUMBER or NAME:precision=NUMBER, not "
                f"{text!r}"
            )
        if what in named.setdefault(name.strip(), {}):
            raise typer.BadParameter(f"--floor gives {name}:{what} twice")
        named[name.strip()][what] = value
    return named


def require_goal_of_several(table: Table | StoredTable, **goals: float | None) -> None:
    """Check that no goal is asked for that two classes alone have.

    Args:
        table: Of several classes or labels.
        **goals: By argument; None if not given.

    Raises:
        typer.BadParameter: One is given.
    """
    for name, value in goals.items():
        if value is None:
            continue
        noun = "labels" if table.task.kind == "multilabel" else "classes"
        totals = table.task.totals(table.labels())
        rows = totals[:, 1] if totals.ndim == 2 else totals
        rarest = table.classes[int(rows.argmin())]
        what = "precision" if name == "precision_floor" else "recall"
        raise typer.BadParameter(
            f"--{name.replace('_', '-')} is for two classes, and these are "
            f"{len(table.classes)} {noun}: give --floor '{rarest}:{what}=0.9', costs "
            "or --objective"
        )


def with_tuned(
    strategies: str | None, tune: str | None, trials: int
) -> list[Any] | None:
    """Return the strategies of `--strategies` and `--tune`; None for the usual ones.

    Args:
        strategies: Names separated by commas, or None.
        tune: Names of those that are also tuned, or None.
        trials: How many candidates each search has.
    """
    arms: list[Any] | None = None if strategies is None else names(strategies)
    if tune is None:
        return arms
    from equipoise.strategies.tuned import Tuned
    from equipoise.verbs.compare import DEFAULT_STRATEGIES

    usual = list(DEFAULT_STRATEGIES) if arms is None else arms
    return [*usual, *(Tuned(name, trials=trials) for name in names(tune))]


def say_flattery(arms: list[Any] | None, table: Table | StoredTable) -> None:
    """Print, before a search begins, what the best of equals would seem to gain."""
    from equipoise.cli.terminal import say_hint
    from equipoise.strategies.tuned import Tuned, flattery_note

    tuned = [arm for arm in arms or () if isinstance(arm, Tuned)]
    if tuned:
        rarest = float(table.task.totals(table.labels()).min())
        for arm in tuned:
            say_hint(flattery_note(arm, rarest))


def names(text: str) -> list[str]:
    """Return the names of a list that is separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
