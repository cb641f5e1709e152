# SPDX-License-Identifier: Apache-2.0
"""What each decision costs if there are several classes.

The best decision is the one of least expected cost (Elkan 2001, eq. 1): with calibrated
probabilities p and the cost C_jk of deciding k where the truth is j, it is the k that
minimises the sum over j of p_j C_jk. A threshold for each class against the rest, from
its own two costs, decides differently and costs more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, is_missing
from equipoise._core.checks import MOST_COST, cost_number, listing, nearest, sentence
from equipoise._core.numerals import exact
from equipoise._core.states import texts
from equipoise._core.types import FloatArray
from equipoise.errors import InputError, InputTypeError
from equipoise.reading.class_names import class_number

SIMPLEX_ERROR = 1e-9
"""A decision that is cheaper by no more than this share of the costs is not cheaper."""

AXES = "the true class by row and the decision by column"


@dataclass(frozen=True)
class CostMatrix:
    """The cost of each decision for each true class, in any one unit.

    Only differences within a row matter: adding a constant to all costs of a true
    class changes no decision. So the diagonal may hold the cost of a correct decision.

    Attributes:
        classes: Their names.
        costs: `[classes, classes]`: `costs[j][k]` is the cost of deciding k where
            the truth is j; negative for a gain.
        abstain: Of leaving a row to somebody else; None if every row must be decided.

    Raises:
        InputError: The shape is not one row and one column for each class, or a cost
            is not from -1e30 to 1e30.

    Example:
        >>> costs = CostMatrix(("a", "b"), ((0, 1), (9, 0)))
        >>> costs.decide([[0.8, 0.2], [0.95, 0.05]]).tolist()
        [1, 0]
    """

    classes: tuple[str, ...]
    costs: tuple[tuple[float, ...], ...]
    abstain: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        if len(set(self.classes)) < len(self.classes):
            raise InputError(
                sentence(f"classes {listing(self.classes)}", "each class once")
            )
        table = _table(self.costs, len(self.classes))
        object.__setattr__(self, "costs", _rows(table))
        if self.abstain is not None:
            abstain = cost_number(self.abstain, "cost abstain")
            object.__setattr__(self, "abstain", abstain)

    @property
    def table(self) -> FloatArray:
        """The costs as an array, `[classes, classes]`."""
        return np.array(self.costs)

    def expected(self, probabilities: npt.ArrayLike) -> FloatArray:
        """Return the expected cost of each decision, `[..., classes]`.

        Args:
            probabilities: `[..., classes]`, calibrated.

        Raises:
            InputTypeError: The probabilities are not numbers.
            InputError: There is not one for each class.
        """
        p = floats(probabilities, "probabilities")
        if p.shape[-1:] != (len(self.classes),):
            raise InputError(
                sentence(
                    f"probabilities of shape {p.shape}",
                    f"one for each of {len(self.classes)} classes in the last axis",
                )
            )
        return np.asarray(p @ self.table)

    def decide(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the cheapest decision: a class number, or -1 for abstaining.

        Of equally cheap ones the first class is taken, and any class before
        abstaining.

        Args:
            probabilities: `[..., classes]`, calibrated.

        Raises:
            InputTypeError: The probabilities are not numbers.
            InputError: There is not one for each class, or one is not finite.
        """
        expected = self.expected(probabilities)
        if not np.isfinite(expected).all():
            raise InputError(
                sentence(
                    "probabilities of which some are NaN or infinite",
                    "numbers from 0 to 1 that sum to 1",
                )
            )
        return cheapest(expected, self.abstain)

    def per_row(
        self, probabilities: npt.ArrayLike, decisions: npt.ArrayLike
    ) -> FloatArray:
        """Return the expected cost of each row's decision.

        Args:
            probabilities: `[rows, classes]`, calibrated; or 1 for the true class and
                0 for the others, for what the decisions did cost.
            decisions: `[rows]` class numbers, -1 for abstaining.

        Raises:
            InputError: The shapes do not fit, or a decision is no class.
        """
        expected, chosen = self.expected(probabilities), np.asarray(decisions)
        if chosen.shape != expected.shape[:-1]:
            raise InputError(
                sentence(
                    f"decisions of shape {chosen.shape} for probabilities of shape "
                    f"{expected.shape}",
                    "one decision for each row",
                )
            )
        last = len(self.classes) - 1
        if chosen.size and (
            chosen.dtype.kind not in "iu" or chosen.min() < -1 or chosen.max() > last
        ):
            raise InputError(
                sentence(
                    f"decisions of type {chosen.dtype} up to {chosen.max()}",
                    f"class numbers from 0 to {last}, or -1 for abstaining",
                )
            )
        other = math.nan if self.abstain is None else self.abstain
        cost = np.take_along_axis(expected, np.maximum(chosen, 0)[..., None], -1)
        return np.where(chosen < 0, other, cost[..., 0])

    def never_chosen(self) -> tuple[str, ...]:
        """Return the classes that are the cheapest decision for no probabilities.

        Such a class costs, for every true class, no less than another decision or a
        mixture of others does, so at any probabilities one of them is as cheap.
        """
        options = self.table.T
        if self.abstain is not None:
            options = np.vstack([options, np.full(len(self.classes), self.abstain)])
        return tuple(
            name
            for k, name in enumerate(self.classes)
            if not _can_win(options[k], _rivals(options, k))
        )

    def notes(self) -> tuple[str, ...]:
        """Say what the user should know about these costs; often nothing."""
        table, lines = self.table, []
        if never := self.never_chosen():
            lines.append(
                f"With these costs no row is ever decided to be {listing(never)}: "
                "whatever the probabilities, another decision costs no more"
            )
        correct = table.diagonal()
        paid = [n for n, cost in zip(self.classes, correct, strict=True) if cost != 0]
        if paid:
            lines.append(
                f"Correct decisions of {listing(paid)} have a cost of their own; what "
                "counts is how much more the other decisions of that row cost"
            )
        least = zip(self.classes, table.min(axis=1), correct, strict=True)
        if names := [n for n, low, right in least if low < right]:
            lines.append(
                f"An error costs less than the correct decision where the truth is "
                f"{listing(names)}: are rows and columns exchanged? Rows are true "
                "classes, columns are decisions"
            )
        return tuple(lines)

    def describe(self) -> str:
        """Say in words what the decisions minimise, with the costliest errors."""
        table = self.table - self.table.diagonal()[:, None]
        worst = np.argsort(-table, axis=None, kind="stable")[:3]
        pairs = [np.unravel_index(i, table.shape) for i in worst if table.flat[i] > 0]
        named = "; ".join(
            f"{self.classes[k]!r} where the truth is {self.classes[j]!r}: "
            f"{exact(self.costs[j][k])}"
            for j, k in pairs
        )
        text = "the lowest expected cost"
        if named:
            text += f" (costliest: {named})"
        if self.abstain is not None:
            text += f"; leaving a row undecided costs {exact(self.abstain)}"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "classes": list(self.classes),
            "costs": [list(row) for row in self.costs],
            "abstain": self.abstain,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CostMatrix:
        """Rebuild the costs from `to_dict`.

        Args:
            data: What `to_dict` gave.

        Raises:
            InputError: A value cannot be used.
        """
        rows = tuple(tuple(row) for row in data["costs"])
        return cls(texts(data["classes"], "the classes"), rows, data.get("abstain"))


