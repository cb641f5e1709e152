# SPDX-License-Identifier: Apache-2.0
"""Thresholds, searched over the scores themselves.

A row is flagged if score >= threshold. After one sort, every cut between two
neighbouring distinct scores is a candidate: never a grid. The threshold lies midway
between the two scores, so for log-odds it is midway in log-odds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, one_of, sentence
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.costs import RowCosts, row_costs
from equipoise.decision.decimals import json_number
from equipoise.decision.objectives import ROUNDING, Objective, as_objective
from equipoise.decision.rows import (
    ScoredRows,
    check_rows,
    check_score_column,
    doubt_log_odds,
)
from equipoise.errors import InputError

_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Threshold:
    """A threshold and what it did on the rows that chose it.

    What it achieved there flatters it: evaluate it on other rows.

    Attributes:
        value: On the scale of the scores; +inf flags no row and -inf every row.
        objective: What it is best at, by name.
        achieved: The objective on the choosing rows (for "cost" the cost per row,
            for "capacity" the share flagged, for a floor the floored metric).
        precision: On the choosing rows; NaN if no row is flagged.
        recall: On the choosing rows; NaN without positives.
        flagged: The share of the choosing rows that is flagged.
        rows: How many rows chose it.
        positives: How many of them were positive.
        basis: "estimated": chosen on labelled rows; "analytic": follows from the
            costs, and is right if the probabilities are.
        options: What the objective was built with.
        reason: Why no threshold meets the objective; empty if one does.
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
    doubt: bool = True,
    **options: Any,
) -> Threshold:
    """Choose the threshold that is best on these rows, in O(n log n).

    Of equally good thresholds the highest is taken. Tied scores stay together.

    If the probabilities are calibrated, some of the best thresholds are known: for
    costs that of Elkan (2001, eq. 2), for F1 half of the best F1 (Lipton, Elkan and
    Naryanaswamy 2014), for balanced accuracy the prevalence. Only the first is used
    without looking at labels; the others are searched, since they hold for the
    expected metric, not for the metric of these rows.

    Args:
        score: `[rows]`, higher is more positive; log-odds, for a midpoint that
            means something and for the analytic threshold of costs.
        y: `[rows]` of 0 and 1.
        objective: A name, see `objectives.objective`, or a ready `Objective`.
        weights: `[rows]`; a weight of w means w copies, 0 means absent.
        method: For "cost": "analytic" (what "auto" means) needs calibrated log-odds
            and uses no label; "empirical" minimises the cost of these rows. For
            other objectives "auto" means "empirical", and "analytic" is refused.
        doubt: Whether to warn if log-odds that are needed look like probabilities.
        **options: Of the objective, for example `floor=0.8` or `fp=1, fn=20`.
            `fp` and `fn` may be arrays, one cost per row; the best common
            threshold is then searched (`costs.row_thresholds` gives each row its
            own, which is cheaper if the probabilities are calibrated).

    Returns:
        The threshold. If none meets the objective (a precision floor above every
        precision that occurs), it flags nothing, and `reason` says so.

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
    search = _search(objective, options, rows.y)
    analytic = search.analytic(method)
    if analytic is not None:
        if doubt:
            doubt_log_odds(rows)
        return _threshold(rows, analytic, search, basis="analytic")
    ranked = _rank(rows.score, rows.y, search)
    counts = rows.weights[ranked.order][None, :]
    ends, values = _best(ranked, counts, search)
    value = _between(ranked, counts[0], int(ends[0]))
    reason = _unmet(search.goal, rows.positives) if math.isnan(values[0]) else ""
    return _threshold(rows, value, search, reason=reason)


def _threshold(
    rows: ScoredRows,
    value: float,
    search: _Search,
    *,
    basis: str = "estimated",
    reason: str = "",
) -> Threshold:
    """Return the threshold with what it does on the choosing rows."""
    flagged = (rows.score >= value) & (value < math.inf)
    tp = float(rows.weights @ (rows.y * flagged))
    total = float(rows.weights @ flagged)
    size = rows.positives + rows.negatives
    present = rows.weights > 0
    return Threshold(
        value=value,
        objective=search.goal.name,
        achieved=search.achieved(rows, flagged, tp, total - tp),
        precision=tp / total if total else math.nan,
        recall=tp / rows.positives if rows.positives else math.nan,
        flagged=total / size if size else math.nan,
        rows=int(present.sum()),
        positives=int((present & (rows.y == 1)).sum()),
        basis=basis,
        options=search.goal.options,
        reason=reason,
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
    search = _search(objective, options, rows.y)
    analytic = search.analytic(method)
    if analytic is not None:
        return np.full(len(table), analytic)
    ranked = _rank(rows.score, rows.y, search)
    out = np.empty(len(table))
    step = max(1, chunk // max(1, rows.score.size))
    for first in range(0, len(table), step):
        part = table[first : first + step][:, ranked.order].astype(np.float64)
        ends, _ = _best(ranked, part, search)
        out[first : first + step] = [
            _between(ranked, line, int(end))
            for line, end in zip(part, ends, strict=True)
        ]
    return out


@dataclass(frozen=True, eq=False)
class _Search:
    """What is searched for: the best value of an objective, or the lowest cost by row.

    Attributes:
        goal: The objective.
        costs: By outcome, `[rows]` what each row costs; None if all cost the same.
        gain: `[rows]` what flagging each row saves; None likewise.
    """

    goal: Objective
    costs: RowCosts | None = None
    gain: FloatArray | None = None

    def analytic(self, method: str) -> float | None:
        """Return the threshold that follows from the costs, or None to search."""
        one_of(method, ["auto", "analytic", "empirical"], "method")
        costs = None if self.costs is not None else self.goal.costs
        if method == "analytic" and costs is None:
            raise InputError(
                sentence(
                    f"method='analytic' for objective={self.goal.name!r}",
                    "one cost matrix for all rows",
                    "Use method='empirical', or costs.row_thresholds for costs by row.",
                )
            )
        return None if costs is None or method == "empirical" else costs.log_odds

    def achieved(
        self, rows: ScoredRows, flagged: BoolArray, tp: float, fp: float
    ) -> float:
        """Return the objective, or the cost per row, where some rows are flagged."""
        if self.costs is None:
            totals = (tp, fp, rows.positives, rows.negatives)
            report = self.goal.report or self.goal.value
            return float(report(*map(np.asarray, totals)))
        cost = self.costs
        each = np.where(
            rows.y == 1,
            np.where(flagged, cost["tp"], cost["fn"]),
            np.where(flagged, cost["fp"], cost["tn"]),
        )
        total = float(rows.weights.sum())
        return float(rows.weights @ each) / total if total else math.nan


def _search(
    objective: str | Objective, options: dict[str, Any], y: FloatArray
) -> _Search:
    if options.get("abstain") is not None:
        raise InputError(
            sentence(
                f"abstain={options['abstain']:g} for one threshold",
                "the costs of the two decisions only",
                "A rule that leaves rows undecided has two thresholds: make_rule.",
            )
        )
    by_row = objective == "cost" and any(np.ndim(v) for v in options.values())
    if not by_row:
        return _Search(as_objective(objective, options))
    costs = row_costs(options, y.shape)
    # The objective only names the search: what is summed are the gains.
    value = as_objective("cost", {"fp": 1.0, "fn": 1.0}).value
    goal = Objective("cost", "the lowest cost (by row)", value)
    gain = np.where(y == 1, costs["fn"] - costs["tp"], costs["tn"] - costs["fp"])
    return _Search(goal, costs, gain)


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Rows sorted by falling score, and the cuts that are candidates.

    `ends[c]` rows are above cut c; no cut divides tied scores.
    """

    order: IntArray
    score: FloatArray
    positive: IntArray
    ends: IntArray


