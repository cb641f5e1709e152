# SPDX-License-Identifier: Apache-2.0
"""Thresholds, searched over the scores themselves.

A row is flagged where score >= threshold. Every cut between two neighbouring
distinct scores is a candidate, after one sort: never a grid. The threshold lies
midway between the two scores, so with log-odds it is midway in log-odds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, one_of, sentence
from equipoise._core.types import FloatArray, IntArray
from equipoise.decision.decimals import json_number
from equipoise.decision.objectives import ROUNDING, Objective, as_objective
from equipoise.decision.rows import (
    ScoredRows,
    check_rows,
    check_score_column,
    doubt_log_odds,
)
from equipoise.errors import InputError, InputTypeError

_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Threshold:
    """A threshold and what it did on the rows that chose it.

    What it achieved there flatters it: evaluate it on other rows.

    Attributes:
        value: On the scale of the scores; +inf flags no row and -inf every row.
        objective: What was sought, by name.
        achieved: The objective on the choosing rows (for "cost" the cost per row,
            for "capacity" the share flagged, for a floor the floored metric).
        precision: On the choosing rows; NaN where no row is flagged.
        recall: On the choosing rows; NaN without positives.
        flagged: The share of the choosing rows that is flagged.
        rows: How many rows chose it.
        positives: How many of them were positive.
        basis: "estimated": chosen on labelled rows; "analytic": follows from the
            costs, and is right where the probabilities are.
        options: What the objective was built with.
        reason: Why the wish could not be met; empty where it was.
    """

    value: float
    objective: str
    achieved: float
    precision: float
    recall: float
    flagged: float
    rows: int
    positives: int
    basis: str = "estimated"
    options: tuple[tuple[str, Any], ...] = ()
    reason: str = ""

    def flag(self, score: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return whether each score reaches the threshold, of the same shape.

        Args:
            score: `[rows]` on the scale on which the threshold was chosen.
        """
        s = np.asarray(score, np.float64)
        return np.asarray((s >= self.value) & (self.value < math.inf))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON keeps."""
        numbers = {
            k: json_number(v) for k, v in asdict(self).items() if isinstance(v, float)
        }
        return {**asdict(self), **numbers, "options": dict(self.options)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Threshold:
        """Rebuild a threshold from `to_dict`.

        Args:
            data: What `to_dict` gave.
        """
        names = ("value", "achieved", "precision", "recall", "flagged")
        numbers = {name: float(data[name]) for name in names}
        options = tuple(dict(data["options"]).items())
        return cls(**{**data, **numbers, "options": options})


def choose_threshold(
    score: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    objective: str | Objective = "f1",
    weights: npt.ArrayLike | None = None,
    method: str = "auto",
    **options: Any,
) -> Threshold:
    """Choose the threshold that is best on these rows, in O(n log n).

    Of equally good thresholds the highest is taken. Tied scores stay together.

    Args:
        score: `[rows]`, higher is more positive; log-odds, for a midpoint that
            means something and for the analytic threshold of costs.
        y: `[rows]` of 0 and 1.
        objective: A name, see `objectives.objective`, or a ready `Objective`.
        weights: `[rows]`; a weight of w means w copies, 0 means absent.
        method: For "cost": "analytic" (what "auto" takes) needs calibrated
            log-odds and looks at no label; "empirical" minimises the cost of
            these rows. For others only "auto" and "empirical".
        **options: Of the objective, for example `floor=0.8` or `fp=1, fn=20`.
            `fp` and `fn` may be arrays, one cost per row; the best common
            threshold is then searched (`costs.row_thresholds` gives each row its
            own, which is cheaper where the probabilities are calibrated).

    Returns:
        The threshold. Where the wish cannot be met (a precision floor above all
        that occurs) it flags nothing, and `reason` says so.

    Raises:
        InputError: Lengths differ, a score is NaN, or an option is out of range.
        InputTypeError: An option is missing or unknown.

    Warns:
        EquipoiseWarning: Log-odds are needed, and the scores look like probabilities.

    Example:
        >>> choose_threshold([-3.0, -1.0, 0.0, 2.0], [0, 0, 1, 1]).value
        -0.5
    """
    rows = check_rows(score, y, weights)
    goal, gain = _goal(objective, options, rows.y)
    analytic = _analytic(goal, gain, method)
    ranked = _rank(rows.score, rows.y, goal, gain)
    counts = rows.weights[ranked.order][None, :]
    if analytic is not None:
        doubt_log_odds(rows)
        value, reason = analytic, ""
    else:
        ends, values = _best(ranked, counts, goal, gain)
        value = _between(ranked, counts[0], int(ends[0]))
        reason = "" if not math.isnan(values[0]) else _unmet(goal, rows.positives)
    basis = "estimated" if analytic is None else "analytic"
    return _threshold(rows, float(value), goal, gain, options, basis, reason)


def _threshold(
    rows: ScoredRows,
    value: float,
    goal: Objective,
    gain: FloatArray | None,
    options: Mapping[str, Any],
    basis: str,
    reason: str,
) -> Threshold:
    """Return the threshold with what it does on the choosing rows."""
    flagged = (rows.score >= value) & (value < math.inf)
    tp = float(rows.weights @ (rows.y * flagged))
    total = float(rows.weights @ flagged)
    size = rows.positives + rows.negatives
    if gain is None:
        known = (tp, total - tp, rows.positives, rows.negatives)
        achieved = float((goal.report or goal.value)(*map(np.asarray, known)))
    else:
        achieved = _example_cost(options, rows.y, rows.weights, flagged)
    present = rows.weights > 0
    return Threshold(
        value,
        goal.name,
        achieved,
        tp / total if total else math.nan,
        tp / rows.positives if rows.positives else math.nan,
        total / size if size else math.nan,
        int(present.sum()),
        int((present & (rows.y == 1)).sum()),
        basis,
        goal.options,
        reason,
    )


def choose_threshold_many(
    score: npt.ArrayLike,
    y: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    objective: str | Objective = "f1",
    method: str = "auto",
    chunk: int = 2**23,
    **options: Any,
) -> FloatArray:
    """Choose a threshold for many weightings of the same rows, over one sort.

    Row b equals `choose_threshold(score, y, weights=counts[b], ...).value`.

    Args:
        score: `[rows]`.
        y: `[rows]` of 0 and 1.
        counts: `[replicates, rows]`, at least 0: bootstrap multiplicities, or
            these times weights.
        objective: As in `choose_threshold`.
        method: As in `choose_threshold`.
        chunk: How many numbers of `counts` are held sorted at once; memory is
            about 16 bytes each.
        **options: As in `choose_threshold`.

    Returns:
        `[replicates]` thresholds.

    Raises:
        InputError: As `choose_threshold`, or `counts` has another shape.

    Example:
        >>> choose_threshold_many([0.0, 1.0, 2.0], [0, 1, 1], [[1, 1, 1], [1, 0, 2]])
        array([0.5, 1. ])
    """
    integer(chunk, "chunk", 1)
    rows = check_rows(score, y)
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] != rows.score.size:
        raise InputError(
            sentence(
                f"counts of shape {table.shape}",
                f"[replicates, {rows.score.size}]",
            )
        )
    goal, gain = _goal(objective, options, rows.y)
    analytic = _analytic(goal, gain, method)
    if analytic is not None:
        return np.full(len(table), analytic)
    ranked = _rank(rows.score, rows.y, goal, gain)
    out = np.empty(len(table))
    step = max(1, chunk // max(1, rows.score.size))
    for first in range(0, len(table), step):
        part = table[first : first + step][:, ranked.order].astype(np.float64)
        ends, _ = _best(ranked, part, goal, gain)
        out[first : first + step] = [
            _between(ranked, line, int(end))
            for line, end in zip(part, ends, strict=True)
        ]
    return out


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Rows sorted by falling score, and the cuts that are candidates.

    `ends[c]` rows are above cut c; no cut divides tied scores.
    """

    order: IntArray
    score: FloatArray
    positive: IntArray
    ends: IntArray
    gain: FloatArray | None