def cost_matrix(
    classes: Sequence[str], matrix: Any, abstain: float | None = None
) -> CostMatrix:
    """Return the costs of a table's classes, whatever order they are given in.

    Args:
        classes: The table's, in its order.
        matrix: The true class by row and the decision by column: a nested mapping
            `{true class: {decision: cost}}` or a data frame, whose names may stand in
            any order; or an array `[classes, classes]` in the order of `classes`. In a
            mapping the cost of a correct decision may be left out, and is then 0.
            Names are spelled as in the table's file: case makes no difference, and 1,
            1.0 and "01" are one number.
        abstain: As in `CostMatrix`.

    Raises:
        InputTypeError: A cost is not a number.
        InputError: A class is missing, or unknown, or occurs twice; or the shape of
            an array does not fit.

    Example:
        >>> costs = {"b": {"a": 9}, "a": {"b": 1}}
        >>> cost_matrix(("a", "b"), costs).costs
        ((0.0, 1.0), (9.0, 0.0))
    """
    names = tuple(classes)
    if isinstance(matrix, CostMatrix):
        named = dict(zip(matrix.classes, matrix.costs, strict=True))
        rows = {
            truth: dict(zip(matrix.classes, row, strict=True))
            for truth, row in named.items()
        }
        return cost_matrix(names, rows, matrix.abstain if abstain is None else abstain)
    if hasattr(matrix, "columns") and hasattr(matrix, "index"):
        matrix = _of_frame(matrix)
    if not isinstance(matrix, Mapping):
        return CostMatrix(names, _rows(_table(matrix, len(names))), abstain)
    truths = named_classes(names, list(matrix), "true class", "row")
    lines = dict(zip(truths, matrix.values(), strict=True))
    table = np.array([_line(names, truth, lines[truth]) for truth in names])
    return CostMatrix(names, _rows(table), abstain)


