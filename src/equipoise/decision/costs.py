# SPDX-License-Identifier: Apache-2.0
"""What errors cost, and the thresholds that follow from costs alone.

Elkan (2001), The foundations of cost-sensitive learning: the best decision compares a
calibrated probability with a threshold that depends on nothing but the costs.
Zadrozny and Elkan (2001): costs that differ by row give each row its own threshold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import MOST_COST, cost_number, sentence
from equipoise._core.numerals import exact
from equipoise._core.types import FloatArray
from equipoise.decision.cost_matrix import CostMatrix, cost_matrix, within_range
from equipoise.errors import InputError, InputTypeError


@dataclass(frozen=True)
class Costs:
    """The cost of each outcome of one row, in any one unit.

    With calibrated probability p, flagging costs p `tp` + (1 - p) `fp` and not
    flagging costs p `fn` + (1 - p) `tn`, so flagging is the cheaper from
    t = (fp - tn) / ((fp - tn) + (fn - tp)) on (Elkan 2001, eq. 2).

    Attributes:
        fp: A false alarm.
        fn: A missed positive.
        tp: A caught positive; negative for a gain. Below `fn`.
        tn: A negative that is left alone. Below `fp`.
        abstain: A row that is left to somebody else; None if every row must be
            decided.

    Raises:
        InputError: Flagging a positive, or leaving a negative alone, does not pay, so
            that no threshold makes sense; or, with `abstain`, an error costs less
            than a correct decision.

    Example:
        >>> Costs(fp=1, fn=500).threshold
        0.001996007984031936
    """

    fp: float
    fn: float
    tp: float = 0.0
    tn: float = 0.0
    abstain: float | None = None

    def __post_init__(self) -> None:
        for name in ("fp", "fn", "tp", "tn"):
            value = cost_number(getattr(self, name), f"cost {name}")
            object.__setattr__(self, name, value)
        if self.abstain is not None:
            abstain = cost_number(self.abstain, "cost abstain")
            object.__setattr__(self, "abstain", abstain)
        least = 1 / MOST_COST
        if not (self.fp - self.tn >= least and self.fn - self.tp >= least):
            raise InputError(
                sentence(
                    f"costs fp={exact(self.fp)}, tn={exact(self.tn)}, "
                    f"fn={exact(self.fn)}, "
                    f"tp={exact(self.tp)}",
                    f"fp above tn and fn above tp, by {least:g} or more",
                    "Otherwise the same decision is the cheapest for every row.",
                )
            )
        if self.abstain is not None and not (self.fp > self.tp and self.fn > self.tn):
            raise InputError(
                sentence(
                    f"a cost of abstaining, with fp={exact(self.fp)}, "
                    f"tp={exact(self.tp)}, "
                    f"fn={exact(self.fn)}, tn={exact(self.tn)}",
                    "fp above tp and fn above tn: errors that cost more than correct "
                    "decisions",
                )
            )

    @property
    def threshold(self) -> float:
        """The probability from which flagging costs less, in (0, 1)."""
        alarm, miss = self.fp - self.tn, self.fn - self.tp
        return alarm / (alarm + miss)

    @property
    def log_odds(self) -> float:
        """The same in log-odds: log((fp - tn) / (fn - tp))."""
        return math.log((self.fp - self.tn) / (self.fn - self.tp))

    def band(self) -> tuple[float, float] | None:
        """Return the probabilities between which abstaining is the cheapest.

        Abstaining beats not flagging above (a - tn) / (fn - tn) and beats
        flagging below (fp - a) / (fp - tp) (Chow 1970, for unequal costs).

        Returns:
            (low, high) with 0 <= low < high <= 1, or None if it never pays.

        Example:
            >>> Costs(fp=1, fn=9, abstain=0.5).band()
            (0.05555555555555555, 0.5)
            >>> Costs(fp=1, fn=9, abstain=0.95).band() is None
            True
        """
        a = self.abstain
        if a is None:
            return None
        # Abstaining is a horizontal line under the two others, which cross at t.
        t = self.threshold
        if a >= t * self.tp + (1 - t) * self.fp:
            return None
        low = (a - self.tn) / (self.fn - self.tn)
        high = (self.fp - a) / (self.fp - self.tp)
        return max(low, 0.0), min(high, 1.0)

    def per_row(self, p: npt.ArrayLike, flag: npt.ArrayLike) -> FloatArray:
        """Return the expected cost of each row's decision.

        Args:
            p: Calibrated probabilities, any shape.
            flag: 1 flagged, 0 not, -1 abstained, of the same shape.
        """
        q, d = np.asarray(p, np.float64), np.asarray(flag)
        decided = np.where(
            d == 1, q * self.tp + (1 - q) * self.fp, q * self.fn + (1 - q) * self.tn
        )
        other = math.nan if self.abstain is None else self.abstain
        return np.asarray(np.where(d == -1, other, decided))

    @staticmethod
    def matrix(
        classes: Sequence[str], matrix: Any, abstain: float | None = None
    ) -> CostMatrix:
        """Return the costs of several classes; see `cost_matrix`.

        Args:
            classes: The table's, in its order.
            matrix: The cost of each decision (column) for each true class (row).
            abstain: The cost of leaving a row undecided, or None.

        Example:
            >>> Costs.matrix(("a", "b"), [[0, 1], [9, 0]]).decide([0.8, 0.2]).item()
            1
        """
        return cost_matrix(classes, matrix, abstain)

    @classmethod
    def of_matrix(cls, matrix: CostMatrix) -> Costs:
        """Return the costs of two classes that are given as a matrix.

        Args:
            matrix: Of two classes, the negative and then the positive one.

        Raises:
            InputError: It has more classes; or as `Costs`.

        Example:
            >>> Costs.of_matrix(Costs.matrix(("no", "yes"), [[0, 1], [9, 0]])).threshold
            0.1
        """
        if len(matrix.classes) != 2:
            raise InputError(
                sentence(
                    f"a cost matrix of {len(matrix.classes)} classes for two classes",
                    "a matrix [2, 2]",
                )
            )
        (tn, fp), (fn, tp) = matrix.costs
        return cls(fp, fn, tp, tn, matrix.abstain)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def row_thresholds(
    fp: npt.ArrayLike,
    fn: npt.ArrayLike,
    tp: npt.ArrayLike = 0.0,
    tn: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Return the threshold of each row in log-odds, for costs that differ by row.

    Flag a row if its calibrated log-odds reach log((fp - tn) / (fn - tp)).

    Args:
        fp: Cost of a false alarm, one number or one per row; likewise the others.
        fn: Cost of a miss, above `tp`.
        tp: Cost of a caught positive.
        tn: Cost of a negative left alone, below `fp`.

    Raises:
        InputError: A row has fp <= tn or fn <= tp, or the costs are not of one length.

    Example:
        >>> row_thresholds(1.0, [1.0, 99.0]).round(3).tolist()
        [0.0, -4.595]
    """
    sides = [floats(value, "costs") for value in (fp, tn, fn, tp)]
    if len({side.shape for side in sides if side.ndim}) > 1:
        raise InputError(
            sentence(
                f"costs of the shapes {sorted({side.shape for side in sides})}",
                "numbers, or one cost per row",
            )
        )
    with np.errstate(over="ignore", invalid="ignore"):
        alarm, miss = sides[0] - sides[1], sides[2] - sides[3]
    sound = (alarm > 0).all() and (miss > 0).all()
    if not (sound and np.isfinite(alarm).all() and np.isfinite(miss).all()):
        raise InputError(
            sentence(
                "costs with fp <= tn or fn <= tp in some row, or that are not finite",
                "finite costs with fp > tn and fn > tp in every row",
            )
        )
    return np.asarray(np.log(alarm) - np.log(miss))