def _rank(score: FloatArray, y: FloatArray, search: _Search) -> _Ranked:
    order = np.argsort(-score, kind="stable")
    s, labels = score[order], y[order]
    ends = np.append(np.flatnonzero(s[1:] != s[:-1]) + 1, s.size)
    positive = np.flatnonzero(labels == 1)
    if search.goal.at_positives and search.gain is None:
        # Below a positive's group only false alarms come before the next one.
        ends = np.unique(ends[np.searchsorted(ends, positive, side="right")])
    ends = np.unique(np.append(0, ends))
    return _Ranked(order, s, positive, ends)


def _best(
    ranked: _Ranked, counts: FloatArray, search: _Search
) -> tuple[IntArray, FloatArray]:
    """Return how many sorted rows to flag, and the objective there: `[replicates]`."""
    if search.gain is not None:
        values = _cumulated(counts * search.gain[ranked.order], ranked.ends)
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
        values = search.goal.value(tp, flagged - tp, positives, negatives)
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


def _unmet(goal: Objective, positives: float) -> str:
    if not positives:
        return "there is no positive among the choosing rows"
    return f"no threshold on these rows gives {goal.words}"


def flag(score: npt.ArrayLike, threshold: float) -> npt.NDArray[np.bool_]:
    """Return score >= threshold; a threshold of +inf flags nothing.

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