def _line(names: tuple[str, ...], truth: str, line: Any) -> list[float]:
    """Return the costs of one true class, in the order of the classes."""
    if not isinstance(line, Mapping):
        raise InputTypeError(
            sentence(
                f"costs of the true class {truth!r} of type {type(line).__name__}",
                "a mapping from each decision to its cost",
            )
        )
    cost = dict(
        zip(named_classes(names, list(line), also=truth), line.values(), strict=True)
    )
    return [
        cost_number(
            cost.get(decided, 0.0),
            f"the cost of deciding {decided!r} where the truth is {truth!r}",
        )
        for decided in names
    ]


def named_classes(
    classes: tuple[str, ...],
    received: list[Any],
    what: str = "decision",
    axis: str = "column",
    *,
    where: str = "a cost matrix",
    also: str | None = None,
) -> list[str]:
    """Return the classes that an axis of a cost matrix names, in its order.

    Names are spelled as in `class_number`.

    Args:
        classes: The table's.
        received: The names on the axis.
        what: What the axis holds.
        axis: "row" or "column".
        where: The matrix, for messages.
        also: A class that may be left out.

    Raises:
        InputError: A class is missing, unknown, or named twice.

    Example:
        >>> named_classes(("0", "1"), ["1.0", 0])
        ['1', '0']
    """
    numbers = [None if is_missing(n) else class_number(n, classes) for n in received]
    names = [None if number is None else classes[number] for number in numbers]
    parts = {
        "twice": sorted({name for name in names if name and names.count(name) > 1}),
        "no class of the table": [
            "" if is_missing(label) else str(label)
            for label, number in zip(received, numbers, strict=True)
            if number is None
        ],
        "missing": [name for name in classes if name not in [*names, also]],
    }
    if any(parts.values()):
        unknown, wrong = parts["no class of the table"], parts.items()
        listed = "; ".join(f"{how}: {listing(which)}" for how, which in wrong if which)
        raise InputError(
            sentence(
                f"{where} with {len(received)} {axis}s ({listed})",
                f"one {axis} for each {what}: {listing(classes, 20)}",
                nearest(unknown[0], parts["missing"]) if unknown else "",
            )
        )
    return [name for name in names if name is not None]


def row_costs_of_classes(costs: npt.ArrayLike, rows: int, classes: int) -> FloatArray:
    """Return costs that differ by row, checked.

    Args:
        costs: `[rows, classes]`: what it costs not to decide a row's true class, if
            it is this one; or `[rows, classes, classes]`: as `CostMatrix.costs`.
        rows: How many rows there are.
        classes: How many classes there are.

    Raises:
        InputError: The shape differs, or a cost is not from -1e30 to 1e30.

    Example:
        >>> row_costs_of_classes([[1, 2, 3]], 1, 3).shape
        (1, 3)
    """
    values = floats(costs, "costs")
    shapes = ((rows, classes), (rows, classes, classes))
    if values.shape not in shapes:
        raise InputError(
            sentence(
                f"costs by row of shape {values.shape}",
                f"numbers, {shapes[0]} (of missing each true class) or "
                f"{shapes[1]} (of each decision for each true class)",
            )
        )
    return within_range(values, "costs by row")


def expected_row_costs(probabilities: FloatArray, costs: FloatArray) -> FloatArray:
    """Return the expected cost of each decision if costs differ by row.

    Args:
        probabilities: `[rows, classes]`, calibrated.
        costs: As in `row_costs_of_classes`.

    Returns:
        `[rows, classes]`.

    Example:
        >>> p, missed = np.array([[0.25, 0.75]]), np.array([[4.0, 1.0]])
        >>> expected_row_costs(p, missed).tolist()
        [[0.75, 1.0]]
    """
    if costs.ndim == 3:
        return np.asarray(np.einsum("ij,ijk->ik", probabilities, costs))
    missed = probabilities * costs
    return np.asarray(missed.sum(axis=1, keepdims=True) - missed)


