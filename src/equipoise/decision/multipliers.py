# SPDX-License-Identifier: Apache-2.0
"""Class multipliers: decide the class with the largest a_k p_k, for the best a.

For accuracy a_k = 1 and for balanced accuracy a_k = 1 / pi_k are best at any calibrated
probabilities. For macro-F1 and the geometric mean of the recalls the best multipliers
depend on how well the classes are separated, so they are searched: one class at a time,
over all cuts between the rows, until no class gains.

What is searched on few rows is too extreme. So it is held back, by as much as does best
on rows left out: in logarithms, a factor of the searched multipliers, and the rest of a
power of 1 / share. With the factor 0 and the power 0 all multipliers are 1. In
simulations of 3 to 10 classes and 60 to 1,000 rows this is as good as the best of the
plain probabilities, the balanced and the searched multipliers, or better.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from equipoise._core.types import FloatArray, IntArray
from equipoise.decision.class_rows import ClassRows

Terms = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""(true positives, rows decided, rows of the class) -> what the class adds to the
objective; elementwise."""

SWEEPS = 30
STARTS = (0.0, 0.5, 1.0)
"""Where the search begins, as a share of the logarithms of 1 / share."""

MANY = 5_000
"""Beginnings are compared on about so many rows."""

FACTORS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""How far multipliers go from those that follow from the shares to the searched ones,
in logarithms."""

BALANCES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Powers of 1 / share that the searched multipliers may be held back towards."""

FARTHEST = math.log(1e6)
"""No multiplier is moved by more than a factor of a million at once."""

ENOUGH = 1e-5
"""A sweep over the classes that gains less than this per class is the last."""

ROUNDING = 1e-12
NO_RECALL = -50.0
"""The logarithm that stands for that of a recall of 0."""


class Multipliers(NamedTuple):
    """Multipliers of the classes' probabilities.

    Attributes:
        logs: `[classes]` their logarithms; weighted by the classes' shares they sum to
            0, and a class without rows has 0.
        factor: The share of those that were searched.
        balance: The power of 1 / share that makes up the rest.
    """

    logs: FloatArray
    factor: float = 1.0
    balance: float = 0.0


def f1_terms(tp: FloatArray, decided: FloatArray, total: FloatArray) -> FloatArray:
    """Return the F1 of classes; 0 where nothing is decided.

    Args:
        tp: Rows decided to be of the class that are.
        decided: Rows decided to be of it.
        total: Rows of it.

    Example:
        >>> f1_terms(np.array([1.0]), np.array([2.0]), np.array([2.0])).tolist()
        [0.5]
    """
    return np.asarray(2 * tp / np.maximum(decided + total, 1e-300))


def recall_logs(tp: FloatArray, decided: FloatArray, total: FloatArray) -> FloatArray:
    """Return the logarithm of the recall of classes, whose sum the G-mean maximises.

    Args:
        tp: Rows decided to be of the class that are.
        decided: Rows decided to be of it.
        total: Rows of it.

    Example:
        >>> float(recall_logs(*(np.array([x]) for x in (1.0, 2.0, 2.0))).round(4)[0])
        -0.6931
    """
    del decided
    share = tp / np.maximum(total, 1e-300)
    return np.where(share > ROUNDING, np.log(np.maximum(share, ROUNDING)), NO_RECALL)


def log_probabilities(p: FloatArray) -> FloatArray:
    """Return logarithms, with a finite one for 0.

    Args:
        p: Any shape, in [0, 1].
    """
    return np.log(np.maximum(p, 1e-300))


def balancing(totals: FloatArray) -> FloatArray:
    """Return the logarithms of 1 / share; 0 for a class without rows.

    Args:
        totals: `[classes]`.

    Example:
        >>> balancing(np.array([2.0, 2.0, 0.0])).tolist()
        [0.0, 0.0, 0.0]
    """
    logs = np.zeros(totals.size)
    present = totals > 0
    logs[present] = -np.log(totals[present] / totals.sum())
    return centred(logs, totals)


def centred(logs: FloatArray, totals: FloatArray) -> FloatArray:
    """Return logarithms of multipliers of which the average row's is 0.

    Multipliers decide alike if all are multiplied by one number. That number matters
    for a class without rows, whose own multiplier is 1 for want of evidence: it must
    be neither favoured nor refused because the others are all large or all small.

    Args:
        logs: `[classes]`.
        totals: `[classes]`.

    Returns:
        `[classes]`, 0 for a class without rows.
    """
    total = float(totals.sum())
    mean = float(totals @ logs) / total if total else 0.0
    return np.where(totals > 0, logs - mean, 0.0)