def _rank(
    score: FloatArray, y: FloatArray, goal: Objective, gain: FloatArray | None
) -> _Ranked:
    order = np.argsort(-score, kind="stable")
    s, labels = score[order], y[order]
    ends = np.append(np.flatnonzero(s[1:] != s[:-1]) + 1, s.size)
    positive = np.flatnonzero(labels == 1)
    if goal.at_positives and gain is None:
        # Below a positive's group only false alarms come before the next one.
        ends = np.unique(ends[np.searchsorted(ends, positive, side="right")])
    ends = np.unique(np.append(0, ends))
    return _Ranked(order, s, positive, ends, None if gain is None else gain[order])


def _best(
    ranked: _Ranked, counts: FloatArray, goal: Objective, gain: FloatArray | None
) -> tuple[IntArray, FloatArray]:
    """Return how many sorted rows to flag, and the objective there: `[replicates]`."""
    if gain is not None and ranked.gain is not None:
        values = _cumulated(counts * ranked.gain, ranked.ends)
    else:
        above = np.concatenate(
            [
                np.zeros((len(counts), 1)),
                np.cumsum(counts[:, ranked.positive], axis=1),
            ],
            axis=1,
        )
        tp = above[:, np.searchsorted(ranked.positive, ranked.ends)]
        flagged = _cumulated(counts, ranked.ends)
        positives = above[:, -1:]
        negatives = counts.sum(axis=1, keepdims=True) - positives
        values = goal.value(tp, flagged - tp, positives, negatives)
    met = np.where(np.isnan(values), -math.inf, values)
    top = met.max(axis=1, keepdims=True)
    # Values that differ by rounding only are equal: the first, highest, is taken.
    best = np.argmax((met == top) | (met >= top - ROUNDING * np.abs(top)), axis=1)
    return ranked.ends[best], values[np.arange(len(values)), best]


