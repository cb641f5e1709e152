# SPDX-License-Identifier: Apache-2.0
"""Which rows `fit` learns from, how much each counts, and which it sets aside."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive, generator
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.errors import SplitError, UnsupportedError
from equipoise.learners.user_model.input import UserInput
from equipoise.metrics.inputs import check_row_weights
from equipoise.models.goal import Goal
from equipoise.table.splits import inner_split
from equipoise.table.table import (
    Table,
)
from equipoise.table.units import one_of_each, tied_rows
from equipoise.trials.learner_choice import labels_of
from equipoise.trials.protocol import split_by

CERTIFY_SHARE = 1 / 3


def user_rows(source: Any, **roles: Any) -> tuple[Table, AnyArray]:
    """Return the labels as a table, and what the user's own network takes.

    Args:
        source: `(x, y)`.
        **roles: `positive`, `group`, `time` and `unlabelled`, as `labels_of` takes
            them.
    """
    table, x = labels_of(source, **roles)
    return table, UserInput.of(x).read(x)


def read_weights(
    weights: npt.ArrayLike | None, rows: int, goal: Goal
) -> FloatArray | None:
    """Return how much each row counts, `[rows]`; None where all count alike.

    Args:
        weights: What the user gave.
        rows: How many there are.
        goal: What the decision rule is to reach.

    Raises:
        InputError: There are not as many weights as rows, or one is negative or no
            number, or all are zero.
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


def rows_that_count(
    table: Table, x: AnyArray | None, weights: FloatArray
) -> tuple[Table, AnyArray | None, FloatArray]:
    """Return the rows of weight above 0, and their weights.

    Args:
        table: All rows.
        x: What the user's own network takes of them; None without one.
        weights: `[rows]`.
    """
    kept = weights > 0
    if kept.all():
        return table, x, weights
    return table.take(kept), None if x is None else x[kept], weights[kept]


def hold_out(
    table: Table, goal: Goal, seed: int, duplicates: str = "auto"
) -> tuple[IntArray, IntArray | None]:
    """Set rows aside that nothing will see, where a floor is to be certified.

    Of rows that are one case (`tied_rows`) one is set aside, drawn at random, and the
    others are left out: an exact binomial bound counts independent cases.

    Args:
        table: All rows.
        goal: What the decision rule is to reach.
        seed: One seed gives one division.
        duplicates: As in `outer_splits`.

    Returns:
        The rows to fit on, and the others; None where there are none.
    """
    rows = np.arange(len(table))
    if goal.certify is None:
        return rows, None
    try:
        kept, held = inner_split(
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
        return kept, held
    each = one_of_each(units[held], generator(seed, "certify", "units"))
    return kept, held if each is None else held[each]
