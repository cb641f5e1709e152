# SPDX-License-Identifier: Apache-2.0
"""What errors cost, and the thresholds that follow from costs alone."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise._core.numerals import exact
from equipoise._core.types import FloatArray
from equipoise.errors import InputError


@dataclass(frozen=True)
class Costs:
    """The cost of each outcome of one row, in any one unit.

    With calibrated probability p, flagging costs p `tp` + (1 - p) `fp` and not
    flagging costs p `fn` + (1 - p) `tn`, so flagging is the cheaper from
    t = (fp - tn) / ((fp - tn) + (fn - tp)) upwards (Elkan 2001, eq. 2).

    Attributes:
        fp: A false alarm.
        fn: A missed positive.
        tp: A caught positive; negative for a gain. Below `fn`.
        tn: A negative that is left alone. Below `fp`.
        abstain: A row that is handed to somebody else; None where every row must
            be decided.

    Raises:
        InputError: Flagging a positive or leaving a negative alone does not pay,
            so that no threshold makes sense; or, with `abstain`, an error is
            cheaper than a right answer.

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
            object.__setattr__(self, name, number(getattr(self, name), f"cost {name}"))
        if self.abstain is not None:
            object.__setattr__(self, "abstain", number(self.abstain, "cost abstain"))
        if not (self.fp > self.tn and self.fn > self.tp):
            raise InputError(
                sentence(
                    f"costs fp={exact(self.fp)}, tn={exact(self.tn)}, "
                    f"fn={exact(self.fn)}, "
                    f"tp={exact(self.tp)}",
                    "fp above tn and fn above tp",
                    "Otherwise one answer is right for every row.",
                )
            )
        if self.abstain is not None and not (self.fp > self.tp and self.fn > self.tn):
            raise InputError(
                sentence(
                    f"a cost of abstaining, with fp={exact(self.fp)}, "
                    f"tp={exact(self.tp)}, "
                    f"fn={exact(self.fn)}, tn={exact(self.tn)}",
                    "fp above tp and fn above tn: errors dearer than right answers",
                )
            )

    @property
    def threshold(self) -> float:
        """The probability from which flagging is the cheaper, in (0, 1)."""
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
            (low, high) with 0 <= low < high <= 1, or None where it never pays.

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

    Flag a row where its calibrated log-odds reach log((fp - tn) / (fn - tp)).

    Args:
        fp: Cost of a false alarm, one number or one per row; likewise the others.
        fn: Cost of a miss, above `tp`.
        tp: Cost of a caught positive.
        tn: Cost of a negative left alone, below `fp`.

    Raises:
        InputError: A row where fp <= tn or fn <= tp.

    Example:
        >>> row_thresholds(1.0, [1.0, 99.0]).round(3).tolist()
        [0.0, -4.595]
    """
    alarm = np.asarray(fp, np.float64) - np.asarray(tn, np.float64)
    miss = np.asarray(fn, np.float64) - np.asarray(tp, np.float64)
    sound = (alarm > 0).all() and (miss > 0).all()
    if not (sound and np.isfinite(alarm).all() and np.isfinite(miss).all()):
        raise InputError(
            sentence(
                "rows whose costs do not have fp > tn and fn > tp, or are not finite",
                "such costs",
            )
        )
    return np.asarray(np.log(alarm) - np.log(miss))