def cheapest(expected: FloatArray, abstain: float | None) -> npt.NDArray[np.int64]:
    """Return the decision of least expected cost, -1 if abstaining costs less.

    Args:
        expected: `[..., classes]`.
        abstain: The cost of abstaining, or None.

    Example:
        >>> cheapest(np.array([[1.0, 2.0], [4.0, 3.0]]), 2.5).tolist()
        [0, -1]
    """
    best = expected.argmin(axis=-1).astype(np.int64)
    if abstain is not None:
        best = np.where(expected.min(axis=-1) > abstain, -1, best)
    return np.asarray(best, np.int64)


def _table(matrix: Any, classes: int) -> FloatArray:
    table = floats(matrix, "costs")
    if table.shape != (classes, classes):
        raise InputError(
            sentence(
                f"a cost matrix of shape {table.shape} for {classes} classes",
                f"({classes}, {classes}): {AXES}",
            )
        )
    return within_range(table, "a cost matrix with costs")


def within_range(costs: FloatArray, what: str = "costs") -> FloatArray:
    """Return costs if sums and ratios of them are finite.

    Args:
        costs: Any shape.
        what: What they are, for messages.

    Raises:
        InputError: One is NaN, or not from -1e30 to 1e30.
    """
    usable = np.abs(costs) <= MOST_COST
    if not usable.all():
        held = ", ".join(f"{value:g}" for value in np.unique(costs[~usable])[:3])
        raise InputError(
            sentence(
                f"{what} of which some are {held}",
                f"numbers from -{MOST_COST:g} to {MOST_COST:g}",
                "Only ratios of costs matter: another unit gives the same decisions.",
            )
        )
    return costs


def _rows(table: FloatArray) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, table.tolist()))


def _of_frame(frame: Any) -> dict[Any, dict[Any, Any]]:
    """Return a data frame as a nested mapping; names that occur twice are refused."""
    truths, decisions = list(frame.index), list(frame.columns)
    for received, axis in ((truths, "row"), (decisions, "column")):
        twice = sorted({str(name) for name in received if received.count(name) > 1})
        if twice:
            raise InputError(
                sentence(
                    f"a cost matrix that names {listing(twice)} in two {axis}s",
                    f"one {axis} for each class",
                )
            )
    values = np.asarray(frame)
    return {
        truth: dict(zip(decisions, line, strict=True))
        for truth, line in zip(truths, values.tolist(), strict=True)
    }


def _rivals(options: FloatArray, place: int) -> FloatArray:
    """Return the costs of the other decisions, without equal ones that come later.

    Of equally cheap decisions the first is taken.
    """
    later = np.arange(len(options)) > place
    same = later & (options == options[place]).all(axis=1)
    return np.delete(options[~same], place, axis=0)


def _can_win(column: FloatArray, others: FloatArray) -> bool:
    """Return whether some probabilities make a decision cheaper than all others.

    Args:
        column: `[classes]` its cost for each true class.
        others: `[others, classes]` the costs of the other decisions.
    """
    margins = others - column
    # Of each truth its own unit: a cost that is much larger than those of another
    # truth, or of abstaining, leaves the differences of the others as they are.
    near = SIMPLEX_ERROR * np.maximum(np.abs(others), np.abs(column))
    if not len(others) or (margins > near).all(axis=0).any():
        return True
    if (margins <= near).all(axis=1).any():
        return False
    margins = np.where(np.abs(margins) <= near, 0.0, margins)
    for axis in (0, 1):
        largest = np.abs(margins).max(axis=axis, keepdims=True)
        margins = margins / np.where(largest > 0, largest, 1.0)
    from scipy.optimize import linprog

    # The largest m with margins @ p >= m for some p on the simplex.
    classes = column.size
    answer = linprog(
        np.append(np.zeros(classes), -1.0),
        A_ub=np.hstack([-margins, np.ones((len(others), 1))]),
        b_ub=np.zeros(len(others)),
        A_eq=np.append(np.ones(classes), 0.0)[None, :],
        b_eq=[1.0],
        bounds=[(0, 1)] * classes + [(None, None)],
    )
    return answer.x is not None and bool(answer.x[-1] > SIMPLEX_ERROR)