def _cumulated(values: FloatArray, ends: IntArray) -> FloatArray:
    """Sum the rows above each cut: `[replicates, cuts]`; the first cut has none."""
    zero = np.zeros((len(values), 1))
    if len(ends) == 1:
        return zero
    parts = np.add.reduceat(values[:, : ends[-1]], ends[:-1], axis=1)
    return np.concatenate([zero, np.cumsum(parts, axis=1)], axis=1)


def _between(ranked: _Ranked, counts: FloatArray, end: int) -> float:
    """Return the threshold midway around a cut, among the rows that are present."""
    present = counts > 0
    above = np.flatnonzero(present[:end])
    if not above.size:
        return math.inf
    upper = float(ranked.score[above[-1]])
    if not present[end:].any():
        return -math.inf
    lower = float(ranked.score[end + int(np.argmax(present[end:]))])
    if upper == math.inf:
        # Infinity flags nothing, so it cannot be the threshold that flags this row.
        return _LARGEST
    middle = lower + (upper - lower) / 2
    # Neighbouring floats, and minus infinity, have nothing between them.
    return middle if lower < middle <= upper else upper


def _goal(
    given: str | Objective, options: dict[str, Any], y: FloatArray
) -> tuple[Objective, FloatArray | None]:
    """Return the objective; for costs by row also what flagging a row gains."""
    if options.get("abstain") is not None:
        raise InputError(
            sentence(
                f"abstain={options['abstain']:g} for one threshold",
                "costs of the two decisions alone",
                "A rule that leaves rows undecided has two thresholds: make_rule.",
            )
        )
    by_row = given == "cost" and any(np.ndim(v) for v in options.values())
    if not by_row:
        return as_objective(given, options), None
    costs = _row_costs(options, y.shape)
    # The objective carries the words only: the gains are what is summed.
    words = as_objective("cost", {"fp": 1.0, "fn": 1.0})
    named = Objective("cost", "the lowest cost (by row)", words.value)
    gain = np.where(y == 1, costs["fn"] - costs["tp"], costs["tn"] - costs["fp"])
    return named, gain


def _row_costs(
    options: Mapping[str, Any], shape: tuple[int, ...]
) -> dict[str, FloatArray]:
    if unknown := set(options) - {"fp", "fn", "tp", "tn"}:
        raise InputTypeError(
            sentence(f"costs by row with {sorted(unknown)}", "fp, fn, tp and tn")
        )
    if missing := {"fp", "fn"} - set(options):
        raise InputTypeError(
            sentence(f"objective='cost' without {sorted(missing)}", "fp=..., fn=...")
        )
    out = {}
    for name in ("fp", "fn", "tp", "tn"):
        column = np.asarray(options.get(name, 0.0), np.float64)
        if column.shape not in ((), shape) or not np.isfinite(column).all():
            raise InputError(
                sentence(
                    f"cost {name} of shape {column.shape}, or not finite",
                    f"one finite number, or one per row {shape}",
                )
            )
        out[name] = np.broadcast_to(column, shape)
    return out


def _example_cost(
    options: Mapping[str, Any],
    y: FloatArray,
    weights: FloatArray,
    flagged: npt.NDArray[np.bool_],
) -> float:
    cost = _row_costs(options, y.shape)
    each = np.where(
        y == 1,
        np.where(flagged, cost["tp"], cost["fn"]),
        np.where(flagged, cost["fp"], cost["tn"]),
    )
    total = float(weights.sum())
    return float(weights @ each) / total if total else math.nan


def _analytic(goal: Objective, gain: FloatArray | None, method: str) -> float | None:
    """Return the threshold that follows from the costs, or None to search."""
    one_of(method, ["auto", "analytic", "empirical"], "method")
    if method == "analytic" and (goal.costs is None or gain is not None):
        raise InputError(
            sentence(
                f"method='analytic' for objective={goal.name!r}",
                "one cost matrix for all rows",
                "Use method='empirical', or costs.row_thresholds for costs by row.",
            )
        )
    if goal.costs is None or gain is not None or method == "empirical":
        return None
    return goal.costs.log_odds


def _unmet(goal: Objective, positives: float) -> str:
    if not positives:
        return "no positives among the choosing rows"
    return f"no threshold on these rows gives {goal.words}"


def flag(score: npt.ArrayLike, threshold: float) -> npt.NDArray[np.bool_]:
    """Return score >= threshold, where a threshold of +inf flags nothing.

    Args:
        score: `[rows]`.
        threshold: On the same scale.

    Example:
        >>> flag([0.0, 1.0, float("inf")], 1.0).tolist()
        [False, True, True]
        >>> flag([float("inf")], float("inf")).tolist()
        [False]
    """
    return np.asarray((check_score_column(score) >= threshold) & (threshold < math.inf))
