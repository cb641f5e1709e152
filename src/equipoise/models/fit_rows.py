# SPDX-License-Identifier: Apache-2.0
"""Which rows `fit` learns from, how much each counts, and which it sets aside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive, generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import InputError, RefusedError, SplitError, UnsupportedError
from equipoise.learners.user_model.input import UserInput
from equipoise.metrics.inputs import check_row_weights
from equipoise.models.goal import Goal
from equipoise.table.rare_classes import too_rare
from equipoise.table.splits import inner_split
from equipoise.table.table import Table, class_counts
from equipoise.table.units import one_of_each, tied_rows
from equipoise.trials.sources import TrialRows, split_by

CERTIFY_SHARE = 1 / 3


def with_weights(
    rows: TrialRows, weights: npt.ArrayLike | None, goal: Goal
) -> TrialRows:
    """Return the rows of weight above 0, with their weights.

    An array for the user's own network gets the type that is stored.

    Args:
        rows: All rows.
        weights: `[rows]` how much each row counts, or None.
        goal: What the decision rule is to reach.

    Raises:
        InputError: The weights cannot be used.
        UnsupportedError: There are weights, and a floor is to be certified.
    """
    x = rows.x
    if x is not None:
        x = UserInput.of(x).read(x)
    each = checked_weights(weights, len(rows), goal)
    rows = replace(rows, x=x, weights=each)
    if each is None or (each > 0).all():
        return rows
    left = rows.take(each > 0)
    if left.table.task.kind == "binary":
        _require_weighted(left.table)
    return left


def _require_weighted(table: Table) -> None:
    """Raise if no row of one of two classes has a weight above 0."""
    for count, name in zip(class_counts(table.labels()), table.classes, strict=True):
        if not count:
            raise InputError(
                sentence(
                    f"weights of 0 for all rows of the class {name!r}",
                    "a weight above 0 for rows of both classes",
                    "Give some of these rows a weight above 0.",
                )
            )


def require_scored_floors(
    goal: Goal, table: Table, folds: int, duplicates: str = "auto"
) -> None:
    """Raise if a floor is asked for a class that has fewer cases than folds.

    Models learn from such a class and no row of it is scored, so no rows can tell
    which threshold meets the floor.

    Args:
        goal: What the decision rule is to reach.
        table: The rows of several classes or labels.
        folds: The number of folds.
        duplicates: As in `outer_splits`.

    Raises:
        RefusedError: The message says what to pass instead.
    """
    if goal.floors is None:
        return
    rare = too_rare(table, folds, tied_rows(table, duplicates))
    for name, reason in rare.items():
        if name in goal.floors:
            raise RefusedError(
                sentence(
                    f"a floor for {name!r}, but {reason}",
                    "floors for what is scored in every fold",
                    "Pass fewer folds, leave the floor out, or collect more such rows.",
                )
            )


def checked_weights(
    weights: npt.ArrayLike | None, rows: int, goal: Goal
) -> FloatArray | None:
    """Return how much each row counts, `[rows]`; None if all count alike.

    Args:
        weights: What the user gave.
        rows: How many there are.
        goal: What the decision rule is to reach.

    Raises:
        InputError: There are not as many weights as rows, or one is negative or not
            finite, or all are zero.
        UnsupportedError: A floor is to be certified.
    """
    if weights is None:
        return None
    each = check_row_weights(weights, (rows,), some=True)
    if goal.certify is not None:
        raise UnsupportedError(
            sentence(
                f"weights with certify={goal.certify}",
                "rows that count alike, or floors that are estimated",
                "Exact binomial bounds count rows.",
            )
        )
    return each


def hold_out(
    table: Table, goal: Goal, seed: int, duplicates: str = "auto"
) -> tuple[IntArray, IntArray | None]:
    """Set rows aside that nothing will see, if a floor is to be certified.

    Of rows that are one case (`tied_rows`) one is set aside, drawn at random, and the
    others are left out: an exact binomial bound counts independent cases.

    Args:
        table: All rows.
        goal: What the decision rule is to reach.
        seed: One seed gives one division.
        duplicates: As in `outer_splits`.

    Returns:
        The rows to fit on, and the others; None if there are none.
    """
    rows = np.arange(len(table))
    if goal.certify is None:
        return rows, None
    try:
        fitted, set_aside = inner_split(
            table,
            rows,
            share=CERTIFY_SHARE,
            seed=derive(seed, "certify"),
            by=split_by(table, None),
            duplicates=duplicates,
        )
    except SplitError as error:
        raise SplitError(
            error.facts,
            "Leave certify= out: the floor is then estimated, not certified.",
        ) from error
    units = tied_rows(table, duplicates)
    if units is None:
        return fitted, set_aside
    each = one_of_each(units[set_aside], generator(seed, "certify", "units"))
    return fitted, set_aside if each is None else set_aside[each]