RowCosts = Mapping[str, FloatArray]
"""By outcome ("fp", "fn", "tp", "tn"): `[rows]` what it costs."""


def row_costs(options: Mapping[str, Any], shape: tuple[int, ...]) -> RowCosts:
    """Return the costs of each row, checked.

    Args:
        options: `fp`, `fn` and perhaps `tp` and `tn`, one number or one per row.
        shape: Of the labels.

    Raises:
        InputTypeError: A cost is missing or unknown.
        InputError: A cost has another shape, or is not from -1e30 to 1e30.

    Example:
        >>> row_costs({"fp": 1.0, "fn": [2.0, 3.0]}, (2,))["fp"].tolist()
        [1.0, 1.0]
    """
    names = ("fp", "fn", "tp", "tn")
    if unknown := set(options) - set(names):
        raise InputTypeError(
            sentence(f"costs by row with {sorted(unknown)}", "fp, fn, tp and tn")
        )
    if missing := {"fp", "fn"} - set(options):
        raise InputTypeError(
            sentence(f"objective='cost' without {sorted(missing)}", "fp= and fn=")
        )
    costs = {}
    for name in names:
        column = floats(options.get(name, 0.0), f"costs {name}")
        if column.shape not in ((), shape):
            raise InputError(
                sentence(
                    f"cost {name} of shape {column.shape}",
                    f"one number, or one per row {shape}",
                )
            )
        costs[name] = np.broadcast_to(within_range(column, f"costs {name}"), shape)
    return costs