def class_sums(numbers: IntArray, weights: FloatArray, classes: int) -> FloatArray:
    """Return the class_sums weight of each class, `[classes]`.

    Args:
        numbers: `[rows]` class numbers.
        weights: `[rows]`.
        classes: How many there are.
    """
    return np.bincount(numbers, weights, minlength=classes).astype(np.float64)


def objective_value(
    decisions: IntArray, y: IntArray, weights: FloatArray, terms: Terms, classes: int
) -> float:
    """Return the sum of the terms of the classes that have rows.

    Args:
        decisions: `[rows]` class numbers; -1 counts for no class.
        y: `[rows]` class numbers.
        weights: `[rows]`.
        terms: Of the objective.
        classes: How many there are.
    """
    hit = decisions == y
    on = decisions >= 0
    tp = class_sums(y[hit], weights[hit], classes)
    decided = class_sums(decisions[on], weights[on], classes)
    total = class_sums(y, weights, classes)
    return float(np.where(total > 0, terms(tp, decided, total), 0.0).sum())


def search_multipliers(rows: ClassRows, terms: Terms) -> FloatArray:
    """Search the multipliers that do best on these rows.

    It begins at 1 for all classes, at 1 / share and halfway, and returns the best end.
    With many rows these beginnings are compared on some of them, spread evenly over
    the classes, and the best end is improved on all.

    Args:
        rows: With probabilities as scores.
        terms: Of the objective.

    Returns:
        `[classes]` their logarithms, centred. Where several do equally well they are
        near the start.
    """
    log_p, totals = log_probabilities(rows.scores), rows.totals
    even = balancing(totals)
    starts = [part * even for part in STARTS]
    if rows.y.size > 2 * MANY:
        by_class = np.argsort(rows.y, kind="stable")
        some = np.zeros(rows.y.size, np.bool_)
        some[by_class[:: rows.y.size // MANY]] = True
        starts = [search_multipliers(rows.where(some), terms)]
    best, most = np.zeros(rows.classes), -math.inf
    for start in starts:
        logs, value = _ascend(log_p, rows, totals, terms, start)
        if value > most + ROUNDING * max(abs(value), 1.0):
            best, most = logs, value
    return centred(best, totals)


def fit_multipliers(rows: ClassRows, parts: IntArray, terms: Terms) -> Multipliers:
    """Search multipliers, and hold them back as much as rows left out show.

    Args:
        rows: With probabilities as scores; of positive weight.
        parts: `[rows]` which rows are left out together.
        terms: Of the objective.
    """
    return CrossFit(rows, parts, terms).fit(())


class CrossFit:
    """Multipliers of the same rows without some parts, each searched once."""

    def __init__(self, rows: ClassRows, parts: IntArray, terms: Terms) -> None:
        self._rows, self._parts, self._terms = rows, parts, terms
        self._searched: dict[frozenset[int], FloatArray] = {}

    def fit(self, without: tuple[int, ...]) -> Multipliers:
        """Return the multipliers of the rows outside some parts.

        Args:
            without: Numbers of parts, whose rows are not used.
        """
        parts = [
            part for part in np.unique(self._parts).tolist() if part not in without
        ]
        rows = self._rows.where(~np.isin(self._parts, without))
        logs = self._search(frozenset(without))
        if len(parts) < 2:
            return Multipliers(logs)
        inside = self._parts[~np.isin(self._parts, without)]
        log_p = log_probabilities(rows.scores)
        choices = [(factor, power) for factor in FACTORS for power in BALANCES]
        decisions = np.empty((len(choices), rows.y.size), np.int64)
        for part in parts:
            left, out = self._search(frozenset((*without, part))), inside == part
            even = balancing(rows.where(~out).totals)
            for i, choice in enumerate(choices):
                logs_left = _held_back(left, even, *choice)
                decisions[i, out] = (log_p[out] + logs_left).argmax(axis=1)
        values = np.array(
            [
                objective_value(
                    decided, rows.y, rows.weights, self._terms, rows.classes
                )
                for decided in decisions
            ]
        )
        best = float(values.max())
        # Of equally good ones the first, which is nearest to 1 for all classes.
        factor, power = choices[
            int(np.argmax(values >= best - ROUNDING * max(abs(best), 1.0)))
        ]
        held = _held_back(logs, balancing(rows.totals), factor, power)
        return Multipliers(held, factor, 0.0 if factor == 1 else power)

    def _search(self, without: frozenset[int]) -> FloatArray:
        if without not in self._searched:
            rows = self._rows.where(~np.isin(self._parts, list(without)))
            self._searched[without] = search_multipliers(rows, self._terms)
        return self._searched[without]


def _held_back(
    searched: FloatArray, even: FloatArray, factor: float, power: float
) -> FloatArray:
    return factor * searched + (1 - factor) * power * even


def _ascend(
    log_p: FloatArray,
    rows: ClassRows,
    totals: FloatArray,
    terms: Terms,
    start: FloatArray,
) -> tuple[FloatArray, float]:
    """Improve one multiplier after another until none gains."""
    logs = start.copy()
    scores = log_p + logs
    decisions = scores.argmax(axis=1)
    value = objective_value(decisions, rows.y, rows.weights, terms, rows.classes)
    classes = np.flatnonzero(totals > 0)
    for _ in range(SWEEPS if classes.size > 1 else 0):
        before = value
        for k in classes:
            logs[k], value = _best_cut(int(k), scores, logs[k], rows, totals, terms)
            scores[:, k] = log_p[:, k] + logs[k]
        if value <= before + ENOUGH * classes.size:
            break
    return logs, value


def _best_cut(
    k: int,
    scores: FloatArray,
    log: float,
    rows: ClassRows,
    totals: FloatArray,
    terms: Terms,
) -> tuple[float, float]:
    """Return the best multiplier of one class, and the objective there.

    Args:
        k: The class.
        scores: `[rows, classes]` log-probabilities and logarithms of multipliers.
        log: The present logarithm of its multiplier.
        rows: With the labels and weights.
        totals: `[classes]`.
        terms: Of the objective.
    """
    classes = totals.size
    of_class = scores[:, k] - log
    column = scores[:, k].copy()
    scores[:, k] = -math.inf
    rival = scores.argmax(axis=1)
    # A row is decided to be of class k from this logarithm on.
    level = np.take_along_axis(scores, rival[:, None], 1)[:, 0] - of_class
    scores[:, k] = column
    inside = np.flatnonzero(np.abs(level - log) <= FARTHEST)
    always = level < log - FARTHEST
    y, w = rows.y, rows.weights
    decided = class_sums(rival, w * ~always, classes)
    hits = class_sums(rival, w * (~always & (y == rival)), classes)
    order = inside[np.argsort(level[inside], kind="stable")]
    level, rival, y, w = level[order], rival[order], y[order], w[order]
    # What class k has above each cut, and what its rivals have left.
    hit = w * (y == k)
    first = float(rows.weights @ (always & (rows.y == k)))
    mine = terms(
        first + np.append(0.0, np.cumsum(hit)),
        float(rows.weights @ always) + np.append(0.0, np.cumsum(w)),
        totals[k],
    )
    start = np.where(totals > 0, terms(hits, decided, totals), 0.0)
    start[k] = 0.0
    values = mine + float(start.sum())
    changes = _changes(rival, w, w * (y == rival), hits, decided, totals, terms)
    values[1:] += np.cumsum(changes)
    ends = np.flatnonzero(np.append(level[1:] > level[:-1], level.size > 0)) + 1
    ends = np.append(0, ends)
    best = float(values[ends].max())
    near = ends[values[ends] >= best - ROUNDING * max(abs(best), 1.0)]
    return _nearest_cut(level, near, log), best


def _changes(
    rival: IntArray,
    w: FloatArray,
    hit: FloatArray,
    hits: FloatArray,
    decided: FloatArray,
    totals: FloatArray,
    terms: Terms,
) -> FloatArray:
    """Return by how much each row's rival changes when it loses the row, in turn."""
    order = np.argsort(rival.astype(np.int16), kind="stable")  # a radix sort
    group = rival[order]
    lost, lost_hits = np.cumsum(w[order]), np.cumsum(hit[order])
    first = np.searchsorted(group, group)
    before = np.where(first > 0, lost[first - 1], 0.0)
    before_hits = np.where(first > 0, lost_hits[first - 1], 0.0)
    left = np.maximum(decided[group] - (lost - before), 0.0)
    left_hits = np.maximum(hits[group] - (lost_hits - before_hits), 0.0)
    after = np.where(totals[group] > 0, terms(left_hits, left, totals[group]), 0.0)
    start = np.where(totals > 0, terms(hits, decided, totals), 0.0)
    head = np.arange(group.size) == first
    previous = np.where(head, start[group], np.roll(after, 1))
    changes = np.empty(group.size)
    changes[order] = after - previous
    return changes


def _nearest_cut(level: FloatArray, ends: IntArray, log: float) -> float:
    """Return the logarithm within the equally good cuts that is nearest to a start."""
    low = np.where(ends > 0, level[np.maximum(ends - 1, 0)], -math.inf)
    high = np.where(
        ends < level.size, level[np.minimum(ends, max(level.size - 1, 0))], math.inf
    )
    if ((low < log) & (log < high)).any():
        return log
    distance = np.maximum(np.maximum(low - log, log - high), 0.0)
    i = int(np.argmin(distance))
    if not math.isfinite(low[i]):
        return float(high[i]) - 0.5
    if not math.isfinite(high[i]):
        return float(low[i]) + 0.5
    return float(low[i] + (high[i] - low[i]) / 2)
