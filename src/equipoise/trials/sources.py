# SPDX-License-Identifier: Apache-2.0
"""The rows of a trial: a table, or arrays for a network of the user's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, one_of, sentence
from equipoise._core.types import AnyArray, FloatArray
from equipoise.errors import InputError, InputTypeError, TableError, UnsupportedError
from equipoise.learners.user_model.input import ArrayRows, require_finite
from equipoise.reading.options import ReadingOptions
from equipoise.reading.pairs import paired
from equipoise.reading.read import read_source, read_table, read_test
from equipoise.reading.target import Positives
from equipoise.table.fingerprint import fingerprint
from equipoise.table.rare_classes import (
    RARE,
    rare_classes,
    treat_rare,
    with_classes_of,
)
from equipoise.table.table import Table
from equipoise.table.units import tied_rows

SEVERAL_CLASSES = ("compare", "fit")
"""The verbs that serve several classes and labels."""
MOST_COLUMNS = 10_000
"""Fits take time in proportion to the columns; a trial of more would not end."""


@dataclass(frozen=True, eq=False)
class TrialRows:
    """The rows that a trial or a fit learns from.

    Attributes:
        table: The labels, and the columns if there are any.
        x: `[rows, ...]` what a network of the user's takes; None for columns.
        weights: `[rows]` how much each row counts; None for 1 each.
    """

    table: Table
    x: AnyArray | None = None
    weights: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def model_input(self) -> Table | ArrayRows:
        """What models score."""
        return self.table if self.x is None else ArrayRows(self.x)

    def take(self, rows: AnyArray) -> TrialRows:
        """Return some of the rows.

        Args:
            rows: Positions or a mask.
        """
        return TrialRows(
            self.table.take(rows),
            None if self.x is None else self.x[rows],
            None if self.weights is None else self.weights[rows],
        )


def read_trial(
    source: Any,
    target: Any,
    test: Any = None,
    *,
    verb: str,
    model: Callable[[], Any] | None,
    **reading: Any,
) -> tuple[TrialRows, Table | None]:
    """Read the rows of a trial, and those of a separate test table.

    Args:
        source: Anything that `read_table` takes; with `model` a pair `(x, y)`.
        target: The target's name if `source` is a path or a frame; or the labels.
        test: A source of test rows, or None.
        verb: Who asks, for messages.
        model: Returns the user's network, or None.
        **reading: `positive`, `task`, `targets`, `group`, `time`, `drop`, `keep`,
            `unlabelled` and `day_first`, as the verb takes them, and `draw_by`.

    Returns:
        The rows, and the test table or None.

    Raises:
        UnsupportedError: The verb does not serve the task of the table; or an argument
            about columns or files stands beside `model`.
        TableError: There are more than `MOST_COLUMNS`.
    """
    test_table = None
    source, target = paired(source, target)
    if model is None:
        options = ReadingOptions(**reading)
        rows = TrialRows(read_source(source, target, options))
        test_table = read_test(test, target, options, like=rows.table)
    else:
        reading.pop("draw_by", None)
        named = ("drop", "keep", "day_first", "targets")
        columns = {name: reading.pop(name, None) for name in named}
        _refuse_columns({"test": test, "target": target, **columns})
        rows = TrialRows(*labels_of(source, **reading))
    if verb not in SEVERAL_CLASSES:
        rows.table.task.require_binary(verb)
    require_columns(rows.table, verb)
    return rows, test_table


def with_rare_classes(
    rows: TrialRows,
    rare: str,
    folds: int,
    duplicates: str,
    test_table: Table | None = None,
) -> tuple[TrialRows, Table | None, tuple[str, ...]]:
    """Keep, merge or drop the classes that have fewer cases than there are folds.

    Args:
        rows: The rows of a trial.
        rare: "keep", "merge" or "drop", see `treat_rare`.
        folds: The number of folds.
        duplicates: Which equal rows are one case (`tied_rows`).
        test_table: A separate test table, or None. It gets the classes that the rows
            have then; which of them are rare is decided on the rows alone.

    Returns:
        The rows, the test table, and a note for each thing that was done.

    Raises:
        InputError: `rare` is none of these.
        TargetError: Too few classes, or no test row, would be left.
    """
    table = rows.table
    if table.task.kind == "binary":
        one_of(rare, RARE, "rare")
        return rows, test_table, ()
    units = tied_rows(table, duplicates)
    treated, notes = treat_rare(table, rare, folds, units=units)
    if treated is table:
        return rows, test_table, notes
    if test_table is not None:
        test_table, more = with_classes_of(test_table, treated)
        notes += more
    if len(treated) == len(rows):
        return dataclasses.replace(rows, table=treated), test_table, notes
    gone = rare_classes(table, folds, units=units)
    left = ~np.isin(table.labels(), gone)
    return dataclasses.replace(rows.take(left), table=treated), test_table, notes


def split_by(table: Table, by: str | None) -> str:
    """Return how a table is to be split: as asked, else by what it holds.

    Raises:
        InputError: `by` is not known.
    """
    if by is not None:
        return one_of(by, ["stratified", "group", "time"], "by")
    if table.time is not None:
        return "time"
    return "group" if table.groups is not None else "stratified"


def labels_of(
    source: Any,
    *,
    positive: Positives | None = None,
    task: str | None = None,
    group: Any = None,
    time: Any = None,
    unlabelled: str = "refuse",
) -> tuple[Table, npt.NDArray[Any]]:
    """Return a table that holds labels only, and what the user's network takes.

    Args:
        source: `(x, y)`: an array with one entry per row, of any shape, and labels.
        positive: The positive class; None for the rarest.
        task: "binary", "multiclass" or "multilabel"; None: what the labels tell.
        group: `[rows]` values; rows with equal ones stay on one side of a split.
        time: `[rows]` by which the rows are ordered and split.
        unlabelled: What becomes of rows without a label, as in `read_table`; rows
            that are dropped are dropped from all arrays.

    Raises:
        InputTypeError: It is no pair; or the network would take several arrays.
        InputError: The lengths differ, or a number is missing or infinite.
    """
    if not isinstance(source, tuple) or len(source) != 2:
        raise InputTypeError(
            sentence(
                f"a source of type {type(source).__name__} with model=",
                "(x, y): an array with one entry per row, and labels",
            )
        )
    x, y = _one_array(source[0]), np.asarray(source[1])
    if x.ndim < 2 or len(x) != len(y):
        raise InputError(
            sentence(
                f"x of shape {x.shape} and y of shape {y.shape}",
                "x of shape [rows, ...] and as many labels",
            )
        )
    require_finite(x)
    # The labels' own rules are the table's; a number per row makes it one.
    numbers = np.linspace(0.0, 1.0, len(y)) ** 0.5
    table = read_table(
        (numbers[:, None], y), positive=positive, task=task, unlabelled=unlabelled
    )
    labelled = np.searchsorted(numbers, table.columns[0].values)
    roles = {
        name: _per_row(values, name, len(y))[labelled]
        for name, values in {"group": group, "time": time}.items()
        if values is not None
    }
    if roles:
        # Any two classes will do: groups and times are all that is read.
        either = np.arange(len(labelled)) % 2
        columns = {"number": numbers[labelled], "label": either, **roles}
        by_name = {name: name if name in roles else None for name in ("group", "time")}
        ordered = read_table(
            columns, "label", positive=1, group=by_name["group"], time=by_name["time"]
        )
        table = dataclasses.replace(table, groups=ordered.groups, time=ordered.time)
    x = x[labelled] if len(labelled) < len(x) else x
    return dataclasses.replace(table, columns=(), fingerprint=fingerprint(x)), x


def _one_array(x: Any) -> npt.NDArray[Any]:
    """Return x as an array.

    Raises:
        InputTypeError: It is several arrays.
    """
    several = isinstance(x, Mapping) or (
        isinstance(x, list | tuple) and any(np.ndim(part) > 1 for part in x)
    )
    if several:
        names = f" ({listing(x)})" if isinstance(x, Mapping) else ""
        raise InputTypeError(
            sentence(
                f"{len(x)} arrays{names} as the input of model=",
                "one array [rows, ...]",
                "Join them, for example numpy.concatenate([a, b], axis=1), and let the "
                "model take them apart: inputs = keras.Input((5,)); first = "
                "inputs[:, :3]; second = inputs[:, 3:].",
            )
        )
    return np.asarray(x)


def _per_row(values: Any, name: str, rows: int) -> npt.NDArray[Any]:
    """Return one value per row.

    Raises:
        InputTypeError: It is the name of a column, which arrays do not have.
        InputError: There are not as many values as rows.
    """
    if isinstance(values, str):
        raise InputTypeError(
            sentence(
                f"{name}={values!r} with model=",
                "an array with one value per row",
                "Arrays (x, y) have no columns to name.",
            )
        )
    each = np.asarray(values)
    if each.shape != (rows,):
        raise InputError(
            sentence(
                f"{name}= of shape {each.shape} for {rows:,} rows",
                f"one value per row: shape ({rows},)",
            )
        )
    return each


def _refuse_columns(arguments: Mapping[str, Any]) -> None:
    """Refuse what is about columns or files beside a network of the user's.

    Args:
        arguments: By name; None and empty ones were not used.

    Raises:
        UnsupportedError: One of them was.
    """
    for name, value in arguments.items():
        if value is None or value == ():
            continue
        raise UnsupportedError(
            sentence(
                f"{name}= with model=",
                "one of them, for now",
                "Put the test rows into (x, y), or score them with your model."
                if name == "test"
                else "Arrays (x, y) have no columns to name.",
            )
        )


def require_columns(table: Table, what: str) -> None:
    """Raise if a table has so many columns that the fits would not end.

    Args:
        table: The table.
        what: The verb that asks, for the message.

    Raises:
        TableError: It has more than `MOST_COLUMNS`.
    """
    count = len(table.columns)
    if count > MOST_COLUMNS:
        raise TableError(
            sentence(
                f"a table of {count:,} columns for {what}",
                f"at most {MOST_COLUMNS:,}",
                "Choose columns without the target, for example those of the largest "
                "variance: data[data.var(numeric_only=True).nlargest(2000).index]. A "
                "choice by the target would have to be made again in each fold.",
            )
        )
